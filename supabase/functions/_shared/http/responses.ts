/** HTTP responses, and comparison of secrets in constant time. */
import { timingSafeEqual } from "node:crypto";
import { type ErrorCode, ERRORS } from "./errors.ts";

export function json(body: unknown, status = 200, headers: HeadersInit = {}): Response {
  return Response.json(body, { status, headers });
}

/** The shape of every error response; `run_id` is null when no run was started. */
export function problem(code: ErrorCode, message?: string, runId?: string): Response {
  const { status, message: usual, headers } = ERRORS[code];
  return json({ code, message: message ?? usual, run_id: runId ?? null }, status, headers);
}

/** The duration reveals neither the length of `candidate` nor the first difference. */
export function secretsEqual(candidate: string, secret: string): boolean {
  return isOneOf(candidate, [secret]);
}

/** Compares with every secret, so that the duration does not reveal which one matches. */
export function isOneOf(candidate: string, secrets: readonly string[]): boolean {
  const { size, known } = paddedOf(secrets);
  const given = padded(ENCODER.encode(candidate), size);
  let found = false;
  for (const secret of known) found = timingSafeEqual(given, secret) || found;
  return found;
}

interface Padded {
  readonly size: number;
  readonly known: readonly Uint8Array[];
}

/** By list: the secrets are the same for every request. */
const paddedLists = new WeakMap<readonly string[], Padded>();

function paddedOf(secrets: readonly string[]): Padded {
  let list = paddedLists.get(secrets);
  if (list === undefined) {
    const encoded = secrets.map((secret) => ENCODER.encode(secret));
    const size = Math.max(0, ...encoded.map(({ length }) => length));
    list = { size, known: encoded.map((secret) => padded(secret, size)) };
    paddedLists.set(secrets, list);
  }
  return list;
}

/** The length in bytes, and the first `size` bytes: equal only for equal texts, if one is not longer than `size`. */
function padded(encoded: Uint8Array, size: number): Uint8Array {
  const bytes = new Uint8Array(LENGTH_BYTES + size);
  new DataView(bytes.buffer).setUint32(0, encoded.length);
  bytes.set(encoded.subarray(0, size), LENGTH_BYTES);
  return bytes;
}

const LENGTH_BYTES = 4;
const ENCODER = new TextEncoder();
