/** One event as the suite keeps it, whatever shape Braze told it in. */
import type { Evidence } from "../attribution/evidence.ts";

export interface BrazeEvent {
  /** Braze's own id; for a body without one, a hash over what tells this message from any other. */
  readonly eventId: string;
  /**
   * How a retry of an event without a time of its own finds the first telling. `weak` where nothing in the body
   * names the send, so that the same body a day later may well be another message.
   */
  readonly claim: "strong" | "weak" | null;
  readonly externalUserId: string | null;
  readonly deviceId: string | null;
  readonly evidence: Evidence;
  /** The event as it came but for its push tokens, JSON; numbers that a double cannot hold are ExactNumbers. */
  readonly raw: unknown;
}

export interface ReceivedEvent extends BrazeEvent {
  /** Its very bytes. */
  readonly body: Uint8Array;
}

export type ReadEvent =
  | { readonly ok: true; readonly event: BrazeEvent }
  | { readonly ok: false; readonly reason: string };
