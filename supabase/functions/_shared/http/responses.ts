/** What every function needs to answer over HTTP, and to compare secrets without telling them. */
import { createHash, timingSafeEqual } from "node:crypto";
import { type ErrorCode, ERRORS } from "./errors.ts";

export function json(body: unknown, status = 200, headers: HeadersInit = {}): Response {
  return Response.json(body, { status, headers });
}

/** One shape for every refusal; `run_id` is null where no run was begun. */
export function problem(code: ErrorCode, message?: string, runId?: string): Response {
  const { status, message: usual, headers } = ERRORS[code];
  return json({ code, message: message ?? usual, run_id: runId ?? null }, status, headers);
}

/** Compares digests, so neither the length nor the first difference shows in the time taken. */
export function secretsEqual(a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b));
}

/** Looks at every secret, whichever fits, so that the time taken does not tell which one it was. */
export function isOneOf(candidate: string, secrets: readonly string[]): boolean {
  const given = digest(candidate);
  let found = false;
  for (const secret of secrets) found = timingSafeEqual(given, digest(secret)) || found;
  return found;
}

function digest(text: string): Uint8Array {
  return createHash("sha256").update(text, "utf8").digest();
}
