/** Finds the matches that should have a schedule and have none. */
import { addMilliseconds } from "date-fns";
import { SCHEDULE_GAP, scheduleGap } from "../alerts.ts";
import { findGaps } from "../decisions/gaps.ts";
import { keyOf } from "../decisions/matches.ts";
import { sortListing } from "../decisions/strays.ts";
import { countBy, type Report } from "../report.ts";
import type { Scene } from "../scene.ts";

export async function checkGaps(scene: Scene): Promise<Report> {
  const { dependencies: { store, environment }, run } = scene;
  const known = await scene.known();
  const now = scene.now();
  const { fixtures, teams } = await store.planning.loadPlanInput({
    from: now,
    until: addMilliseconds(now, environment.horizonMs + environment.sendLeadMs),
    matchIds: null,
    now,
  });
  const gaps = findGaps(fixtures, teams, {
    ranAt: known.schedulerRanAt,
    freshMatchIds: new Set(known.freshMatchIds),
    accountedFor: await accountedFor(scene),
  }, {
    ...environment,
    campaignId: environment.brazeCampaignId,
    broadcast: environment.brazeBroadcast,
  }, now);

  const alerts = gaps.filter(({ isAlerted }) => isAlerted).map(scheduleGap);
  if (!run.dryRun) {
    await store.notices.settleAlerts({ rules: [SCHEDULE_GAP], alerts }, now);
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

/** What is being made right now, or will be found in Braze's list a moment from now. */
async function accountedFor(scene: Scene): Promise<Set<string>> {
  const { matches } = await scene.known();
  const { listing } = await scene.listed();
  const underWay = matches.flatMap(({ ledgerId, schedules }) =>
    schedules.filter(({ hasOpenAttempt }) => hasOpenAttempt)
      .map(({ generation }) => keyOf({ ledgerId, generation }))
  );
  const adoptions = listing.mode === "per_schedule"
    ? sortListing(listing.schedules, matches, scene.now()).adoptions
    : [];
  return new Set([
    ...underWay,
    ...adoptions.map(({ match, generation }) => keyOf({ ledgerId: match.ledgerId, generation })),
  ]);
}
