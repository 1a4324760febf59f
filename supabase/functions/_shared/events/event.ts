/** One event in the suite's own form, independent of the shape in which Braze sent it. */
import type { Evidence } from "../attribution/evidence.ts";

export interface BrazeEvent {
  /** Braze's own id; for a body without one, a hash over the fields that distinguish the message. */
  readonly eventId: string;
  /**
   * How a retry of an event without its own time is matched to the first receipt. `weak`: the body has no id of the send,
   * so the same body a day later may be another message. null: the event has its own time.
   */
  readonly claim: "strong" | "weak" | null;
  readonly externalUserId: string | null;
  /** Braze's own id of the user. */
  readonly brazeUserId: string | null;
  readonly deviceId: string | null;
  readonly evidence: Evidence;
}

export interface ReceivedEvent extends BrazeEvent {
  /** The received bytes. */
  readonly body: Uint8Array;
  /** The same as JSON text (UTF-8) that Postgres can store, without push tokens. */
  readonly payload: Uint8Array;
}

export type ReadEvent =
  | { readonly ok: true; readonly event: BrazeEvent }
  | { readonly ok: false; readonly reason: string };
