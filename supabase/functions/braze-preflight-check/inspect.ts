/** What is wrong with one send that is near, and which of it is worst. Pure. */
import { isEqual } from "date-fns";
import { type Gate, isShut } from "../_shared/braze/campaign_gate.ts";
import type { ListingMode } from "../_shared/braze/listing.ts";
import { type Intent, isFrozen, type Unwanted } from "../_shared/scheduling/intent.ts";
import type { NearSend, PreflightResult } from "../_shared/store/preflight.ts";
import type { Presence } from "../_shared/function/listing.ts";

/** These are stored: never rename one. */
export type Change = "kickoff" | "teams_or_properties" | Unwanted;

export interface Surroundings {
  readonly intent: Intent;
  readonly gate: Gate;
  readonly presence: Presence;
  /** null where nobody had to ask for a listing. */
  readonly listingMode: ListingMode | null;
}

export interface Inspection {
  readonly send: NearSend;
  readonly gate: Gate;
  readonly result: PreflightResult;
  /** What differs from what Braze was asked for, and is too late to be carried into Braze. */
  readonly changes: readonly Change[];
  readonly hasSchedule: boolean;
  /** Why `result` is not `ok`, in words. */
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

/** The worst wins: each line is worse than those under it. */
function judge(
  { gate, changes, hasSchedule }: Omit<Inspection, "result" | "reason">,
  { presence, listingMode }: Surroundings,
): Pick<Inspection, "result" | "reason"> {
  // What a stopped campaign hides from the list may come back with it, so nothing is taken back for that.
  if (isShut(gate)) {
    return { result: "campaign_stopped", reason: `The campaign is ${gate.state}` };
  }
  if (presence === "absent") {
    return { result: "absent", reason: "Two successive listings lack the schedule" };
  }
  if (!hasSchedule) {
    return { result: "no_schedule_id", reason: "No schedule in Braze is known" };
  }
  if (changes.length > 0) {
    return { result: "changed", reason: `Changed: ${changes.join(", ")}` };
  }

  const doubts = [
    ...(gate.state === "unknown" ? [gate.detail] : []),
    ...(presence === "present" ? [] : [DOUBTS[listingMode ?? "unavailable"]]),
  ];
  return doubts.length === 0
    ? { result: "ok", reason: "" }
    : { result: "unknown", reason: doubts.join("; ") };
}

const DOUBTS: Readonly<Record<ListingMode, string>> = {
  per_schedule: "The listing lacks the schedule, which does not prove its absence yet",
  per_campaign: "The listing names campaigns, not schedules",
  empty: "The listing shows nothing of ours",
  unavailable: "The listing could not be read",
};

/** Braze has, or may have, a schedule of the current generation, and we know its name. */
function holdsSchedule({ ledger }: NearSend): boolean {
  const current = currentOf(ledger);
  return current !== undefined && current.brazeScheduleId !== null &&
    current.state !== "failed" && current.state !== "deleted";
}

function changesOf({ ledger }: NearSend, intent: Intent): Change[] {
  if (!intent.wanted) return [intent.reason];
  const current = currentOf(ledger);
  const isOnTime = current !== undefined && current.movingTo === null &&
    isEqual(current.sendAt, intent.sendAt);
  return [
    ...(isOnTime ? [] : ["kickoff" as const]),
    ...(ledger.signature === intent.signature ? [] : ["teams_or_properties" as const]),
  ];
}

export function currentOf({ schedules, generation }: NearSend["ledger"]) {
  return schedules.find((schedule) => schedule.generation === generation);
}
