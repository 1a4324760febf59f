/** What the events themselves say is wrong: pushed twice, missing, or tied to their matches by guesses alone. */
import { subHours } from "date-fns";
import { watchQuality } from "../watch_quality.ts";
import type { Report } from "../report.ts";
import type { ReconcileContext } from "../context.ts";

/** A double push shows within minutes; the daily rollup looks at whole days. */
const DOUBLE_PUSHES_WITHIN_HOURS = 2;

export async function judgeQuality(context: ReconcileContext): Promise<Report> {
  const { dependencies, run } = context;
  // It tells people, so a dry run leaves it out.
  if (run.dryRun) return { status: "not_judged", counts: null };

  const { raised, resolved } = await watchQuality(dependencies);
  const now = context.now();
  const from = subHours(now, DOUBLE_PUSHES_WITHIN_HOURS);
  const { matches } = await dependencies.store.health.detectDoublePushes(from, now, now);
  return { status: "done", counts: { raised, resolved, double_push_matches: matches } };
}
