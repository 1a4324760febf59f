/** Finds the faults of one upcoming send and selects the worst. Pure. */
import { isEqual, isSameMinute } from "date-fns";
import { type Gate, isShut } from "../_shared/braze/campaign_gate.ts";
import type { ListingMode } from "../_shared/braze/listing.ts";
import {
  type Intent,
  isFrozen,
  type Undecided,
  type Unwanted,
} from "../_shared/scheduling/intent.ts";
import { currentOf } from "../_shared/scheduling/schedule.ts";
import type { NearSend, PreflightResult } from "../_shared/store/preflight.ts";
import type { NextSend, Presence } from "../_shared/function/observe.ts";

/** Stored in alerts: never rename a value. */
export type Change = "kickoff" | "teams_or_properties" | Unwanted | Undecided;

export interface Surroundings {
  readonly intent: Intent;
  readonly gate: Gate;
  readonly presence: Presence;
  readonly listingMode: ListingMode;
  readonly nextSend: NextSend;
}

export interface Inspection {
  readonly send: NearSend;
  readonly gate: Gate;
  readonly result: PreflightResult;
  /** Differences from the schedule in Braze that came too late to be applied. */
  readonly changes: readonly Change[];
  readonly hasSchedule: boolean;
  /** Explains a `result` other than `ok`; else empty. */
  readonly reason: string;
}

export function inspect(
  send: NearSend,
  around: Surroundings,
  settings: { readonly freezeMs: number },
  now: Date,
): Inspection {
  const changes = isFrozen(send.sendAt, settings, now) ? changesOf(send, around.intent) : [];
  const found = { send, gate: around.gate, changes, hasSchedule: holdsSchedule(send) };
  return { ...found, ...judge(found, around) };
}

/** Ordered from worst to least. */
function judge(
  { send, gate, changes, hasSchedule }: Omit<Inspection, "result" | "reason">,
  { presence, listingMode, nextSend }: Surroundings,
): Pick<Inspection, "result" | "reason"> {
  // A stopped campaign may hide its schedules until it resumes, so their absence cancels nothing.
  if (isShut(gate)) {
    return { result: "campaign_stopped", reason: `The campaign is ${gate.state}` };
  }
  if (presence === "absent") {
    return { result: "absent", reason: "Braze's list has lacked the schedule twice" };
  }
  if (!hasSchedule) {
    return { result: "no_schedule_id", reason: "No schedule in Braze is known" };
  }
  if (changes.length > 0) {
    return { result: "changed", reason: `Changed: ${changes.join(", ")}` };
  }

  const isNextSend = nextSend.agrees === true && nextSend.expected !== null &&
    isSameMinute(nextSend.expected, send.sendAt);
  if (gate.state === "open" && presence !== "present" && isNextSend) {
    return {
      result: "not_contradicted",
      reason: "The next send that Braze lists is in the minute of this one",
    };
  }
  const doubts = [
    ...(gate.state === "unknown" ? [gate.detail] : []),
    ...(presence === "present" ? [] : [DOUBTS[listingMode]]),
  ];
  return doubts.length === 0
    ? { result: "ok", reason: "" }
    : { result: "unknown", reason: doubts.join("; ") };
}

const DOUBTS: Readonly<Record<ListingMode, string>> = {
  per_schedule: "The listing lacks the schedule, which does not prove its absence yet",
  per_campaign: "The listing names campaigns, not schedules",
  empty: "The listing shows no schedule of our campaign",
  unavailable: "The listing could not be read",
};

/** Braze may have a schedule of the current generation, and its id is known. */
function holdsSchedule({ ledger }: NearSend): boolean {
  const current = currentOf(ledger);
  return current !== undefined && current.brazeScheduleId !== null &&
    current.state !== "failed" && current.state !== "deleted";
}

function changesOf({ fixture, ledger }: NearSend, intent: Intent): Change[] {
  const { madeFor } = ledger;
  // A team that `teams` lacks by now changes nothing: the schedule was made when both were known.
  const isMissing = intent.wanted === null
    ? intent.reason === "unknown_team"
    : intent.wanted && !intent.isComplete;
  const isSame = isMissing && madeFor !== null && madeFor.homeTeam === fixture.homeTeam &&
    madeFor.awayTeam === fixture.awayTeam;
  if (!intent.wanted) return isSame ? [] : [intent.reason];
  const current = currentOf(ledger);
  const isOnTime = current !== undefined && current.movingTo === null &&
    isEqual(current.sendAt, intent.sendAt);
  return [
    ...(isOnTime ? [] : ["kickoff" as const]),
    ...(ledger.signature === intent.signature || isSame ? [] : ["teams_or_properties" as const]),
  ];
}
