/** Checks that each fault raised its alert in time, and that no alert outlives its cause. */
import { addHours, addMinutes } from "date-fns";
import { currentOf, schedulesOf } from "./ledger.ts";
import { isAsWanted } from "./schedules.ts";
import {
  at,
  type AuditContext,
  type Findings,
  isMadeByHand,
  isProof,
  isReportedWhole,
  matchOf,
  openAlerts,
  rowOf,
  SEND,
  wasAlerted,
} from "./context.ts";

/** Alerts about a schedule, which must resolve when it exists as wanted. */
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
/** Alerts about the suite itself, which must resolve within a calm hour. */
const OWN_RULES = ["function_stalled", "pg_net_failures", "partitions_low"];
const MISSING_SHARE = 0.8;
const MISSING_SENDS_MIN = 20;

export function auditAlerts(context: AuditContext, findings: Findings): void {
  for (const matchId of context.history.matchIds) {
    auditOutlivingAlerts(matchId, context, findings);
    auditCancelledByHand(matchId, context, findings);
    auditUnexpected(matchId, context, findings);
    auditMissing(matchId, context, findings);
  }
  for (const { rule, fingerprint, resolved_at } of context.facts.alerts) {
    if (resolved_at !== null || !OWN_RULES.includes(rule)) continue;
    // A call that pg_net sends hours late is refused, and that counts as a failure for an hour.
    if (rule === "pg_net_failures" && context.now < addMinutes(context.netLateUntil, 70)) continue;
    findings.violate("the suite recovers in a calm period", `${fingerprint} is open`);
  }
}

/** No alert about a schedule stays open when the match is sent or scheduled as wanted. */
function auditOutlivingAlerts(matchId: number, context: AuditContext, findings: Findings): void {
  const { facts, history, now } = context;
  const row = rowOf(context, matchId);
  if (row === undefined || facts.unresolved.some(({ match_id }) => Number(match_id) === matchId)) {
    return;
  }
  const isSent = context.isLast && row.status === "sent";
  const wanted = history.wanted(matchId, now);
  const [live, ...more] = schedulesOf(row, row.generation, context)
    .filter(({ state }) => state === "scheduled");
  const isWell = row.status === "pending" && currentOf(row, context)?.state === "live" &&
    wanted !== null && live !== undefined &&
    more.length === 0 && live.id === row.braze_schedule_id && live.sendAt > addMinutes(now, 20) &&
    isAsWanted(live, row, wanted, context) &&
    facts.schedules.every(({ ledger_id, generation, state }) =>
      ledger_id !== row.id || generation === row.generation || state === "deleted" ||
      state === "failed" || state === "completed"
    );
  if (!isSent && !isWell) return;
  const left = openAlerts(context, matchId).filter(({ rule }) => SCHEDULING_RULES.includes(rule));
  for (const { fingerprint } of left) {
    findings.violate(
      "an alert resolves with its cause",
      `${fingerprint} is open, and match ${matchId} is ${isSent ? "sent" : "scheduled as wanted"}`,
    );
  }
}

/** A schedule that was cancelled in the dashboard is noticed if the list has shown it before. */
function auditCancelledByHand(matchId: number, context: AuditContext, findings: Findings): void {
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
  // An empty list proves nothing, so nothing is missing from it.
  const isListConclusive = model.schedules.all.some(({ state, sendAt }) =>
    state === "scheduled" && sendAt > addMinutes(now, 1)
  );
  if (!isListConclusive || context.history.wanted(matchId, now) === null) return;
  if (row.status === "cancelled" && wasAlerted(context, matchId, ["schedule_missing"])) return;
  const isTakenForOurs = row.status === "sent" &&
    model.schedules.all.some((schedule) =>
      isMadeByHand(schedule) && matchOf(schedule, context) === matchId &&
      model.groundTruth.of(schedule.id).some(isProof)
    );
  if (isTakenForOurs) {
    findings.unknowable("a schedule made by hand was taken for ours");
    return;
  }
  findings.violate(
    "a schedule that is cancelled by hand is noticed",
    `match ${matchId}, due ${at(gone.sendAt)}, was cancelled by hand at ${
      at(gone.endedAt!)
    }; the row is ${row.status}, alerted: ${wasAlerted(context, matchId, ["schedule_missing"])}`,
  );
}

/** The send of an old or deleted schedule raises an alert if its events show it. */
function auditUnexpected(matchId: number, context: AuditContext, findings: Findings): void {
  const row = rowOf(context, matchId);
  if (row === undefined) return;
  for (const schedule of context.model.schedules.all) {
    if (isMadeByHand(schedule) || matchOf(schedule, context) !== matchId) continue;
    const { generation } = schedule.triggerProperties;
    const isUnwanted = schedule.state === "deleted" || Number(generation) < row.generation;
    const isReported = context.model.groundTruth.of(schedule.id).some((entry) =>
      isProof(entry) && isReportedWhole(entry, context) && entry.carried.echo &&
      !entry.type.endsWith(".Open")
    );
    // A schedule that was sent before its successor was created was wanted then.
    const successor = schedulesOf(row, Number(generation) + 1, context)[0];
    const wasInTime = schedule.state === "sent" &&
      (successor === undefined || successor.createdAt > schedule.sendAt);
    if (!isUnwanted || !isReported || wasInTime) continue;
    // One that Braze sends again may be sent at any time.
    const untimely = context.sentAgain.has(schedule.id) ? ["sent_early", "sent_late"] : [];
    const rules = ["unexpected_send", "double_push", ...untimely];
    if (wasAlerted(context, matchId, rules)) continue;
    findings.violate(
      "an unwanted send raises an alert",
      `match ${matchId}, generation ${generation} (${schedule.state}), due ${at(schedule.sendAt)}`,
    );
  }
}

/** Missing events raise an alert: far fewer sends reached us than Braze counts for the match's own send id. */
function auditMissing(matchId: number, context: AuditContext, findings: Findings): void {
  const { model, now, calmSince } = context;
  const row = rowOf(context, matchId);
  if (row?.status !== "sent" || context.isLast) return;
  // Received events without evidence of their origin may be the missing ones.
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
  // Events of a second schedule for the match, made by hand, may compensate for the missing ones.
  const isFilledUp = model.groundTruth.entries.some(({ type, acknowledged, schedule }) =>
    type === SEND && acknowledged > 0 && isMadeByHand(schedule) &&
    matchOf(schedule, context) === matchId
  );
  if (isFilledUp) {
    findings.unknowable("events of a schedule made by hand compensate for missing ones");
    return;
  }
  if (wasAlerted(context, matchId, ["missing_webhooks"])) return;
  findings.violate(
    "missing events raise an alert",
    `match ${matchId}: ${reached.length} of ${sends.length} sends reached us`,
  );
}
