/**
 * Attributes events that correlation left open: first with the facts that became known since, then by elimination.
 *
 * Only certain results are stored: the correlation policy is the same as at receipt, and elimination requires Braze's
 * statistics to match the number of events exactly.
 */
import { subMilliseconds } from "date-fns";
import { TIME_GUARD_MS } from "../../_shared/attribution/time.ts";
import { rejudge } from "../../_shared/function/rejudge.ts";
import { recount } from "../../_shared/function/recount.ts";
import { attributeByElimination, clustersOf } from "../decisions/elimination.ts";
import { LOOK_BACK_MS } from "../decisions/limits.ts";
import type { Report } from "../report.ts";
import type { ReconcileContext } from "../context.ts";

interface Eliminated {
  readonly isComplete: boolean;
  readonly attributed: number;
}

export async function reattributeEvents(context: ReconcileContext): Promise<Report> {
  const { dependencies, run } = context;
  // What is judged again is stored, so a dry run skips it.
  const again = run.dryRun
    ? { isComplete: true, judged: 0, changed: 0 }
    : await rejudge(dependencies, run.runId, () => !context.isLate());
  // Elimination compares the counts of the matches with Braze's.
  if (!run.dryRun) await recount(dependencies, () => !context.isLate());
  const eliminated = await attributeAllByElimination(context);
  if (again.changed + eliminated.attributed > 0) context.forget();
  return {
    status: again.isComplete && eliminated.isComplete ? "done" : "partial",
    counts: {
      events_judged_again: again.judged,
      reattributed: again.changed,
      attributed_by_elimination: eliminated.attributed,
    },
  };
}

async function attributeAllByElimination(
  reconcileContext: ReconcileContext,
): Promise<Eliminated> {
  const { dependencies: { store, environment, functionName }, run } = reconcileContext;
  const campaignId = environment.brazeCampaignId;
  const until = reconcileContext.now();
  const sends = await store.unattributedEvents.sends({
    campaignId,
    from: subMilliseconds(until, LOOK_BACK_MS),
    until,
    guardMs: TIME_GUARD_MS,
  });
  let attributed = 0;
  for (const cluster of clustersOf(sends, reconcileContext.now())) {
    const sendIds = cluster.candidates.flatMap(({ sendId }) => sendId ?? []);
    // Elimination needs statistics for every candidate; a candidate without a send id has none.
    if (sendIds.length < cluster.candidates.length) continue;
    const sent = new Map<string, number | null>();
    for (const sendId of sendIds) {
      if (reconcileContext.isLate()) {
        return { isComplete: false, attributed };
      }
      sent.set(sendId, await reconcileContext.pushesSent(campaignId, sendId));
    }
    const elimination = attributeByElimination(cluster, sent);
    if (elimination === null) continue;
    attributed += run.dryRun
      ? elimination.events
      : await store.unattributedEvents.attributeByElimination(
        campaignId,
        elimination,
        {
          functionName,
          runId: run.runId,
          now: reconcileContext.now(),
        },
      );
  }
  return { isComplete: true, attributed };
}
