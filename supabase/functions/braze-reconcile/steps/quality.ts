/** What the events themselves say is wrong: pushed twice, missing, or tied to their matches by guesses alone. */
import { subHours } from "date-fns";
import type { Report } from "../report.ts";
import type { Scene } from "../scene.ts";

/** A double push shows within minutes; the daily rollup looks at whole days. */
const DOUBLE_PUSHES_WITHIN_HOURS = 2;
const RULES = ["low_confidence_share", "missing_webhooks"];

export async function judgeQuality(scene: Scene): Promise<Report> {
  const { dependencies: { store, environment }, run } = scene;
  const now = scene.now();
  const { lowConfidenceShareMax } = environment;
  const alerts = await store.quality.judge({ lowConfidenceShareMax }, now);
  if (run.dryRun) return { status: "done", counts: { alerts: alerts.length } };

  const { raised, resolved } = await store.notices.settleAlerts({ rules: RULES, alerts }, now);
  const from = subHours(now, DOUBLE_PUSHES_WITHIN_HOURS);
  const doubles = await store.health.detectDoublePushes(from, now, now);
  const past = await store.quality.resolvePast(now);
  return {
    status: "done",
    counts: {
      alerts: alerts.length,
      raised,
      resolved: resolved + past,
      double_push_matches: doubles.matches,
    },
  };
}
