/** Detects faults from events alone: double pushes, missing webhooks, low-confidence attribution. */
import { subHours } from "date-fns";
import { watchQuality } from "../watch_quality.ts";
import type { Report } from "../report.ts";
import type { ReconcileContext } from "../context.ts";

/** A double push is visible within minutes; the daily rollup covers whole days. */
const DOUBLE_PUSHES_WITHIN_HOURS = 2;

export async function judgeQuality(context: ReconcileContext): Promise<Report> {
  const { dependencies, run } = context;
  // The check raises alerts, so a dry run skips it.
  if (run.dryRun) return { status: "not_judged", counts: null };

  const { raised, resolved } = await watchQuality(dependencies);
  const now = context.now();
  const from = subHours(now, DOUBLE_PUSHES_WITHIN_HOURS);
  const { matches } = await dependencies.store.health.detectDoublePushes(
    from,
    now,
    now,
  );
  return {
    status: "done",
    counts: { raised, resolved, double_push_matches: matches },
  };
}
