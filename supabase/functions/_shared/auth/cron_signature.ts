/**
 * Verifies a call that the database signed with the Standard Webhooks scheme.
 *
 * The library only computes signatures: its `verify()` reads the machine's clock, but the suite uses an injected clock.
 */
import { Webhook } from "standardwebhooks";
import { z } from "zod";
import type { ErrorCode } from "../http/errors.ts";
import { secretsEqual } from "../http/responses.ts";

const TOLERANCE_MS = 5 * 60_000;
const SCHEDULED_TIME_DISTANCE_MS_MAX = 60 * 60_000;
/** More than a key rotation needs; each signature is compared with every valid secret. */
const SIGNATURES_MAX = 8;

const SignedHeaders = z.object({
  id: z.string().regex(/^[\x21-\x7e]{1,200}$/),
  timestamp: z.string().regex(/^[0-9]{1,11}$/).transform((text) => new Date(Number(text) * 1_000)),
  signatures: z.string().transform((text) => text.split(" ").filter((part) => part !== ""))
    .pipe(z.array(z.string()).min(1).max(SIGNATURES_MAX)),
});

const SignedBody = z.object({
  function: z.string(),
  scheduled_at: z.string()
    .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d(:00(\.0+)?)?(Z|\+00(:?00)?)$/)
    .transform((text) => new Date(`${text.slice(0, 16)}:00Z`))
    .refine((time) => !Number.isNaN(time.getTime())),
});

export type CronVerification =
  | {
    readonly ok: true;
    readonly call: { readonly scheduledAt: Date; readonly invocationId: string };
  }
  | { readonly ok: false; readonly code: ErrorCode };

interface Expectation {
  readonly functionName: string;
  readonly signingSecrets: readonly string[];
  readonly now: Date;
  /** Whether this function accepts signed calls. */
  readonly allowed: boolean;
}

export function verifyCronCall(
  headers: Headers,
  rawBody: Uint8Array,
  { functionName, signingSecrets, now, allowed }: Expectation,
): CronVerification {
  const signed = SignedHeaders.safeParse({
    id: headers.get("webhook-id"),
    timestamp: headers.get("webhook-timestamp"),
    signatures: headers.get("webhook-signature"),
  });
  const body = decode(rawBody);
  if (!signed.success || body === null) return { ok: false, code: "bad_credential" };

  const { id, timestamp, signatures } = signed.data;
  if (!isGenuine(signatures, signingSecrets, id, timestamp, body)) {
    return { ok: false, code: "bad_credential" };
  }
  if (Math.abs(now.getTime() - timestamp.getTime()) > TOLERANCE_MS) {
    return { ok: false, code: "bad_timestamp" };
  }
  if (!allowed) return { ok: false, code: "not_allowed" };

  const call = SignedBody.safeParse(parseJson(body));
  if (!call.success) return { ok: false, code: "invalid_body" };
  if (call.data.function !== functionName) return { ok: false, code: "wrong_function" };
  const { scheduled_at: scheduledAt } = call.data;
  if (Math.abs(scheduledAt.getTime() - timestamp.getTime()) > SCHEDULED_TIME_DISTANCE_MS_MAX) {
    return { ok: false, code: "wrong_scheduled_time" };
  }
  return { ok: true, call: { scheduledAt, invocationId: id } };
}

/** Compares every signature with every secret, so that the duration does not reveal which one matches. */
function isGenuine(
  signatures: readonly string[],
  signingSecrets: readonly string[],
  id: string,
  timestamp: Date,
  body: string,
): boolean {
  let genuine = false;
  for (const secret of signingSecrets) {
    const expected = new Webhook(secret).sign(id, timestamp, body);
    for (const signature of signatures) genuine = secretsEqual(signature, expected) || genuine;
  }
  return genuine;
}

/** Rejects invalid UTF-8: with replacement characters, different bytes would have the same signature. */
function decode(rawBody: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(rawBody);
  } catch {
    return null;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
