/**
 * Executes one call to Braze: with pacing, a time-out, retries where a repeat is harmless, and a classified result.
 *
 * External faults are never thrown; the caller gets a result.
 */
import { randomInt as cryptoRandomInt } from "node:crypto";
import type { z } from "zod";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import { createSanitizeText, type SanitizeText } from "../runtime/sanitize_text.ts";
import { type CallResult, judge, NO_RATE_LIMIT, notSent, type Verdict } from "./outcome.ts";
import { type BrazeRequest, createTransport, type RateLimit } from "./transport.ts";

const ATTEMPTS_MAX = 4;
/** How long one try may take. */
export const ATTEMPT_TIMEOUT_MS = 20_000;
const BACKOFF_MS = 500;
/** The longest wait for a rate limit when the call has no deadline. */
const PAUSE_MS_MAX = 65_000;
/** Spreads clients that wait for the same rate-limit reset. */
const RESET_JITTER_MS = 1_000;

export interface CallOptions {
  /**
   * No attempt and no pause begins after it. A started attempt gets its full time, because aborting it would make the
   * outcome unknown.
   */
  readonly deadline?: Date | undefined;
}

export interface BrazeClientOptions {
  readonly restUrl: string;
  readonly apiKey: string;
  readonly fetch: typeof globalThis.fetch;
  readonly clock: Clock;
  readonly log: Log;
  readonly attemptTimeoutMs?: number;
  /** A whole number from 0 to `max` - 1. */
  readonly randomInt?: (max: number) => number;
}

export interface Operation<T> {
  /** For messages and logs. */
  readonly name: string;
  readonly request: BrazeRequest;
  readonly schema: z.ZodType<T>;
  /**
   * Whether to retry after an unknown outcome: only for idempotent operations. A call refused by a rate limit is always
   * retried, because it was not executed.
   */
  readonly repeatable: boolean;
  /** Waits for room within the limits; false when there is none before the deadline. */
  readonly admit?: (deadline: Date | null) => Promise<boolean>;
}

export type Call = <T>(operation: Operation<T>, options?: CallOptions) => Promise<CallResult<T>>;

export function createCall(options: BrazeClientOptions): Call {
  const { clock, log, randomInt = (max) => cryptoRandomInt(max) } = options;
  const send = createTransport({ attemptTimeoutMs: ATTEMPT_TIMEOUT_MS, ...options });
  const sanitizeText = createSanitizeText([options.apiKey]);

  return async function call<T>(operation: Operation<T>, { deadline }: CallOptions = {}) {
    const { name, request, schema, repeatable, admit } = operation;
    const ended = (sinceMs: number) =>
      deadline !== undefined && clock.now().getTime() + sinceMs >= deadline.getTime();
    const mayBegin = async () => (await admit?.(deadline ?? null)) !== false && !ended(0);
    const done = (result: CallResult<T>) => {
      if (result.outcome !== "succeeded") {
        const { outcome, reason, detail, httpStatus, attempts, earlierUnknown } = result;
        log.warn(`braze_call_${outcome}`, {
          operation: name,
          reason,
          detail,
          http_status: httpStatus,
          attempts,
          earlier_unknown: earlierUnknown,
        });
      }
      return result;
    };

    let earlierUnknown = false;
    let last: CallResult<T> = notSent("deadline", `Cannot ${name}: no time was left to send it`);
    for (let attempt = 1;; attempt++) {
      if (!await mayBegin()) return done(last);

      const answer = await send(request);
      const verdict = sanitize(judge(answer, schema), name, sanitizeText);
      const rateLimit = answer.kind === "answered" ? answer.rateLimit : NO_RATE_LIMIT;
      const result: CallResult<T> = {
        ...verdict,
        attempts: attempt,
        earlierUnknown,
        rateLimit,
      };
      if (result.outcome === "succeeded") return result;
      if (attempt === ATTEMPTS_MAX || !isWorthRepeating(result, repeatable)) return done(result);

      const pauseMs = pauseBeforeNext(attempt, result.reason === "rate_limited" ? rateLimit : null);
      if (ended(pauseMs) || (deadline === undefined && pauseMs > PAUSE_MS_MAX)) return done(result);
      log.info("braze_call_repeated", {
        operation: name,
        reason: result.reason,
        attempts: attempt,
        pause_ms: pauseMs,
      });
      await clock.sleep(pauseMs);
      earlierUnknown ||= result.outcome === "unknown";
      last = result;
    }
  };

  function pauseBeforeNext(attempt: number, rateLimit: RateLimit | null): number {
    const half = BACKOFF_MS * 2 ** (attempt - 1) / 2;
    const backoffMs = half + randomInt(half + 1);
    const liftedAt = rateLimit?.retryAt ?? rateLimit?.resetAt ?? null;
    if (liftedAt === null) return backoffMs;
    const untilLiftedMs = liftedAt.getTime() - clock.now().getTime();
    return untilLiftedMs <= 0 ? backoffMs : untilLiftedMs + randomInt(RESET_JITTER_MS);
  }
}

function isWorthRepeating(verdict: Verdict<unknown>, repeatable: boolean): boolean {
  if (verdict.outcome === "unknown") return repeatable;
  if (verdict.outcome === "succeeded") return false;
  return verdict.reason === "rate_limited" || (repeatable && verdict.reason === "not_connected");
}

/** Sanitizes all text that comes from Braze. */
function sanitize<T>(verdict: Verdict<T>, name: string, sanitizeText: SanitizeText): Verdict<T> {
  if (verdict.outcome === "succeeded") {
    return { ...verdict, warnings: verdict.warnings.map(sanitizeText) };
  }
  return { ...verdict, detail: sanitizeText(`Cannot ${name}: ${verdict.detail}`) };
}
