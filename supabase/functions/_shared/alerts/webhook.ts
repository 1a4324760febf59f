/**
 * Posts a text to a Slack-compatible incoming webhook.
 *
 * The address is the secret: whoever has it can write there. So no error of the network layer, which quotes it, gets
 * out of here, and no answer but one of the short codes that such webhooks give.
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
      () => failed(`no answer came within ${TIMEOUT_MS} ms`),
      // Called off, because the answer came: never has a say.
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
        // What it would lead to was not configured.
        redirect: "manual",
      });
    } catch {
      return failed("the connection broke, or never came about");
    }
    const said = await response.text().catch(() => "");
    if (response.ok) return { ok: true };
    return failed(
      `the webhook answered ${response.status}${codeOf(said, url)}`,
      readRetryAfter(response.headers.get("retry-after"), clock.now()),
    );
  }
}

function failed(error: string, retryAt: Date | null = null): PostResult {
  return { ok: false, error, retryAt };
}

/** As in `no_service`. Longer words may sanitizeText the address, and so may a short one. */
function codeOf(said: string, url: string): string {
  return /^[a-z_]{3,40}$/.test(said) && !url.includes(said) ? ` ${said}` : "";
}
