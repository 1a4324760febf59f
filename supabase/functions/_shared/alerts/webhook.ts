/**
 * Posts a text to a Slack-compatible incoming webhook.
 *
 * The URL is the secret: it grants access to the channel. Network errors may contain it, so they are replaced, and of a
 * response only a short error code is kept.
 */
import type { Clock } from "../runtime/clock.ts";
import { readRetryAfter } from "../http/retry_after.ts";

const TIMEOUT_MS = 5_000;

export type PostResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly error: string; readonly retryAt: Date | null };

export type PostAlert = (url: string, text: string) => Promise<PostResult>;

export function createPostAlert(
  { fetch, clock }: { readonly fetch: typeof globalThis.fetch; readonly clock: Clock },
): PostAlert {
  return async function post(url, text) {
    const connection = new AbortController();
    const answered = new AbortController();
    const timeOut = clock.sleep(TIMEOUT_MS, answered.signal).then(
      () => failed(`the request timed out after ${TIMEOUT_MS} ms`),
      // Aborted because the response arrived: must not win the race.
      () => new Promise<never>(() => {}),
    );
    try {
      return await Promise.race([exchange(url, text, connection.signal), timeOut]);
    } finally {
      answered.abort();
      connection.abort();
    }
  };

  async function exchange(url: string, text: string, signal: AbortSignal): Promise<PostResult> {
    let response: Response;
    try {
      response = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ text }),
        signal,
        // A redirect would send the alert to a host that is not configured.
        redirect: "manual",
      });
    } catch {
      return failed("the connection failed");
    }
    const body = await response.text().catch(() => "");
    if (response.ok) return { ok: true };
    return failed(
      `the webhook answered ${response.status}${codeOf(body, url)}`,
      readRetryAfter(response.headers.get("retry-after"), clock.now()),
    );
  }
}

function failed(error: string, retryAt: Date | null = null): PostResult {
  return { ok: false, error, retryAt };
}

/** An error code like `no_service`; any other text may repeat the URL. */
function codeOf(body: string, url: string): string {
  return /^[a-z_]{3,40}$/.test(body) && !url.includes(body) ? ` ${body}` : "";
}
