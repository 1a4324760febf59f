/** Posts a body to braze-webhook and retries until it is stored, as long as `Retry-After` asks. */
import { z } from "zod";
import type { Clock } from "../../supabase/functions/_shared/runtime/clock.ts";
import { readRetryAfter } from "../../supabase/functions/_shared/http/retry_after.ts";
import { StackFailure } from "../lib/failure.ts";

const ATTEMPTS_MAX = 10;
const FIRST_PAUSE_MS = 500;
const PAUSE_MS_MAX = 30_000;
/** The longest `Retry-After` that is honoured. */
const RETRY_AFTER_MS_MAX = 300_000;

const Stored = z.object({
  received: z.int(),
  recorded: z.int(),
  duplicates: z.int(),
  rejected: z.int(),
});
export type Stored = z.infer<typeof Stored>;

export interface DeliveryWorkerOptions {
  readonly functionsUrl: string;
  readonly secret: string;
  readonly fetch: typeof globalThis.fetch;
  readonly clock: Clock;
  /** Called before each pause. */
  readonly onPause: (reason: string, ms: number) => void;
}

export type DeliveryWorker = (body: Uint8Array) => Promise<Stored>;

type Attempt =
  | { readonly done: true; readonly stored: Stored }
  | { readonly done: false; readonly reason: string; readonly retryAt: Date | null };

export function createDeliveryWorker(options: DeliveryWorkerOptions): DeliveryWorker {
  const { functionsUrl, secret, fetch, clock, onPause } = options;
  const url = `${functionsUrl}/braze-webhook`;

  return async function deliver(body) {
    for (let attempt = 1;; attempt++) {
      const tried = await post(body);
      if (tried.done) return tried.stored;
      if (attempt === ATTEMPTS_MAX) {
        throw new StackFailure(
          `Cannot go on: ${url} must accept the events, got ${tried.reason} ${attempt} times; start again to continue from here`,
        );
      }
      const pauseMs = pauseBefore(attempt, tried.retryAt);
      onPause(tried.reason, pauseMs);
      await clock.sleep(pauseMs);
    }
  };

  function pauseBefore(attempt: number, retryAt: Date | null): number {
    if (retryAt === null) return Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), PAUSE_MS_MAX);
    const askedMs = retryAt.getTime() - clock.now().getTime();
    return Math.min(Math.max(askedMs, 0), RETRY_AFTER_MS_MAX);
  }

  async function post(body: Uint8Array): Promise<Attempt> {
    let response: Response;
    let text: string;
    try {
      response = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json", "x-webhook-secret": secret },
        body: body as Uint8Array<ArrayBuffer>,
      });
      text = await response.text();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return { done: false, reason, retryAt: null };
    }
    const { status } = response;
    if (status === 429 || status >= 500) {
      const retryAt = readRetryAfter(response.headers.get("retry-after"), clock.now());
      return { done: false, reason: `status ${status}`, retryAt };
    }
    if (status === 401 || status === 403) {
      throw new StackFailure(
        `Cannot import: IMPORT_WEBHOOK_SECRET must be one of BRAZE_WEBHOOK_SECRETS, got one that ${url} refuses (${status})`,
      );
    }
    const stored = Stored.safeParse(status === 200 ? parseJson(text) : undefined);
    if (!stored.success) {
      throw new StackFailure(
        `Cannot import: ${url} must be braze-webhook, got status ${status} and ${
          text.slice(0, 200) || "nothing"
        }`,
      );
    }
    return { done: true, stored: stored.data };
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
