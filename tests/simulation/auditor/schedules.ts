/** Checks that Braze's schedules are the wanted ones and belong to the ledger, or that an alert is open. */
import { addMinutes, isEqual } from "date-fns";
import type { Schedule } from "../../../local/braze_sandbox/schedules.ts";
import { isBlockedByGate } from "./gate.ts";
import type { WantedPush } from "../history.ts";
import type { LedgerRow } from "./facts.ts";
import { currentOf, schedulesOf } from "./ledger.ts";
import {
  at,
  type AuditContext,
  type Findings,
  generationOf,
  isMadeByHand,
  namedMatchOf,
  openAlerts,
  rowOf,
} from "./context.ts";

/** No schedule is created or moved this close to its send, given a run every five minutes. */
const OUT_OF_REACH_MINUTES = 35;
const HORIZON_MINUTES = 7 * 24 * 60;

export function auditSchedules(context: AuditContext, findings: Findings): void {
  for (const matchId of context.history.matchIds) auditWanted(matchId, context, findings);
  for (const schedule of context.model.schedules.all) auditUnmanaged(schedule, context, findings);
  auditCounts(context, findings);
}

/** Each wanted match has exactly one schedule as wanted, or an alert. */
function auditWanted(matchId: number, context: AuditContext, findings: Findings): void {
  const { now, calmSince, history, recorder } = context;
  const wanted = history.wanted(matchId, now);
  const row = rowOf(context, matchId);
  if (wanted === null || row?.status === "sent") return;
  if (row?.cancel_reason === "operator" || row?.cancel_reason === "dashboard") return;
  const reach = addMinutes(calmSince, OUT_OF_REACH_MINUTES);
  if (wanted.sendAt < reach || wanted.sendAt <= now) return;
  if (wanted.sendAt > addMinutes(now, HORIZON_MINUTES)) return;
  if (openAlerts(context, matchId).length > 0) return;

  const live = row === undefined ? [] : schedulesOf(row, row.generation, context)
    .filter(({ state }) => state === "scheduled");
  const [schedule] = live;
  if (row === undefined || schedule === undefined) {
    const isCancelledByHand = row !== undefined &&
      schedulesOf(row, row.generation, context).some(({ state }) =>
        state === "cancelled" || state === "stopped"
      );
    // Only a list of single schedules that has shown this one before proves its absence.
    const isKnowable = context.model.switchboard.current.listingMode === "per_schedule" &&
      row !== undefined && currentOf(row, context)?.listed_at !== null;
    if (isCancelledByHand && !isKnowable) {
      findings.unknowable("a schedule is cancelled by hand, and no list shows it");
      return;
    }
    findings.violate(
      "a wanted match is scheduled or has an alert",
      `match ${matchId}, wanted at ${at(wanted.sendAt)}, has nothing live at ${at(now)} (row ${
        row?.status ?? "missing"
      }, generation ${row?.generation}, ${row && currentOf(row, context)?.state})`,
    );
    return;
  }
  const asked = recorder.creates.find(({ ledgerId, generation }) =>
    ledgerId === row.id && generation === row.generation
  );
  if (isAsWanted(schedule, row, wanted, context) && live.length === 1) return;
  findings.violate(
    "a schedule is as wanted",
    `match ${matchId}: ${live.length} live, at ${at(schedule.sendAt)} for ${asked?.teams} ${
      JSON.stringify(asked?.properties)
    }; wanted at ${at(wanted.sendAt)} for ${wanted.teams} ${JSON.stringify(wanted.properties)}`,
  );
}

/** Without a row of each team in `teams`, what exists stays as it is, but for its time. */
export function isAsWanted(
  schedule: Schedule,
  row: LedgerRow,
  wanted: WantedPush,
  { history, recorder, decided, now }: AuditContext,
): boolean {
  const asked = decided.adopted.get(schedule.id)?.wanted ??
    recorder.creates.find(({ ledgerId, generation }) =>
      ledgerId === row.id && generation === row.generation
    );
  const isJudged = history.audience(Number(row.match_id), now).isComplete;
  return isEqual(schedule.sendAt, wanted.sendAt) && (!isJudged ||
    isSame(asked?.teams, wanted.teams) &&
      Object.entries(wanted.properties).every(([name, value]) =>
        asked?.properties[name] === value
      ));
}

/** Each unmanaged schedule is told if the list shows single schedules; what is second for certain does not stay live. */
function auditUnmanaged(schedule: Schedule, context: AuditContext, findings: Findings): void {
  const { now, calmSince, facts, model } = context;
  if (schedule.state !== "scheduled" || schedule.sendAt <= now) return;
  // The suite requests no list beyond the horizon.
  if (schedule.sendAt > addMinutes(now, HORIZON_MINUTES)) return;
  const owner = facts.ledger.find(({ braze_schedule_id, status }) =>
    braze_schedule_id === schedule.id && status !== "cancelled"
  );
  if (owner !== undefined) return;
  const matchId = namedMatchOf(schedule, context);
  const alerts = matchId === null ? [] : openAlerts(context, matchId);
  if (context.decided.kept.has(schedule.id)) return;
  const isListed = model.switchboard.current.listingMode === "per_schedule";
  if (!isListed) {
    if (isBlockedByGate(schedule, matchId, context)) return;
    if (isMadeByHand(schedule)) {
      findings.unknowable("a schedule is made by hand, and no list shows it");
    } else if (context.sentAgain.has(schedule.id)) {
      findings.unknowable("a deleted schedule is there again, and no list shows it");
    } else if (matchId !== null && context.released.has(matchId)) {
      findings.unknowable("a person released a schedule, and no list shows it");
    } else if (alerts.length === 0) {
      findings.violate(
        "each schedule has an owner or an alert",
        `match ${matchId}: generation ${schedule.triggerProperties.generation} is live, due ${
          at(schedule.sendAt)
        }, no row owns it and no alert is open`,
      );
    }
    return;
  }
  const isCapped = facts.alerts.some(({ rule, resolved_at }) =>
    rule === "cancellation_limit_reached" && resolved_at === null
  );
  // Due before the third list of the truce, and so too early to be cancelled by it.
  if (isCapped || schedule.sendAt < addMinutes(calmSince, 90)) return;
  if (matchId !== null && isHeld(matchId, context)) return;
  const isTold = facts.alerts.some(({ fingerprint, resolved_at }) =>
    fingerprint === `unmanaged_schedule:${schedule.id}` && resolved_at === null
  );
  const row = matchId === null ? undefined : rowOf(context, matchId);
  const generation = generationOf(schedule);
  // Of our own, and older than the current one, which the same list shows. What a person or another suite made stays.
  const isSecond = !isMadeByHand(schedule) && row !== undefined && generation !== null &&
    generation < row.generation && row.status === "pending" &&
    currentOf(row, context)?.state === "live";
  if (isTold && !isSecond) return;
  findings.violate(
    "no unmanaged schedule stays live",
    `${schedule.id} of match ${matchId}, generation ${schedule.triggerProperties.generation}, made by ${schedule.origin}, is due ${
      at(schedule.sendAt)
    }, and no row owns it (${alerts.map(({ rule }) => rule)})`,
  );
}

/** Whether the suite keeps an unmanaged schedule, since it may be the match's only push. */
function isHeld(matchId: number, context: AuditContext): boolean {
  const row = rowOf(context, matchId);
  if (row === undefined) return false;
  if (row.status === "cancelled") return row.cancel_reason === "dashboard";
  const state = currentOf(row, context)?.state;
  return row.status === "pending" &&
    (row.braze_schedule_id === null || state === "deleted" || state === "deleting" ||
      state === "unknown");
}

/** The count audit agrees with the ground truth if the list shows single schedules. */
function auditCounts(context: AuditContext, findings: Findings): void {
  const { counts, facts, model, now } = context;
  if (counts === null) return;
  if (model.switchboard.current.listingMode !== "per_schedule") {
    if (counts.status !== "unknown") {
      findings.violate("the count audit is unknown without a list", JSON.stringify(counts));
    }
    return;
  }
  // An empty list proves nothing either.
  const live = model.schedules.all.filter(({ state, sendAt }) =>
    state === "scheduled" && sendAt > now && sendAt <= addMinutes(now, HORIZON_MINUTES)
  );
  if (live.length === 0 && counts.status === "unknown") return;
  const pending = facts.ledger.filter(({ status, send_at_utc }) =>
    status === "pending" && send_at_utc > now && send_at_utc <= addMinutes(now, HORIZON_MINUTES)
  );
  const standing = new Map(pending.map((row) => [row, standsFor(row.id, row, live)]));
  const missing = pending.filter((row) => standing.get(row) === undefined)
    .map(({ match_id }) => Number(match_id)).sort();
  const extra = live.filter((schedule) => ![...standing.values()].includes(schedule))
    .map(({ id }) => id).sort();
  if (isSame(counts.missing ?? [], missing) && isSame(counts.extra ?? [], extra)) return;
  findings.violate(
    "the count audit is correct",
    `it reports ${counts.status}, missing ${counts.missing}, extra ${counts.extra}; in truth missing ${missing}, extra ${extra}`,
  );
}

function standsFor(
  ledgerId: string,
  { braze_schedule_id, generation }: {
    readonly braze_schedule_id: string | null;
    readonly generation: number;
  },
  live: readonly Schedule[],
): Schedule | undefined {
  return live.find(({ id, triggerProperties }) =>
    braze_schedule_id !== null
      ? id === braze_schedule_id
      : triggerProperties.ledger_id === ledgerId && triggerProperties.generation === generation
  );
}

function isSame<T>(a: readonly T[] | undefined, b: readonly T[]): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
