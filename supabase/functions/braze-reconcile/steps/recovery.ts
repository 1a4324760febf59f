/** Manual confirmation: an operator marks a match as sent, or undoes it. Each match is accepted or refused on its own. */
import type { OperatorAction, Recovered } from "../../_shared/store/reconciliation.ts";
import { STALE_PENDING } from "../alerts.ts";
import type { Report } from "../report.ts";
import type { ReconcileContext } from "../context.ts";

export interface ManualConfirmation {
  readonly match_id: number;
  readonly reason: string;
}

export async function recover(
  requested: {
    readonly markSent: readonly ManualConfirmation[];
    readonly undoMarkSent: readonly ManualConfirmation[];
  },
  context: ReconcileContext,
): Promise<Report> {
  const { reconciliation, alertsAndLogs } = context.dependencies.store;
  const marked = await each(
    requested.markSent,
    (action) => reconciliation.markSent(action),
    context,
  );
  const undone = await each(
    requested.undoMarkSent,
    (action) => reconciliation.undoMarkSent(action),
    context,
  );
  const confirmed = marked.filter(({ done }) => done).map(({ matchId }) => matchId);
  if (!context.run.dryRun && confirmed.length > 0) {
    await alertsAndLogs.syncAlerts(
      { rules: [STALE_PENDING], alerts: [], matchIds: confirmed },
      context.now(),
    );
  }
  if (confirmed.length > 0 || undone.some(({ done }) => done)) context.forget();
  const processed = marked.length + undone.length;
  return {
    status: processed === requested.markSent.length + requested.undoMarkSent.length
      ? "done"
      : "partial",
    counts: {
      marked: confirmed.length,
      undone: undone.filter(({ done }) => done).length,
      refused: [...marked, ...undone].filter(({ done }) => !done).length,
    },
    marked: confirmed,
    undone: undone.filter(({ done }) => done).map(({ matchId }) => matchId),
    refused: [
      ...refusals(marked, (matchId) => `mark match ${matchId} as sent`),
      ...refusals(
        undone,
        (matchId) => `undo the manual confirmation of match ${matchId}`,
      ),
    ],
  };
}

async function each(
  manualConfirmations: readonly ManualConfirmation[],
  execute: (action: OperatorAction) => Promise<Recovered>,
  context: ReconcileContext,
): Promise<Recovered[]> {
  const { run } = context;
  const done: Recovered[] = [];
  for (const { match_id: matchId, reason } of manualConfirmations) {
    if (context.isLate()) break;
    done.push(
      await execute({
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

function refusals(
  recovered: readonly Recovered[],
  actionOn: (matchId: number) => string,
) {
  return recovered.flatMap(({ matchId, refused }) =>
    refused === null ? [] : [{
      match_id: matchId,
      message: `Cannot ${actionOn(matchId)}: ${refused}`,
    }]
  );
}
