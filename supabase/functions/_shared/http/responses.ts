/** HTTP responses, and comparison of secrets in constant time. */
import { createHash, timingSafeEqual } from "node:crypto";
import { type ErrorCode, ERRORS } from "./errors.ts";

export function json(body: unknown, status = 200, headers: HeadersInit = {}): Response {
  return Response.json(body, { status, headers });
}

/** The shape of every error response; `run_id` is null when no run was started. */
export function problem(code: ErrorCode, message?: string, runId?: string): Response {
  const { status, message: usual, headers } = ERRORS[code];
  return json({ code, message: message ?? usual, run_id: runId ?? null }, status, headers);
}

/** Compares digests, so that the duration reveals neither the length nor the first difference. */
export function secretsEqual(a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b));
}

/** Compares with every secret, so that the duration does not reveal which one matches. */
export function isOneOf(candidate: string, secrets: readonly string[]): boolean {
  const given = digest(candidate);
  let found = false;
  for (const known of digestsOf(secrets)) found = timingSafeEqual(given, known) || found;
  return found;
}

/** The digests of each list of secrets: they stay the same for every request. */
const digests = new WeakMap<readonly string[], readonly Uint8Array[]>();

function digestsOf(secrets: readonly string[]): readonly Uint8Array[] {
  const known = digests.get(secrets) ?? secrets.map(digest);
  digests.set(secrets, known);
  return known;
}

function digest(text: string): Uint8Array {
  return createHash("sha256").update(text, "utf8").digest();
}
