/** Finds matches that should have a schedule but have none. */
import { addMilliseconds } from "date-fns";
import { planSettings } from "../../_shared/scheduling/intent.ts";
import { keyOf } from "../../_shared/scheduling/schedule.ts";
import { SCHEDULE_GAP, scheduleGap } from "../alerts.ts";
import { findGaps } from "../decisions/gaps.ts";
import { sortListing } from "../decisions/unmanaged_schedules.ts";
import { countBy, type Report } from "../report.ts";
import type { ReconcileContext } from "../context.ts";

export async function checkGaps(context: ReconcileContext): Promise<Report> {
  const { dependencies: { store, environment }, run } = context;
  const known = await context.known();
  const now = context.now();
  const { fixtures, teams } = await store.planning.loadPlanInput({
    from: now,
    until: addMilliseconds(now, environment.horizonMs + environment.sendLeadMs),
    matchIds: null,
    now,
  });
  const gaps = findGaps(
    fixtures,
    teams,
    {
      ranAt: known.schedulerRanAt,
      freshMatchIds: new Set(known.freshMatchIds),
      accountedFor: await accountedFor(context),
    },
    planSettings(environment),
    now,
  );

  const alerts = gaps.filter(({ isAlerted }) => isAlerted).map(scheduleGap);
  if (!run.dryRun) {
    await store.alertsAndLogs.syncAlerts(
      { rules: [SCHEDULE_GAP], alerts },
      now,
    );
  }
  return {
    status: "done",
    counts: {
      gaps: gaps.length,
      alerted: alerts.length,
      ...countBy(gaps.map((gap) => gap.reason)),
    },
    gaps: gaps.map(({ fixture, reason, sendAt }) => ({
      match_id: fixture.matchId,
      reason,
      send_at: sendAt,
    })),
  };
}

/** Keys of generations that an open attempt is changing, or that this run can adopt from Braze's list. */
async function accountedFor(context: ReconcileContext): Promise<Set<string>> {
  const observation = await context.observation();
  const known = await context.known();
  const { matches } = known;
  const underWay = matches.flatMap(({ ledgerId, schedules }) =>
    schedules.filter(({ hasOpenAttempt }) => hasOpenAttempt)
      .map(({ generation }) => keyOf({ ledgerId, generation }))
  );
  const { mode, schedules: listed, beganAt } = observation;
  const adoptions = mode === "per_schedule"
    ? sortListing(listed, matches, known, beganAt, context.now()).adoptions
    : [];
  return new Set([
    ...underWay,
    ...adoptions.map(({ match, generation }) => keyOf({ ledgerId: match.ledgerId, generation })),
  ]);
}
