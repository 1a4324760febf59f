/**
 * What a person settles: a match was sent, that was a mistake, or Braze does not hold its schedule. Each match is accepted
 * or refused on its own.
 */
import { addMilliseconds } from "date-fns";
import type { OperatorAction, Recovered } from "../../_shared/store/reconciliation.ts";
import { STALE_PENDING } from "../alerts.ts";
import type { Report } from "../report.ts";
import type { ReconcileContext } from "../context.ts";

export interface ManualConfirmation {
  readonly match_id: number;
  readonly reason: string;
}

export interface DeclaredGone extends ManualConfirmation {
  /** The person accepts that users get two pushes if the schedule is in Braze after all. */
  readonly accept_double_push: boolean;
}

/** The scheduler must run twice before the freeze, in case Braze refuses its first create. */
const CREATED_WITHIN_MS = 30 * 60_000;

export async function recover(
  requested: {
    readonly markSent: readonly ManualConfirmation[];
    readonly undoMarkSent: readonly ManualConfirmation[];
    readonly declareGone: readonly DeclaredGone[];
  },
  context: ReconcileContext,
): Promise<Report> {
  const { reconciliation, alertsAndLogs } = context.dependencies.store;
  const { freezeMs } = context.dependencies.environment;
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
  const gone = await each(
    requested.declareGone,
    (action, { accept_double_push: acceptDoublePush }) =>
      reconciliation.declareGone({
        ...action,
        acceptDoublePush,
        earliestSendAt: addMilliseconds(action.now, freezeMs + CREATED_WITHIN_MS),
      }),
    context,
  );
  const confirmed = marked.filter(({ done }) => done).map(({ matchId }) => matchId);
  if (!context.run.dryRun && confirmed.length > 0) {
    await alertsAndLogs.syncAlerts(
      { rules: [STALE_PENDING], alerts: [], matchIds: confirmed },
      context.now(),
    );
  }
  const all = [...marked, ...undone, ...gone];
  if (all.some(({ done }) => done)) context.forget();
  const asked = Object.values(requested).reduce((sum, { length }) => sum + length, 0);
  return {
    status: all.length === asked ? "done" : "partial",
    counts: {
      marked: confirmed.length,
      undone: undone.filter(({ done }) => done).length,
      declared_gone: gone.filter(({ done }) => done).length,
      refused: all.filter(({ done }) => !done).length,
    },
    marked: confirmed,
    undone: undone.filter(({ done }) => done).map(({ matchId }) => matchId),
    declared_gone: gone.filter(({ done }) => done).map(({ matchId }) => matchId),
    refused: [
      ...refusals(marked, (matchId) => `mark match ${matchId} as sent`),
      ...refusals(
        undone,
        (matchId) => `undo the manual confirmation of match ${matchId}`,
      ),
      ...refusals(gone, (matchId) => `declare the schedule of match ${matchId} gone`),
    ],
  };
}

async function each<Requested extends ManualConfirmation>(
  manualConfirmations: readonly Requested[],
  execute: (action: OperatorAction, requested: Requested) => Promise<Recovered>,
  context: ReconcileContext,
): Promise<Recovered[]> {
  const { run } = context;
  const done: Recovered[] = [];
  for (const requested of manualConfirmations) {
    if (context.isLate()) break;
    done.push(
      await execute({
        matchId: requested.match_id,
        reason: requested.reason,
        actorKind: run.caller.kind === "operator" ? "operator" : "secret_key",
        actorId: run.caller.kind === "operator" ? run.caller.userId : null,
        runId: run.runId,
        dryRun: run.dryRun,
        now: context.now(),
      }, requested),
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
