/** Attributes a send by its time alone. Pure. */
import { differenceInMilliseconds } from "date-fns";
import type { Context, Evidence, LedgerFacts, ScheduleFacts } from "./evidence.ts";

/** Maximum distance between an event and a planned send for attribution by time alone. */
const TIME_WINDOW_MS = 2 * 60_000;
/**
 * Another schedule within this distance makes attribution by time a guess: sends are spread over minutes and clocks
 * differ, so the end of one send overlaps the start of the next.
 */
export const TIME_GUARD_MS = 10 * 60_000;
/** How much closer the closest of several matches must be than the next one. */
export const CLEAR_MARGIN_MS = 60_000;

export type FoundByTime =
  | { readonly reason: "no_candidate" | "tie"; readonly matchIds: readonly number[] }
  | {
    readonly ledger: LedgerFacts;
    /** It is the only match around that time, and its schedule is certainly in Braze. */
    readonly isCertain: boolean;
    readonly matchIds: readonly number[];
  };

interface Candidate {
  readonly ledger: LedgerFacts;
  readonly distanceMs: number;
}

export function attributeByTime(evidence: Evidence, context: Context): FoundByTime {
  const around = candidatesAround(evidence, context);
  const [closest, next] = around;
  if (closest === undefined || closest.distanceMs > TIME_WINDOW_MS) {
    return { reason: "no_candidate", matchIds: [] };
  }
  if (next === undefined) {
    return {
      ledger: closest.ledger,
      isCertain: isCertain(closest.ledger, evidence, context),
      matchIds: [closest.ledger.matchId],
    };
  }
  if (next.distanceMs - closest.distanceMs < CLEAR_MARGIN_MS) {
    const tied = around.filter(({ distanceMs }) =>
      distanceMs - closest.distanceMs < CLEAR_MARGIN_MS
    );
    return { reason: "tie", matchIds: tied.map(({ ledger }) => ledger.matchId) };
  }
  return {
    ledger: closest.ledger,
    isCertain: false,
    matchIds: around.map(({ ledger }) => ledger.matchId),
  };
}

/**
 * Every match with a schedule near the event, closest first. Times that a schedule has left, and cancelled, deleted and
 * unknown schedules count too: an event of a schedule that survived its delete must not be attributed to another match.
 */
function candidatesAround(evidence: Evidence, { ledgers }: Context): Candidate[] {
  return ledgers
    .map((ledger) => ({
      ledger,
      distanceMs: Math.min(
        ...ledger.schedules
          .filter((schedule) => isPossible(schedule, evidence))
          .flatMap(({ times }) => times.map(({ at }) => distanceMs(at, evidence))),
      ),
    }))
    .filter(({ distanceMs }) => distanceMs <= TIME_GUARD_MS)
    .sort((a, b) => a.distanceMs - b.distanceMs || a.ledger.matchId - b.ledger.matchId);
}

/** Without a campaign, with extras that are not ours, or near a schedule that is not ours, the time is a guess. */
function isCertain(ledger: LedgerFacts, evidence: Evidence, { unmanaged }: Context): boolean {
  return evidence.campaignId !== null && !evidence.hasForeignExtras &&
    !unmanaged.some(({ campaignId, sendAt }) =>
      isOfCampaign(campaignId, evidence) && distanceMs(sendAt, evidence) <= TIME_GUARD_MS
    ) &&
    ledger.schedules.some((schedule) => isCertainlyDue(schedule, evidence)) &&
    ledger.schedules.every((schedule) =>
      isCertainlyDue(schedule, evidence) || !isAround(schedule, evidence)
    );
}

/** Braze certainly has the schedule, at this time and at no other. */
function isCertainlyDue(schedule: ScheduleFacts, evidence: Evidence): boolean {
  return (schedule.state === "live" || schedule.state === "completed") &&
    schedule.movingTo === null && schedule.deletedAt === null &&
    schedule.campaignId === evidence.campaignId &&
    distanceMs(schedule.sendAt, evidence) <= TIME_WINDOW_MS;
}

function isAround(schedule: ScheduleFacts, evidence: Evidence): boolean {
  return isPossible(schedule, evidence) &&
    schedule.times.some(({ at }) => distanceMs(at, evidence) <= TIME_GUARD_MS);
}

/** A schedule that Braze refused is named by an event, or it has sent nothing. */
function isPossible({ state, campaignId }: ScheduleFacts, evidence: Evidence): boolean {
  return state !== "failed" && isOfCampaign(campaignId, evidence);
}

function isOfCampaign(campaignId: string, evidence: Evidence): boolean {
  return evidence.campaignId === null || evidence.campaignId === campaignId;
}

function distanceMs(at: Date, { sentAt }: Evidence): number {
  return Math.abs(differenceInMilliseconds(sentAt, at));
}
