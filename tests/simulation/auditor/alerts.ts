/** Each fault raises its alert in time, and no alert stays open after its cause is gone. */
import { addHours, addMinutes, isEqual } from "date-fns";
import { currentOf, schedulesOf } from "./ledger.ts";
import {
  at,
  type AuditContext,
  type Findings,
  isMadeByHand,
  isProof,
  isToldWhole,
  matchOf,
  openAlerts,
  rowOf,
  SEND,
  wasAlerted,
} from "./context.ts";

/** Alerts on a schedule although it exists as wanted and its state is certain. */
const SCHEDULING_RULES = [
  "create_unknown",
  "create_failed",
  "move_failed",
  "delete_unconfirmed",
  "schedule_id_unknown",
  "create_inside_freeze",
  "change_inside_freeze",
  "brought_forward_inside_freeze",
  "brought_forward_too_late",
  "cancel_inside_freeze",
  "schedule_gap",
  "schedule_missing",
  "changed_before_send",
  "schedule_id_missing",
  "attempt_unknown",
];
/** Alerts on the suite itself: they resolve after an hour without faults. */
const OWN_RULES = ["function_stalled", "pg_net_failures", "partitions_low"];
const MISSING_SHARE = 0.8;
const MISSING_SENDS_MIN = 20;

export function auditAlerts(context: AuditContext, findings: Findings): void {
  for (const matchId of context.history.matchIds) {
    auditGone(matchId, context, findings);
    auditTakenBack(matchId, context, findings);
    auditUnexpected(matchId, context, findings);
    auditMissing(matchId, context, findings);
  }
  for (const { rule, fingerprint, resolved_at } of context.facts.alerts) {
    if (resolved_at !== null || !OWN_RULES.includes(rule)) continue;
    findings.violate("the suite is well again after a calm", `${fingerprint} is open`);
  }
}

/** False alarms: the state is correct, and an alert is open all the same. */
function auditGone(matchId: number, context: AuditContext, findings: Findings): void {
  const { facts, history, now } = context;
  const row = rowOf(context, matchId);
  if (row === undefined || facts.unsettled.some(({ match_id }) => Number(match_id) === matchId)) {
    return;
  }
  const isSettled = context.isLast && row.status === "sent";
  const wanted = history.wanted(matchId, now);
  const [live, ...more] = schedulesOf(row, row.generation, context)
    .filter(({ state }) => state === "scheduled");
  const isWell = row.status === "pending" && currentOf(row, context)?.state === "live" &&
    wanted !== null && live !== undefined &&
    more.length === 0 && live.id === row.braze_schedule_id && live.sendAt > addMinutes(now, 20) &&
    isEqual(live.sendAt, wanted.sendAt) &&
    facts.schedules.every(({ ledger_id, generation, state }) =>
      ledger_id !== row.id || generation === row.generation || state === "deleted" ||
      state === "failed" || state === "completed"
    );
  if (!isSettled && !isWell) return;
  const left = openAlerts(context, matchId).filter(({ rule }) => SCHEDULING_RULES.includes(rule));
  for (const { fingerprint } of left) {
    findings.violate(
      "an alert goes with its cause",
      `${fingerprint} is open, and match ${matchId} is ${isSettled ? "sent" : "scheduled well"}`,
    );
  }
}

/** Cancelled in the Braze dashboard, after a complete list has shown it. */
function auditTakenBack(matchId: number, context: AuditContext, findings: Findings): void {
  const { model, calmSince, now } = context;
  if (model.switchboard.current.listingMode !== "per_schedule" || context.isLast) return;
  const row = rowOf(context, matchId);
  if (row === undefined || row.cancel_reason === "operator") return;
  const current = currentOf(row, context);
  const gone = schedulesOf(row, row.generation, context).find(({ id, state, endedAt }) =>
    id === row.braze_schedule_id && state === "cancelled" && endedAt !== null && endedAt < calmSince
  );
  if (
    gone === undefined || current?.listed_at === null || gone.sendAt < addMinutes(calmSince, 90)
  ) {
    return;
  }
  // An empty list names no schedule, so it cannot prove that one is missing.
  const isListTelling = model.schedules.all.some(({ state, sendAt }) =>
    state === "scheduled" && sendAt > addMinutes(now, 1)
  );
  if (!isListTelling || context.history.wanted(matchId, now) === null) return;
  if (row.status === "cancelled" && wasAlerted(context, matchId, ["schedule_missing"])) return;
  findings.violate(
    "a schedule that is taken back is noticed",
    `match ${matchId}, due ${at(gone.sendAt)}, was cancelled by hand at ${
      at(gone.endedAt!)
    }; the row is ${row.status}, alerted: ${wasAlerted(context, matchId, ["schedule_missing"])}`,
  );
}

/** An old or deleted schedule was sent, and its events show it. */
function auditUnexpected(matchId: number, context: AuditContext, findings: Findings): void {
  const row = rowOf(context, matchId);
  if (row === undefined) return;
  for (const schedule of context.model.schedules.all) {
    if (isMadeByHand(schedule) || matchOf(schedule, context) !== matchId) continue;
    const { generation } = schedule.triggerProperties;
    const isUnwanted = schedule.state === "deleted" || Number(generation) < row.generation;
    const isTold = context.model.groundTruth.of(schedule.id).some((entry) =>
      isProof(entry) && isToldWhole(entry, context) && entry.carried.echo &&
      !entry.type.endsWith(".Open")
    );
    // A schedule that was sent before its successor was created was wanted at that time.
    const successor = schedulesOf(row, Number(generation) + 1, context)[0];
    const wasInTime = schedule.state === "sent" &&
      (successor === undefined || successor.createdAt > schedule.sendAt);
    if (!isUnwanted || !isTold || wasInTime) continue;
    const rules = ["unexpected_send", "double_push"];
    if (wasAlerted(context, matchId, rules)) continue;
    findings.violate(
      "a send that nobody wanted is told",
      `match ${matchId}, generation ${generation} (${schedule.state}), due ${at(schedule.sendAt)}`,
    );
  }
}

/** The suite received far fewer sends than Braze counts under the match's send id. */
function auditMissing(matchId: number, context: AuditContext, findings: Findings): void {
  const { model, now, calmSince } = context;
  const row = rowOf(context, matchId);
  if (row?.status !== "sent" || context.isLast) return;
  // Events without an origin may be the missing ones, so the suite cannot report them as missing.
  if (model.groundTruth.entries.some(({ carried }) => !carried.echo && !carried.sendId)) return;
  const sends = schedulesOf(row, row.generation, context)
    .flatMap(({ id }) => model.groundTruth.of(id))
    .filter(({ type, carried, schedule }) =>
      type === SEND && carried.echo && schedule.sendId === `match-${matchId}`
    );
  const reached = sends.filter(({ acknowledged }) => acknowledged > 0);
  const isJudged = row.send_id === `match-${matchId}` &&
    row.send_at_utc < addMinutes(calmSince, -90) && row.send_at_utc > addHours(now, -22);
  if (!isJudged || sends.length < MISSING_SENDS_MIN) return;
  if (reached.length > MISSING_SHARE * sends.length) return;
  // A schedule made by hand for the same match was sent too: its events hide the missing ones.
  const isFilledUp = model.groundTruth.entries.some(({ type, acknowledged, schedule }) =>
    type === SEND && acknowledged > 0 && isMadeByHand(schedule) &&
    matchOf(schedule, context) === matchId
  );
  if (isFilledUp) {
    findings.unknowable("events of a schedule made by hand fill up those that are missing");
    return;
  }
  if (wasAlerted(context, matchId, ["missing_webhooks"])) return;
  findings.violate(
    "events that are missing are told",
    `match ${matchId}: ${reached.length} of ${sends.length} sends reached us`,
  );
}
