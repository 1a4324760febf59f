/** Compares each ledger row with Braze's listing and with its events, and stores the certain results. */
import { isShut } from "../../_shared/braze/campaign_gate.ts";
import type { AbsentSchedule } from "../../_shared/store/observations.ts";
import type { Alert } from "../../_shared/store/alerts_and_logs.ts";
import type { KnownMatch } from "../../_shared/store/reconciliation.ts";
import { scheduleMissing } from "../../_shared/alerts/schedule_alerts.ts";
import type { Observation } from "../../_shared/function/observe.ts";
import { FINDINGS, lackedTwice, verify } from "../decisions/verify.ts";
import type { Report } from "../report.ts";
import type { ReconcileContext } from "../context.ts";

const ABSENT_NOTE = "Schedule not found in Braze reconciliation";

export async function verifySchedules(
  context: ReconcileContext,
): Promise<Report> {
  const { dependencies: { store, environment }, run } = context;
  const observation = await context.observation();
  const { matches } = await context.known();
  const presenceOf = run.dryRun
    ? predictPresence(matches, observation, context.now())
    : observation.presenceOf;
  // A stopped campaign may hide its schedules until it resumes, so their absence cancels nothing.
  const isOnHold = isShut(observation.gateOf(environment.brazeCampaignId));
  const { found, toConfirm } = verify(
    matches,
    (id) => isOnHold && presenceOf(id) === "absent" ? "unknown" : presenceOf(id),
    context.now(),
  );

  let confirmed = toConfirm.map(({ matchId }) => matchId);
  let cancelled = found.future_missing.map(({ matchId }) => matchId);
  let isComplete = true;
  if (!run.dryRun) {
    if (toConfirm.length > 0) {
      confirmed = await store.reconciliation.confirmByEvents(
        toConfirm.map(({ ledgerId }) => ledgerId),
        context.now(),
      );
    }
    const absent = isOnHold ? [] : observation.absent;
    const gone = await cancelAll(absent, context);
    await store.alertsAndLogs.raiseAlerts(
      missingOf(matches, gone),
      context.now(),
    );
    cancelled = gone.filter(({ isCurrent }) => isCurrent).map(({ matchId }) => matchId);
    isComplete = gone.length === absent.length;
    if (confirmed.length > 0 || gone.length > 0) context.forget();
  }
  return {
    status: isComplete ? "done" : "partial",
    counts: {
      ...Object.fromEntries(
        FINDINGS.map((finding) => [finding, found[finding].length]),
      ),
      confirmed: confirmed.length,
      cancelled: cancelled.length,
    },
    match_ids: Object.fromEntries(
      FINDINGS.map((
        finding,
      ) => [finding, found[finding].map(({ matchId }) => matchId)]),
    ),
    confirmed,
    cancelled,
    campaign_is_shut: isOnHold,
  };
}

/** A dry run does not store its look; it predicts the presence that storing it would show. */
function predictPresence(
  matches: readonly KnownMatch[],
  { mode, schedules, until, presenceOf }: Observation,
  now: Date,
): Observation["presenceOf"] {
  if (mode !== "per_schedule") return presenceOf;
  const listed = new Set(schedules.map(({ scheduleId }) => scheduleId));
  const lacking = lackedTwice(matches, listed, until, now);
  return (id) => id !== null && lacking.has(id) ? "absent" : presenceOf(id);
}

/** Returns the schedules handled before the deadline. For an old generation this only records that it is gone. */
async function cancelAll(
  absent: readonly AbsentSchedule[],
  context: ReconcileContext,
): Promise<AbsentSchedule[]> {
  const gone: AbsentSchedule[] = [];
  for (const schedule of absent) {
    if (context.isLate()) break;
    await context.dependencies.store.observations.cancelAbsent(
      schedule,
      ABSENT_NOTE,
      context.now(),
    );
    gone.push(schedule);
  }
  await context.writeLogs(gone.map((schedule) => ({
    action: schedule.isCurrent ? "schedule_missing" : "old_schedule_gone",
    reason: ABSENT_NOTE,
    matchId: schedule.matchId,
    details: {
      generation: schedule.generation,
      schedule_id: schedule.brazeScheduleId,
      send_at: schedule.sendAt,
    },
  })));
  return gone;
}

/** Raised once here; pre-flight resolves it when the schedule is back or the send time has passed. */
function missingOf(
  matches: readonly KnownMatch[],
  gone: readonly AbsentSchedule[],
): Alert[] {
  return gone.filter(({ isCurrent }) => isCurrent).flatMap((schedule) => {
    const match = matches.find(({ ledgerId }) => ledgerId === schedule.ledgerId);
    return match === undefined ? [] : [scheduleMissing({ ...match, ...schedule })];
  });
}
