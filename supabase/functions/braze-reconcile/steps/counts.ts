/** Updates on the ledger how many users each match reached and how many pushes Braze counts for it. */
import { addMilliseconds, isAfter, min, subMilliseconds } from "date-fns";
import { LOOK_BACK_MS } from "../decisions/limits.ts";
import type { Report } from "../report.ts";
import type { ReconcileContext } from "../context.ts";

/** Keeps one count query for a full matchday well below the 8 s statement time-out. */
const WINDOW_MS = 6 * 60 * 60_000;

export async function refreshCounts(
  context: ReconcileContext,
): Promise<Report> {
  const { dependencies: { store }, run } = context;
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

  let refreshed = 0;
  let isComplete = true;
  for (
    let start = from;
    start < until;
    start = addMilliseconds(start, WINDOW_MS)
  ) {
    if (context.isLate()) {
      isComplete = false;
      break;
    }
    const end = min([addMilliseconds(start, WINDOW_MS), until]);
    // Skips a query for a window without sends.
    if (!matches.some(({ sendAt }) => sendAt >= start && sendAt < end)) {
      continue;
    }
    refreshed += await store.health.refreshSendCounts(
      start,
      end,
      context.now(),
    );
  }

  const reported = await context.statisticsOf(due);
  return {
    status: isComplete && reported.size === due.length ? "done" : "partial",
    counts: {
      matches: due.length,
      refreshed,
      asked: reported.size,
      reported: [...reported.values()].filter((count) => count !== null).length,
    },
  };
}
