/**
 * Classifies the outcome of one call to Braze.
 *
 * `failed` guarantees that Braze did not execute the call. Without that proof the outcome is `unknown`: Braze has no
 * idempotency key, so a create that is repeated in error pushes twice. An answer that names a schedule is never `failed`,
 * whatever its status: the schedule may exist.
 */
import type { z } from "zod";
import { Envelope } from "./schemas.ts";
import type { Answer, RateLimit } from "./transport.ts";

/** Stored in the journal: never rename a value. */
export type FailureReason =
  /** Refused by the client before the call. */
  | "invalid_request"
  /** No time was left to start the call. */
  | "deadline"
  /** No connection was established, so nothing was sent. */
  | "not_connected"
  /** Braze refused the call. */
  | "rejected"
  | "rate_limited";

export type UnknownReason =
  | "time_out"
  | "connection_lost"
  | "server_error"
  /** Braze accepted the call and executes it after its maintenance. */
  | "queued"
  | "unreadable_answer"
  /** A refusal that names a schedule. */
  | "contradictory_answer"
  | "unexpected_status";

export const NO_RATE_LIMIT: RateLimit = {
  limit: null,
  remaining: null,
  resetAt: null,
  retryAt: null,
};

export type Verdict<T> =
  | {
    readonly outcome: "succeeded";
    readonly httpStatus: number;
    readonly value: T;
    /** Braze's minor errors: the call was executed otherwise. */
    readonly warnings: readonly string[];
  }
  | {
    readonly outcome: "failed";
    readonly httpStatus: number | null;
    readonly reason: FailureReason;
    readonly detail: string;
  }
  | {
    readonly outcome: "unknown";
    readonly httpStatus: number | null;
    readonly reason: UnknownReason;
    readonly detail: string;
    /** The answer names this schedule, so Braze may have it. */
    readonly scheduleId?: string;
  };

export type CallResult<T> = Verdict<T> & {
  /** Number of attempts to send the request. */
  readonly attempts: number;
  /** An earlier attempt may have been executed, so a refusal of the last one proves nothing. */
  readonly earlierUnknown: boolean;
  readonly rateLimit: RateLimit;
};

/** Classifies an answer; on success with the value that `schema` parses. Pure. */
export function judge<T>(answer: Answer, schema: z.ZodType<T>): Verdict<T> {
  if (answer.kind === "unsent") return failed("not_connected", answer.detail, null);
  if (answer.kind === "lost") {
    return unknown(answer.reason, answer.detail, null);
  }

  const { httpStatus, text } = answer;
  const envelope = readEnvelope(text);
  const verdict = judgeAnswer(httpStatus, text, envelope, schema);
  const scheduleId = envelope?.schedule_id ?? null;
  if (verdict.outcome === "succeeded" || scheduleId === null) return verdict;
  return verdict.outcome === "failed"
    ? { ...unknown("contradictory_answer", verdict.detail, httpStatus), scheduleId }
    : { ...verdict, scheduleId };
}

function judgeAnswer<T>(
  httpStatus: number,
  text: string | null,
  envelope: ReturnType<typeof readEnvelope>,
  schema: z.ZodType<T>,
): Verdict<T> {
  const said = `Braze answered ${httpStatus}${envelope === null ? "" : saying(envelope)}`;
  // A request that timed out at Braze or on the way may have been executed.
  if (httpStatus === 408) return unknown("time_out", said, httpStatus);
  if (httpStatus === 429) return failed("rate_limited", said, httpStatus);
  if (httpStatus >= 400 && httpStatus < 500) return failed("rejected", said, httpStatus);
  if (httpStatus >= 500) return unknown("server_error", said, httpStatus);
  if (httpStatus < 200 || httpStatus >= 300) return unknown("unexpected_status", said, httpStatus);

  if (text === null) return unknown("connection_lost", `${said}, then broke off`, httpStatus);
  if (envelope === null) {
    return unknown("unreadable_answer", `${said} without a JSON object`, httpStatus);
  }
  const message = envelope.message?.trim().toLowerCase();
  if (message === "queued") return unknown("queued", said, httpStatus);
  if (message !== undefined && message !== "success") return failed("rejected", said, httpStatus);

  const value = schema.safeParse(envelope.whole);
  return value.success
    ? { outcome: "succeeded", httpStatus, value: value.data, warnings: envelope.errors }
    : unknown("unreadable_answer", `${said} of an unknown shape${faults(value.error)}`, httpStatus);
}

function readEnvelope(text: string | null) {
  try {
    const whole: unknown = JSON.parse(text ?? "");
    const envelope = Envelope.safeParse(whole);
    return envelope.success ? { ...envelope.data, whole } : null;
  } catch {
    return null;
  }
}

function saying({ message, errors }: z.infer<typeof Envelope>): string {
  const words = [...(message === undefined ? [] : [message]), ...errors].join(", ");
  return words === "" ? "" : `: ${words}`;
}

function faults(error: z.ZodError): string {
  const paths = new Set(error.issues.map((issue) => issue.path.join(".")));
  return ` (${[...paths].slice(0, 5).join(", ") || "body"})`;
}

/** The result of a call that was never sent. */
export function notSent(
  reason: "invalid_request" | "deadline",
  detail: string,
): CallResult<never> {
  return {
    ...failed(reason, detail, null),
    attempts: 0,
    earlierUnknown: false,
    rateLimit: NO_RATE_LIMIT,
  };
}

function failed(reason: FailureReason, detail: string, httpStatus: number | null) {
  return { outcome: "failed", reason, detail, httpStatus } as const;
}

function unknown(reason: UnknownReason, detail: string, httpStatus: number | null) {
  return { outcome: "unknown", reason, detail, httpStatus } as const;
}
