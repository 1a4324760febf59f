/** Updates on the ledger how many users each match reached and how many pushes Braze counts for it. */
import { isAfter, subMilliseconds } from "date-fns";
import { recount } from "../../_shared/function/recount.ts";
import { LOOK_BACK_MS } from "../decisions/limits.ts";
import type { Report } from "../report.ts";
import type { ReconcileContext } from "../context.ts";

export async function refreshCounts(
  context: ReconcileContext,
): Promise<Report> {
  const { dependencies, run } = context;
  const until = context.now();
  const from = subMilliseconds(until, LOOK_BACK_MS);
  const { matches } = await context.known();
  const due = matches
    .filter(({ sendAt, sendId, status, hasEvents }) =>
      sendId !== null && !isAfter(sendAt, until) && isAfter(sendAt, from) &&
      (status !== "cancelled" || hasEvents)
    )
    .sort((a, b) => b.sendAt.getTime() - a.sendAt.getTime() || a.matchId - b.matchId);
  if (run.dryRun) {
    return {
      status: "done",
      counts: { matches: due.length, refreshed: 0, asked: 0, reported: 0 },
    };
  }

  const counted = await recount(dependencies, () => !context.isLate());
  const reported = await context.statisticsOf(due);
  return {
    status: counted.isComplete && reported.size === due.length ? "done" : "partial",
    counts: {
      matches: due.length,
      refreshed: counted.matches,
      asked: reported.size,
      reported: [...reported.values()].filter((count) => count !== null).length,
    },
  };
}
