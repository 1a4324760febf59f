/**
 * Sends one request to Braze and returns the answer without interpreting it.
 *
 * It distinguishes three cases that `fetch` does not: nothing was sent, a request was sent without an answer, and an
 * answer arrived.
 */
import type { Clock } from "../runtime/clock.ts";
import { readRetryAfter } from "../http/retry_after.ts";

export interface RateLimit {
  readonly limit: number | null;
  readonly remaining: number | null;
  readonly resetAt: Date | null;
  /** From Retry-After, which Braze does not document. */
  readonly retryAt: Date | null;
}

export interface BrazeRequest {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export type Answer =
  | {
    readonly kind: "answered";
    readonly httpStatus: number;
    /** null when the connection broke before the body was complete. */
    readonly text: string | null;
    readonly rateLimit: RateLimit;
  }
  | { readonly kind: "unsent"; readonly detail: string }
  | {
    readonly kind: "lost";
    readonly reason: "time_out" | "connection_lost";
    readonly detail: string;
  };

export interface TransportOptions {
  readonly restUrl: string;
  readonly apiKey: string;
  readonly fetch: typeof globalThis.fetch;
  readonly clock: Clock;
  readonly attemptTimeoutMs: number;
}

export type Transport = (request: BrazeRequest) => Promise<Answer>;

export function createTransport(options: TransportOptions): Transport {
  const { restUrl, apiKey, fetch, clock, attemptTimeoutMs } = options;
  const headers = new Headers({
    accept: "application/json",
    authorization: `Bearer ${apiKey}`,
    "content-type": "application/json",
  });

  async function exchange(request: BrazeRequest, signal: AbortSignal): Promise<Answer> {
    let response: Response;
    try {
      response = await fetch(addressOf(restUrl, request), {
        method: request.method,
        headers,
        signal,
        // A redirect would carry the key to another host.
        redirect: "manual",
        ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      });
    } catch (error) {
      return neverConnected(error)
        ? { kind: "unsent", detail: "no connection was established" }
        : { kind: "lost", reason: "connection_lost", detail: "the connection broke" };
    }
    return {
      kind: "answered",
      httpStatus: response.status,
      text: await response.text().catch(() => null),
      rateLimit: readRateLimit(response.headers, clock.now()),
    };
  }

  return async function send(request) {
    const connection = new AbortController();
    const answered = new AbortController();
    const timeOut = clock.sleep(attemptTimeoutMs, answered.signal).then(
      (): Answer => ({
        kind: "lost",
        reason: "time_out",
        detail: `the request timed out after ${attemptTimeoutMs} ms`,
      }),
      // Aborted because the answer arrived: must not win the race.
      () => new Promise<never>(() => {}),
    );
    try {
      return await Promise.race([exchange(request, connection.signal), timeOut]);
    } finally {
      answered.abort();
      connection.abort();
    }
  };
}

function addressOf(restUrl: string, { path, query }: BrazeRequest): string {
  const search = new URLSearchParams(query).toString();
  return `${restUrl}${path}${search === "" ? "" : `?${search}`}`;
}

/**
 * Deno's HTTP client marks an error of the connection phase (DNS, socket, TLS) with this text, in the error or its
 * cause. It writes the request after that phase, so nothing was sent.
 */
function neverConnected(error: unknown): boolean {
  return error instanceof Error &&
    (error.message.includes("client error (Connect)") || neverConnected(error.cause));
}

function readRateLimit(headers: Headers, now: Date): RateLimit {
  const resetSeconds = readNumber(headers.get("x-ratelimit-reset"));
  return {
    limit: readNumber(headers.get("x-ratelimit-limit")),
    remaining: readNumber(headers.get("x-ratelimit-remaining")),
    resetAt: resetSeconds === null ? null : new Date(resetSeconds * 1_000),
    retryAt: readRetryAfter(headers.get("retry-after"), now),
  };
}

/** Braze sends empty headers with a 401, and `Number("")` is 0. */
function readNumber(text: string | null): number | null {
  return text !== null && /^[0-9]{1,12}$/.test(text.trim()) ? Number(text) : null;
}
