/** A person vouches for a push that nothing proves, or takes that back. Refused, match by match, where it makes no sense. */
import type { OperatorAction, Recovered } from "../../_shared/store/reconciliation.ts";
import { STALE_PENDING } from "../alerts.ts";
import type { Report } from "../report.ts";
import type { ReconcileContext } from "../context.ts";

export interface ManualConfirmation {
  readonly match_id: number;
  readonly reason: string;
}

export async function recover(
  asked: {
    readonly markSent: readonly ManualConfirmation[];
    readonly undoMarkSent: readonly ManualConfirmation[];
  },
  context: ReconcileContext,
): Promise<Report> {
  const { reconciliation, alertsAndLogs } = context.dependencies.store;
  const marked = await each(asked.markSent, (action) => reconciliation.markSent(action), context);
  const undone = await each(
    asked.undoMarkSent,
    (action) => reconciliation.undoMarkSent(action),
    context,
  );
  const settled = marked.filter(({ done }) => done).map(({ matchId }) => matchId);
  if (!context.run.dryRun && settled.length > 0) {
    await alertsAndLogs.syncAlerts(
      { rules: [STALE_PENDING], alerts: [], matchIds: settled },
      context.now(),
    );
  }
  if (settled.length > 0 || undone.some(({ done }) => done)) context.forget();
  const answered = marked.length + undone.length;
  return {
    status: answered === asked.markSent.length + asked.undoMarkSent.length ? "done" : "partial",
    counts: {
      marked: settled.length,
      undone: undone.filter(({ done }) => done).length,
      refused: [...marked, ...undone].filter(({ done }) => !done).length,
    },
    marked: settled,
    undone: undone.filter(({ done }) => done).map(({ matchId }) => matchId),
    refused: [
      ...refusals(marked, (matchId) => `mark match ${matchId} as sent`),
      ...refusals(undone, (matchId) => `undo the mark of match ${matchId}`),
    ],
  };
}

async function each(
  manualConfirmations: readonly ManualConfirmation[],
  act: (action: OperatorAction) => Promise<Recovered>,
  context: ReconcileContext,
): Promise<Recovered[]> {
  const { run } = context;
  const done: Recovered[] = [];
  for (const { match_id: matchId, reason } of manualConfirmations) {
    if (context.isLate()) break;
    done.push(
      await act({
        matchId,
        reason,
        actorKind: run.caller.kind === "operator" ? "operator" : "secret_key",
        actorId: run.caller.kind === "operator" ? run.caller.userId : null,
        runId: run.runId,
        dryRun: run.dryRun,
        now: context.now(),
      }),
    );
  }
  return done;
}

function refusals(recovered: readonly Recovered[], doing: (matchId: number) => string) {
  return recovered.flatMap(({ matchId, refused }) =>
    refused === null ? [] : [{ match_id: matchId, message: `Cannot ${doing(matchId)}: ${refused}` }]
  );
}
