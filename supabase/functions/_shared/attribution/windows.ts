/** Which schedule of a match an event belongs to, judged by its time. Pure. */
import { addMilliseconds, min, subMilliseconds } from "date-fns";
import type { Evidence, LedgerFacts, Policy, ScheduleFacts, Timing } from "./evidence.ts";

/** Clocks differ, so a send may seem to be this much early. */
export const EARLY_MS_MAX = 2 * 60_000;

export interface Placement {
  readonly generation: number | null;
  readonly timing: Timing | null;
  /** The event proves a send of `generation`; with null, of the match. */
  readonly canProve: boolean;
}

/**
 * `claimed`: the generation that the event itself or its identifier names, or null. An event is tied to its match at any
 * time, but to a schedule only at a time that the schedule had.
 */
export function placeIn(
  ledger: LedgerFacts,
  claimed: number | null,
  evidence: Evidence,
  policy: Policy,
): Placement {
  const ofCampaign = ledger.schedules.filter(({ campaignId }) =>
    evidence.campaignId === null || campaignId === evidence.campaignId
  );
  const possible = claimed === null
    ? withoutRefused(ofCampaign)
    : ofCampaign.filter(({ generation }) => generation === claimed);
  if (possible.length === 0) return { generation: null, timing: null, canProve: false };

  const inTime = possible.filter((schedule) => isInTime(timingOf(schedule, evidence, policy)));
  if (inTime.length === 0) {
    const isEarly = possible.every((one) => timingOf(one, evidence, policy) === "early");
    return { generation: null, timing: isEarly ? "early" : "late", canProve: false };
  }
  const present = inTime.filter((schedule) => !wasAbsent(schedule, evidence, policy));
  const only = onlyOne(inTime) ?? onlyOne(present);
  if (only !== undefined) {
    const timing = timingOf(only, evidence, policy);
    return { generation: only.generation, timing, canProve: true };
  }
  const left = present.length === 0 ? inTime : present;
  return {
    generation: null,
    timing: "in_window",
    canProve: left.some(({ generation }) => generation === ledger.generation) && areOfOneDay(left),
  };
}

/** Whether the time of the event is a send time. A time in the future is none. */
export function isSendTime({ timeKind, sentAt, receivedAt }: Evidence): boolean {
  return timeKind === "send" && sentAt <= addMilliseconds(receivedAt, EARLY_MS_MAX);
}

/** The send was not later than this. */
export function latestSendTime({ sentAt, receivedAt }: Evidence): Date {
  return sentAt < receivedAt ? sentAt : receivedAt;
}

/** No event can predate its send, nor be received before it, whatever time it states. */
function timingOf(schedule: ScheduleFacts, evidence: Evidence, policy: Policy): Timing {
  const latest = latestSendTime(evidence);
  const begun = schedule.times.filter(({ at }) => latest >= subMilliseconds(at, EARLY_MS_MAX));
  if (begun.length === 0) return "early";
  const isSend = isSendTime(evidence);
  const around = begun.filter(({ at }) => latest <= addMilliseconds(at, policy.windowMs));
  // The send of an open may be days before it, at any time that has begun.
  const possible = (isSend ? around : begun).some(({ at, leftAt }) =>
    leftAt === null || leftAt > subMilliseconds(isSend ? latest : at, policy.freezeMs)
  );
  if (possible) return "in_window";
  if (around.length > 0) return "moved_away";
  // Only a send is late. Else the schedule has left all times that have begun, and the present one is still to come.
  return isSend ? "late" : "early";
}

function isInTime(timing: Timing): boolean {
  return timing === "in_window" || timing === "moved_away";
}

function firstTimeOf({ times }: ScheduleFacts): Date {
  return min(times.map(({ at }) => at));
}

/** What Braze refused has sent nothing, as long as there is another one. */
function withoutRefused(schedules: readonly ScheduleFacts[]): readonly ScheduleFacts[] {
  const made = schedules.filter(({ state }) => state !== "failed");
  return made.length === 0 ? schedules : made;
}

/** It was deleted or shut out by the send gate long enough before the send. */
function wasAbsent(schedule: ScheduleFacts, evidence: Evidence, policy: Policy): boolean {
  const { deletedAt, shutOutAt } = schedule;
  // An open may be of a send at any time since the first planned one.
  const sentFrom = isSendTime(evidence) ? evidence.sentAt : firstTimeOf(schedule);
  return (deletedAt !== null && deletedAt <= subMilliseconds(sentFrom, policy.freezeMs)) ||
    (shutOutAt !== null && shutOutAt <= sentFrom);
}

function areOfOneDay(schedules: readonly ScheduleFacts[]): boolean {
  const days = schedules.map(({ sendAt }) => sendAt.toISOString().slice(0, "2024-12-07".length));
  return new Set(days).size === 1;
}

function onlyOne<T>(items: readonly T[]): T | undefined {
  return items.length === 1 ? items[0] : undefined;
}
