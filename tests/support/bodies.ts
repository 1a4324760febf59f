/** Bodies as they are posted, and what the webhook reads from them. */
import { strictEqual } from "node:assert/strict";
import type { ReadRawBody } from "../../supabase/functions/_shared/auth/callers.ts";
import type { ReceivedEvent } from "../../supabase/functions/_shared/events/event.ts";
import { type ReadBody, readBody } from "../../supabase/functions/_shared/events/read_body.ts";
import { at } from "./facts.ts";

export const RECEIVED_AT = at("14:05:00");

export async function fixture(name: string): Promise<Uint8Array> {
  return await Deno.readFile(new URL(`../fixtures/${name}`, import.meta.url));
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

/** A body as the authentication step receives it. */
export function arrived(bytes: Uint8Array): ReadRawBody {
  return () => Promise.resolve({ ok: true, bytes });
}

/** Bytes and text unchanged; any other value as JSON. */
export function read(body: unknown, receivedAt = RECEIVED_AT): ReadBody {
  const read = readBody(
    body instanceof Uint8Array
      ? body
      : bytes(typeof body === "string" ? body : JSON.stringify(body)),
    receivedAt,
  );
  if (read === "too_many_events") throw new Error("Cannot read the body: it holds too many events");
  return read;
}

/** The only event in `body`; the body must contain no other part. */
export function readOne(body: unknown, receivedAt = RECEIVED_AT): ReceivedEvent {
  const { events, rejects } = read(body, receivedAt);
  const [event] = events;
  strictEqual(rejects[0]?.reason, undefined);
  strictEqual(events.length, 1);
  if (event === undefined) throw new Error("Cannot read one event: there is none");
  return event;
}

/** Why the only part of `body` is rejected. */
export function whyRejected(body: unknown): string {
  const { events, rejects } = read(body);
  const [reject] = rejects;
  strictEqual(events.length, 0);
  strictEqual(rejects.length, 1);
  if (reject === undefined) throw new Error("Cannot read one reject: there is none");
  return reject.reason;
}

/** A Send of Currents, with the changes of a test. */
export function currentsSend(
  changes: {
    readonly outer?: Record<string, unknown>;
    readonly user?: Record<string, unknown>;
    readonly properties?: Record<string, unknown>;
  } = {},
): Record<string, unknown> {
  return {
    event_type: "users.messages.pushnotification.Send",
    id: "event-1",
    time: 1_733_580_023,
    user: { external_user_id: "u-1001", ...changes.user },
    properties: { campaign_id: "campaign-1", dispatch_id: "dispatch-1", ...changes.properties },
    ...changes.outer,
  };
}

/** A message of the webhook channel, with the changes of a test. */
export function webhookMessage(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    v: 1,
    event_type: "campaign.webhook",
    campaign_id: "campaign-1",
    dispatch_id: "dispatch-1",
    external_user_id: "u-1001",
    braze_id: "braze-1001",
    match_id: "1002",
    ledger_id: "0b9f6f6e-2f3a-4d6c-9a51-7f6d0c1e1002",
    generation: "1",
    ...changes,
  };
}
