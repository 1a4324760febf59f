/**
 * Generates push Send events as Currents posts them, from a seed: with the echo of the trigger properties, our own send
 * id, and one dispatch id per schedule. One in ten repeats an earlier event.
 */
import { Prng } from "../local/lib/prng.ts";
import { readEvent } from "../supabase/functions/_shared/events/read_body.ts";
import type { Matchday, Scheduled } from "./matchday.ts";
import type { Content } from "./shapes.ts";

export const EVENT_BYTES = 640;
export const DUPLICATE_SHARE = 0.1;
/** This many consecutive events have the same send time; a real push to 25,000 users per match has more. */
const EVENTS_A_TIME = 10_000;
const MATCHES_A_TIME = 10;
/** The duration of a send. */
const SEND_SECONDS = 60;

export interface BenchEvent {
  readonly id: string;
  /** Its JSON text, which all contestants receive except one. */
  readonly json: string;
}

export interface Events {
  /** In the order in which they are sent. */
  readonly sent: readonly BenchEvent[];
  readonly uniqueIds: ReadonlySet<string>;
}

export type MakeEvent = (prng: Prng, index: number) => BenchEvent;

/** `count` events, of which a tenth repeat earlier ones; the same for the same seed. */
export function makeEvents(seed: string, count: number, make: MakeEvent): Events {
  const prng = new Prng(seed);
  const choice = prng.fork("duplicates");
  const sent: BenchEvent[] = [];
  const uniqueIds = new Set<string>();
  while (sent.length < count) {
    if (sent.length > 0 && choice.chance(DUPLICATE_SHARE)) {
      sent.push(sent[choice.below(sent.length)]!);
      continue;
    }
    const event = make(prng, sent.length);
    uniqueIds.add(event.id);
    sent.push(event);
  }
  return { sent, uniqueIds };
}

/** Events of this content for a matchday. */
export function eventOf(matchday: Matchday, content: Content): MakeEvent {
  return content === "message"
    ? webhookMessage(matchday)
    : currentsEvent(matchday, content === "identifiers" ? { hasEcho: false } : undefined);
}

export function currentsEvent(
  matchday: Matchday,
  { hasEcho } = { hasEcho: true },
): MakeEvent {
  const { campaignId } = matchday;
  return (prng, index) => {
    const schedule = scheduleOf(matchday, prng, index);
    const id = prng.uuid();
    const make = (variation: string) =>
      JSON.stringify({
        event_type: "users.messages.pushnotification.Send",
        id,
        time: Math.floor(schedule.sendAt.getTime() / 1_000) + secondsInto(id),
        user: {
          user_id: id.replaceAll("-", "").slice(0, 24),
          external_user_id: `user-${id.slice(0, 8)}`,
          device_id: `${id.slice(9)}-device`,
          timezone: "Europe/London",
        },
        properties: {
          app_id: "aa110000-0000-4000-8000-000000000001",
          platform: "ios",
          campaign_id: campaignId,
          message_variation_id: variation,
          send_id: schedule.sendId,
          dispatch_id: schedule.dispatchId,
          ...(hasEcho
            ? {
              message_extras: JSON.stringify({
                match_id: String(schedule.matchId),
                ledger_id: schedule.ledgerId,
                generation: "1",
              }),
            }
            : {}),
        },
      });
    return { id, json: padded(make) };
  };
}

/** As our webhook template renders it: without an id and without a time. */
function webhookMessage(matchday: Matchday): MakeEvent {
  return (prng, index) => {
    const schedule = scheduleOf(matchday, prng, index);
    const user = prng.uuid();
    const json = JSON.stringify({
      v: 1,
      event_type: "campaign.webhook",
      campaign_id: matchday.campaignId,
      dispatch_id: schedule.dispatchId,
      variation_id: "3ac20000-0000-4000-8000-000000000001",
      external_user_id: `user-${user}`,
      braze_id: user.replaceAll("-", "").slice(0, 24),
      match_id: String(schedule.matchId),
      ledger_id: schedule.ledgerId,
      generation: "1",
    });
    const read = readEvent(JSON.parse(json), schedule.sendAt);
    if (!read.ok) throw new Error(`Cannot make a message: it must be readable, got ${read.reason}`);
    // The suite derives the id from the content.
    return { id: read.event.eventId, json };
  };
}

function scheduleOf({ schedules }: Matchday, prng: Prng, index: number): Scheduled {
  const first = Math.floor(index / EVENTS_A_TIME) * MATCHES_A_TIME % schedules.length;
  const atOnce = Math.min(MATCHES_A_TIME, schedules.length - first);
  return schedules[first + prng.below(atOnce)]!;
}

/** The same for the same id, so that a repeated event is identical. */
function secondsInto(id: string): number {
  return Number.parseInt(id.slice(0, 6), 16) % SEND_SECONDS;
}

/** Fills an event up to the size that all contestants receive. */
export function padded(make: (filler: string) => string): string {
  const bare = make("").length;
  return make("v".repeat(Math.max(0, EVENT_BYTES - bare)));
}
