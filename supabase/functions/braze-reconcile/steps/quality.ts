/** Judges the numbers: missing webhooks, attribution without certainty, and what each push reached. */
import { watchQuality } from "../watch_quality.ts";
import type { Report } from "../report.ts";
import type { ReconcileContext } from "../context.ts";

export async function judgeQuality({ dependencies, run }: ReconcileContext): Promise<Report> {
  // The check raises alerts, so a dry run skips it.
  if (run.dryRun) return { status: "not_judged", counts: null };
  const { raised, resolved } = await watchQuality(dependencies);
  return { status: "done", counts: { raised, resolved } };
}
