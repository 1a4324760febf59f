/** Receives alert notifications in place of a chat's incoming webhook, and lists them. */
import { z } from "zod";

/** Older messages are dropped, since a stack may run for weeks. */
const MESSAGES_MAX = 1_000;
const PATH = "/_local/alerts";

const Post = z.object({ text: z.string().min(1) });

export interface SunkMessage {
  readonly at: Date;
  readonly audience: "admin" | "engineering";
  readonly text: string;
}

export interface AlertSink {
  readonly messages: readonly SunkMessage[];
  /** POST stores, GET lists; null if the request is not for the sink. */
  handle(request: Request): Promise<Response> | null;
}

export function alertWebhooks(controlUrl: string): Record<string, string> {
  return {
    ALERT_WEBHOOK_URL: `${controlUrl}/alerts`,
    ALERT_WEBHOOK_URL_ENGINEERING: `${controlUrl}/alerts/engineering`,
  };
}

export function createAlertSink(
  now: () => Date,
  onMessage: (message: SunkMessage) => void = () => {},
): AlertSink {
  const messages: SunkMessage[] = [];
  return {
    messages,
    handle(request) {
      const { pathname } = new URL(request.url);
      if (pathname !== PATH && pathname !== `${PATH}/engineering`) return null;
      if (request.method === "GET") return Promise.resolve(Response.json({ messages }));
      if (request.method !== "POST") return null;
      return collect(request, pathname === PATH ? "admin" : "engineering");
    },
  };

  /** Stores a message and answers as Slack does. */
  async function collect(
    request: Request,
    audience: SunkMessage["audience"],
  ): Promise<Response> {
    const post = Post.safeParse(await request.json().catch(() => undefined));
    if (!post.success) return new Response("invalid_payload", { status: 400 });
    const message = { at: now(), audience, text: post.data.text };
    messages.push(message);
    onMessage(message);
    if (messages.length > MESSAGES_MAX) messages.shift();
    return new Response("ok");
  }
}
