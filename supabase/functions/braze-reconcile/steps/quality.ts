/** What the events themselves say is wrong: pushed twice, missing, or tied to their matches by guesses alone. */
import { subHours } from "date-fns";
import { watchQuality } from "../../_shared/watch/quality.ts";
import type { Report } from "../report.ts";
import type { Scene } from "../scene.ts";

/** A double push shows within minutes; the daily rollup looks at whole days. */
const DOUBLE_PUSHES_WITHIN_HOURS = 2;

export async function judgeQuality(scene: Scene): Promise<Report> {
  const { dependencies, run } = scene;
  // It tells people, so a dry run leaves it out.
  if (run.dryRun) return { status: "not_judged", counts: null };

  const { raised, resolved } = await watchQuality(dependencies);
  const now = scene.now();
  const from = subHours(now, DOUBLE_PUSHES_WITHIN_HOURS);
  const { matches } = await dependencies.store.health.detectDoublePushes(from, now, now);
  return { status: "done", counts: { raised, resolved, double_push_matches: matches } };
}
