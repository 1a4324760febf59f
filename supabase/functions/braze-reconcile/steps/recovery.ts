/**
 * What a person settles: a match was sent, that was a mistake, Braze does not hold its schedule, … Each match is accepted or
 * refused on its own.
 */
import { addMilliseconds } from "date-fns";
import { REPLACED_WITHIN_MS } from "../../_shared/scheduling/intent.ts";
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

export async function recover(
  requested: {
    readonly markSent: readonly ManualConfirmation[];
    readonly undoMarkSent: readonly ManualConfirmation[];
    readonly declareGone: readonly DeclaredGone[];
    readonly releaseHold: readonly ManualConfirmation[];
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
        earliestSendAt: addMilliseconds(action.now, freezeMs + REPLACED_WITHIN_MS),
      }),
    context,
  );
  const released = await each(
    requested.releaseHold,
    (action) => reconciliation.releaseHold(action),
    context,
  );
  const all = [...marked, ...undone, ...gone, ...released];
  const confirmed = doneOf(marked);
  if (!context.run.dryRun && confirmed.length > 0) {
    await alertsAndLogs.syncAlerts(
      { rules: [STALE_PENDING], alerts: [], matchIds: confirmed },
      context.now(),
    );
  }
  if (all.some(({ done }) => done)) context.forget();
  const asked = Object.values(requested).reduce((sum, { length }) => sum + length, 0);
  return {
    status: all.length === asked ? "done" : "partial",
    counts: {
      marked: confirmed.length,
      undone: doneOf(undone).length,
      declared_gone: doneOf(gone).length,
      released: doneOf(released).length,
      refused: all.filter(({ done }) => !done).length,
    },
    marked: confirmed,
    undone: doneOf(undone),
    declared_gone: doneOf(gone),
    released: doneOf(released),
    refused: [
      ...refusals(marked, (matchId) => `mark match ${matchId} as sent`),
      ...refusals(
        undone,
        (matchId) => `undo the manual confirmation of match ${matchId}`,
      ),
      ...refusals(gone, (matchId) => `declare a schedule of match ${matchId} gone`),
      ...refusals(released, (matchId) => `release match ${matchId}`),
    ],
  };
}

function doneOf(recovered: readonly Recovered[]): number[] {
  return recovered.filter(({ done }) => done).map(({ matchId }) => matchId);
}

async function each<Action extends ManualConfirmation>(
  actions: readonly Action[],
  execute: (action: OperatorAction, requested: Action) => Promise<Recovered>,
  context: ReconcileContext,
): Promise<Recovered[]> {
  const { run } = context;
  const done: Recovered[] = [];
  for (const action of actions) {
    if (context.isLate()) break;
    done.push(
      await execute({
        matchId: action.match_id,
        reason: action.reason,
        actorKind: run.caller.kind === "operator" ? "operator" : "secret_key",
        actorId: run.caller.kind === "operator" ? run.caller.userId : null,
        runId: run.runId,
        dryRun: run.dryRun,
        now: context.now(),
      }, action),
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
