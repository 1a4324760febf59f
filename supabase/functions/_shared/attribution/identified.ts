/** Writes as columns the events that the database can attribute by their echo alone. Pure. */
import { isLedgerId, ledgerIdOf } from "./echo.ts";
import { proofOf } from "./correlate.ts";
import { matchOfSendId } from "./own_send_id.ts";
import { type Evidence, type Proof, TEST_DISPATCH_ID } from "./evidence.ts";
import { isSendTime, latestSendTime } from "./windows.ts";

/** What many events have in common, as the database reads it. */
export interface EchoKind {
  readonly ledger_id: string;
  readonly match_id: string | null;
  readonly generation: string;
  readonly attempt_id: string | null;
  /** The match of a send id of our own form. */
  readonly own_match_id: number | null;
  readonly campaign_id: string;
  readonly schedule_id: string | null;
  readonly send_id: string | null;
  readonly dispatch_id: string | null;
  readonly event_type: string;
  readonly channel: string;
  readonly time_kind: string;
  readonly proof: Proof | null;
  readonly echoed_ledger_id: string;
  readonly echoed_match_id: string | null;
  readonly echoed_generation: string;
  readonly echoed_attempt_id: string | null;
  /** Not later than any of their sends, and the last time of a send. */
  readonly first_at: Date;
  readonly last_send_at: Date | null;
}

export interface IdentifiableEvent {
  readonly eventId: string;
  readonly claim: "strong" | "weak" | null;
  readonly evidence: Evidence;
}

export interface IdentifiedEvents<Event> {
  readonly kinds: readonly EchoKind[];
  /** Each event once, with the index of its kind, from 0. */
  readonly events: readonly { readonly event: Event; readonly kind: number }[];
  /** Of each request the places of its events in `events`; a repetition has the place of the first. */
  readonly places: readonly (readonly number[])[];
  /** How often each event is repeated; null when none is. */
  readonly copies: readonly number[] | null;
}

const DIGITS = /^(?:0|[1-9][0-9]{0,14})$/;
const GENERATION = /^[1-9][0-9]{0,5}$/;

/** Whether the echo may decide; otherwise the full policy does. */
export function isIdentifiable(evidence: Evidence): boolean {
  const { echoedLedgerId, echoedMatchId, echoedGeneration, echoedAttemptId } = evidence;
  return isLedgerId(echoedLedgerId) &&
    echoedGeneration !== null && GENERATION.test(echoedGeneration) &&
    (echoedMatchId === null || DIGITS.test(echoedMatchId)) &&
    (echoedAttemptId === null || isLedgerId(echoedAttemptId)) &&
    evidence.campaignId !== null && evidence.canvasId === null &&
    evidence.dispatchId !== TEST_DISPATCH_ID &&
    // A send time in the future is none.
    (evidence.timeKind !== "send" || isSendTime(evidence));
}

/** `requests`: events that are identifiable. In a typical batch a hundred events are of one kind. */
export function asColumns<Event extends IdentifiableEvent>(
  requests: readonly (readonly Event[])[],
): IdentifiedEvents<Event> {
  const kinds: { -readonly [Name in keyof EchoKind]: EchoKind[Name] }[] = [];
  const kindPlaces = new Map<string, number>();
  const events: { event: Event; kind: number }[] = [];
  const eventPlaces = new Map<string, number>();
  const copies: number[] = [];
  let hasCopies = false;
  const places = requests.map((request) => request.map(placeOf));
  return { kinds, events, places, copies: hasCopies ? copies : null };

  function placeOf(event: Event): number {
    const { sentAt, timeKind } = event.evidence;
    // A message without a time of its own has the time of its first receipt.
    const key = `${event.eventId}\0${event.claim === null ? sentAt.getTime() : ""}`;
    const known = eventPlaces.get(key);
    if (known !== undefined) {
      hasCopies = true;
      copies[known]!++;
      return known;
    }
    const place = events.length;
    eventPlaces.set(key, place);
    const kind = kindOf(event.evidence);
    events.push({ event, kind });
    copies.push(0);
    const group = kinds[kind]!;
    const firstAt = latestSendTime(event.evidence);
    if (firstAt < group.first_at) group.first_at = firstAt;
    if (timeKind === "send" && (group.last_send_at === null || sentAt > group.last_send_at)) {
      group.last_send_at = sentAt;
    }
    return place;
  }

  function kindOf(evidence: Evidence): number {
    const { echoedLedgerId, echoedMatchId, echoedGeneration, echoedAttemptId } = evidence;
    const { campaignId, scheduleId, sendId, dispatchId, eventType, channel, timeKind } = evidence;
    const key = `${echoedLedgerId}\0${echoedMatchId}\0${echoedGeneration}\0${echoedAttemptId}\0` +
      `${campaignId}\0${scheduleId}\0${sendId}\0${dispatchId}\0${eventType}\0${channel}\0${timeKind}`;
    const known = kindPlaces.get(key);
    if (known !== undefined) return known;
    const place = kinds.length;
    kindPlaces.set(key, place);
    kinds.push({
      ledger_id: ledgerIdOf(echoedLedgerId!),
      match_id: echoedMatchId,
      generation: echoedGeneration!,
      attempt_id: echoedAttemptId,
      own_match_id: sendId === null ? null : matchOfSendId(sendId),
      campaign_id: campaignId!,
      schedule_id: scheduleId,
      send_id: sendId,
      dispatch_id: dispatchId,
      event_type: eventType,
      channel,
      time_kind: timeKind,
      proof: proofOf(evidence),
      echoed_ledger_id: echoedLedgerId!,
      echoed_match_id: echoedMatchId,
      echoed_generation: echoedGeneration!,
      echoed_attempt_id: echoedAttemptId,
      first_at: latestSendTime(evidence),
      last_send_at: null,
    });
    return place;
  }
}
