/** Checks that a row is `sent` exactly if events prove its current generation, and that unresolved rows have an alert. */
import { addHours, addMinutes, max } from "date-fns";
import type { Schedule } from "../../../local/braze_sandbox/schedules.ts";
import type { LedgerRow, ScheduleRow } from "./facts.ts";
import {
  at,
  type AuditContext,
  type Findings,
  generationOf,
  isAdopted,
  isMadeByHand,
  isProof,
  isReportedWhole,
  matchOf,
  openAlerts,
} from "./context.ts";
import { isUntimely } from "./verdicts.ts";

/** Currents events may be half an hour late, and reconciliation runs every half hour. */
const ALERT_AFTER_MINUTES = 65;
const HARD_DEADLINE_HOURS = 24;

export function auditLedger(context: AuditContext, findings: Findings): void {
  for (const row of context.facts.ledger) {
    auditSent(row, context, findings);
    auditPending(row, context, findings);
  }
}

/** Whether all proofs are attributed by their dispatch id, which Braze may have shared; the attribution audit checks that. */
function isProvedByDispatchAlone(row: LedgerRow, { facts }: AuditContext): boolean {
  const proofs = facts.events.filter(({ match_id, event_type, confidence }) =>
    match_id === row.match_id && (event_type === "send" || event_type === "open") &&
    (confidence === "high" || confidence === "medium")
  );
  return proofs.length > 0 &&
    proofs.every(({ correlation_method }) => correlation_method === "dispatch_id");
}

function auditSent(row: LedgerRow, context: AuditContext, findings: Findings): void {
  const { model } = context;
  const current = schedulesOf(row, row.generation, context);
  const proofs = current.flatMap(({ id }) => model.groundTruth.of(id).filter(isProof));
  if (row.status === "sent" && row.sent_evidence !== "operator" && proofs.length === 0) {
    const byHand = model.schedules.all.filter((schedule) =>
      isMadeByHand(schedule) && model.groundTruth.of(schedule.id).some(isProof) &&
      ((matchOf(schedule, context) ?? Number(row.match_id)) === Number(row.match_id) ||
        schedule.sendId === `match-${row.match_id}`)
    );
    // Its opens carry the match's send id and no echo.
    const isSentAgain = model.schedules.all.some((schedule) =>
      context.sentAgain.has(schedule.id) && matchOf(schedule, context) === Number(row.match_id)
    );
    if (isSentAgain) {
      findings.unknowable("an open of an old schedule was taken for the current one");
    } else if (byHand.length > 0) findings.unknowable("a schedule made by hand was taken for ours");
    else if (isProvedByDispatchAlone(row, context)) {
      findings.unknowable("a dispatch id that another send shares proved ours");
    } else {
      findings.violate(
        "sent means that the current generation was sent",
        `match ${row.match_id} is sent by ${row.sent_evidence}, and generation ${row.generation} sent nothing`,
      );
    }
  }

  // The events of a schedule that was made by hand name its generation at best by their time.
  const reported = proofs.filter((entry) =>
    isReportedWhole(entry, context) && !isMadeByHand(entry.schedule)
  ).filter(
    ({ carried, type, schedule }) => {
      if (carried.echo && !type.endsWith(".Open")) return true;
      // Our send id names the match, so it proves a schedule only if there is one. A webhook message has none.
      return carried.sendId && type !== "campaign.webhook" &&
        schedule.sendId === `match-${row.match_id}` && row.generation === 1;
    },
  );
  const proved = row.status === "sent"
    ? []
    : reported.filter((entry) => !isUntimely(entry, row, context));
  if (proved.length > 0) {
    findings.violate(
      "a proved send is marked as sent",
      `match ${row.match_id} is ${row.status} (${row.cancel_reason}), and ${proved.length} events prove that generation ${row.generation} was sent`,
    );
  }
}

function auditPending(row: LedgerRow, context: AuditContext, findings: Findings): void {
  if (row.status !== "pending") return;
  const { now, calmSince, isLast } = context;
  const current = currentOf(row, context);
  const due = current === undefined
    ? row.send_at_utc
    : max([current.send_at_utc, current.moving_to_utc ?? current.send_at_utc]);
  const deadline = isLast ? addHours(due, HARD_DEADLINE_HOURS) : max([
    addMinutes(due, ALERT_AFTER_MINUTES),
    addMinutes(calmSince, ALERT_AFTER_MINUTES),
  ]);
  if (now < deadline || openAlerts(context, Number(row.match_id)).length > 0) return;
  // The send gate turned it away since its match was off, and the events say so.
  const entries = schedulesOf(row, row.generation, context)
    .flatMap(({ id }) => context.model.groundTruth.of(id));
  const wasTurnedAway =
    entries.some(({ abortType, acknowledged }) => abortType !== null && acknowledged > 0) &&
    entries.every(({ abortType }) => abortType !== null);
  if (wasTurnedAway && context.history.isOff(Number(row.match_id), due)) return;
  findings.violate(
    "an unresolved row has an alert",
    `match ${row.match_id}, due ${at(due)}, is pending (${current?.state}) at ${
      at(now)
    }, and no alert is open`,
  );
}

export function currentOf(row: LedgerRow, { facts }: AuditContext): ScheduleRow | undefined {
  return facts.schedules.find(({ ledger_id, generation }) =>
    ledger_id === row.id && generation === row.generation
  );
}

/** The schedules in Braze that were created through the API for that generation, or adopted as it. */
export function schedulesOf(
  row: LedgerRow,
  generation: number,
  context: AuditContext,
): readonly Schedule[] {
  const known = context.facts.schedules.find((one) =>
    one.ledger_id === row.id && one.generation === generation
  );
  return context.model.schedules.all.filter((schedule) =>
    isMadeByHand(schedule)
      ? isAdopted(schedule, context) && schedule.id === known?.braze_schedule_id
      : schedule.triggerProperties.ledger_id === row.id && generationOf(schedule) === generation
  );
}
