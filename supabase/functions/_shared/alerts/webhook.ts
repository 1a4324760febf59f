/**
 * Posts a message to the incoming webhook of a chat.
 *
 * The URL is the secret: it grants access to the channel. Network errors may contain it, so they are replaced, and of a
 * response only a short error code is kept.
 */
import { createFetchWithin } from "../http/fetch_within.ts";
import { readRetryAfter } from "../http/retry_after.ts";
import type { Clock } from "../runtime/clock.ts";
import { chatHostOf, type ChatMessage } from "./chat_hosts.ts";

const TIMEOUT_MS = 5_000;

export type PostResult =
  | { readonly ok: true }
  | {
    readonly ok: false;
    readonly error: string;
    readonly retryAt: Date | null;
    /** The chat takes no message at all for a while: 429, 5xx, no connection. Otherwise it refuses this message. */
    readonly isAddressDown: boolean;
  };

export type PostAlert = (url: string, message: ChatMessage) => Promise<PostResult>;

export function createPostAlert(
  { fetch, clock }: { readonly fetch: typeof globalThis.fetch; readonly clock: Clock },
): PostAlert {
  const fetchWithin = createFetchWithin({ fetch, clock });

  return async function post(url, message) {
    const host = chatHostOf(url);
    const answer = await fetchWithin(host.addressOf(new URL(url)), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(host.bodyOf(message)),
    }, TIMEOUT_MS);
    if (answer === "connection_failed") return down("the connection failed");
    if (answer === "timed_out") return down(`the request timed out after ${TIMEOUT_MS} ms`);
    const { status, headers, body } = answer;
    if (host.isTaken(status, body)) return { ok: true };
    const said = `${status}${codeOf(body, url)}`;
    return {
      ok: false,
      error: status < 300
        ? `the webhook answered ${said}, but not as ${host.name} does for a message that it took`
        : `the webhook answered ${said}`,
      retryAt: readRetryAfter(headers.get("retry-after"), clock.now()),
      isAddressDown: status === 429 || status >= 500,
    };
  };
}

function down(error: string): PostResult {
  return { ok: false, error, retryAt: null, isAddressDown: true };
}

/** An error code like `no_service`; any other text may repeat the URL. */
function codeOf(body: string, url: string): string {
  return /^[a-z_]{3,40}$/.test(body) && !url.includes(body) ? ` ${body}` : "";
}
