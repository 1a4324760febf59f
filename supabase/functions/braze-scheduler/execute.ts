/**
 * Executes one planned step: open the journal entry, call Braze, close the journal entry.
 *
 * The runtime may kill a run at any await. An entry that stays open later counts as unknown, so the journal covers
 * every change that Braze may have made.
 */
import { addMilliseconds, isBefore, max } from "date-fns";
import type { BrazeClient } from "../_shared/braze/client.ts";
import type { CallResult } from "../_shared/braze/outcome.ts";
import { writeInstant } from "../_shared/braze/instants.ts";
import type { Clock } from "../_shared/runtime/clock.ts";
import { ATTEMPT_TIMEOUT_MS } from "../_shared/braze/calls.ts";
import { isFrozen, type PlanSettings, type Wanted } from "../_shared/scheduling/intent.ts";
import {
  attemptResult,
  isDeferred,
  isRefused,
  isRefusedMove,
} from "../_shared/scheduling/attempt_result.ts";
import type { GatedGeneration } from "../_shared/auth/gate_token.ts";
import type { Journal } from "../_shared/store/journal.ts";
import type { Alert, LogEntry } from "../_shared/store/alerts_and_logs.ts";
import type { Fixture } from "../_shared/store/planning.ts";
import type { Run } from "../_shared/function/cron_function.ts";
import type { Step, Target } from "./step.ts";
import * as alerts from "./plan_alerts.ts";

export interface StepDependencies {
  readonly journal: Journal;
  readonly braze: BrazeClient;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly settings: PlanSettings;
  /** The match's own send id; null when the daily limit is used up or Braze did not create it. */
  readonly sendIdFor: (fixture: Fixture) => Promise<string | null>;
  /** The token that the push presents to the send gate; null when the gate is off. */
  readonly gateTokenFor: (generation: GatedGeneration) => Promise<string | null>;
}

/** Stored in run summaries: never rename a value. */
export type Done =
  | "created"
  | "moved"
  | "recreated"
  | "superseded"
  | "reactivated"
  | "cancelled"
  /** An earlier schedule of the match. */
  | "deleted"
  | "failed"
  | "unknown"
  /** Not started, or refused by Braze's rate limits: the next run retries. */
  | "deferred"
  /** Entered the freeze window during the run. */
  | "frozen"
  /** Another process changed the match after it was planned. */
  | "conflict";

const DELETED_SINCE: Readonly<Record<Extract<Step, { action: "delete" }>["reason"], string>> = {
  replaced: "A later schedule of the match replaced it",
  called_off: "Its match is called off",
  operator: "A person cancelled the push",
};

type Moving = Extract<Step, { action: "move" }>;

export type ActiveStep = Exclude<Step, { action: "skip" | "frozen" }>;

export interface StepResult {
  readonly done: Done;
  readonly alerts: readonly Alert[];
  readonly logs: readonly LogEntry[];
}

export async function execute(
  fixture: Fixture,
  step: ActiveStep,
  run: Run,
  stepDependencies: StepDependencies,
): Promise<StepResult> {
  switch (step.action) {
    case "create":
      return await create(fixture, step.want, run, stepDependencies);
    case "move":
      return await move(fixture, step, run, stepDependencies);
    case "recreate":
      return await recreate(fixture, step.want, step.target, run, stepDependencies);
    case "reactivate":
      return await reactivate(fixture, step, run, stepDependencies);
    case "supersede":
      return await supersede(fixture, step, run, stepDependencies);
    case "delete":
      return await deleteEarlier(fixture, step.target, run, stepDependencies, {
        reason: step.reason,
      });
    case "cancel":
      return await cancel(fixture, step, run, stepDependencies);
  }
}

/** How a create takes its place: alone, after a delete, or beside the current schedule. */
interface Place {
  /** Its place within the rate limits is taken. */
  readonly admitted?: boolean;
  /** The current generation, which stays until the create has succeeded. */
  readonly besideGeneration?: number;
  /** The old schedule is deleted: the match has none. */
  readonly afterDelete?: boolean;
}

async function create(
  fixture: Fixture,
  want: Wanted,
  run: Run,
  stepDependencies: StepDependencies,
  { admitted = false, besideGeneration, afterDelete = false }: Place = {},
): Promise<StepResult> {
  const { journal, braze, clock, newId, settings, sendIdFor, gateTokenFor } = stepDependencies;
  // Before the journal: a create that has no time left is never opened.
  if (!admitted && !await braze.admitCreate(want.request, { deadline: run.deadline })) {
    return notBegun(fixture, "create", "No place within Braze's rate limits before the deadline");
  }
  const sendId = await sendIdFor(fixture);
  if (!afterDelete && !isBefore(clock.now(), run.deadline)) {
    return notBegun(fixture, "create", "No time left before the deadline");
  }
  const opened = await journal.openCreate({
    attemptId: newId(),
    lease: run.lease,
    matchId: fixture.matchId,
    request: want.request,
    signature: want.signature,
    sendAt: want.sendAt,
    sendId,
    expected: want.expected,
    gated: settings.sendGate !== "off",
    besideGeneration: besideGeneration ?? null,
    reason: "plan",
    now: clock.now(),
  });
  // The token stays out of the journal: a reader of the journal must not be able to call the send gate.
  const token = await gateTokenFor(opened);
  const request = token === null ? opened.request : {
    ...opened.request,
    trigger_properties: { ...opened.request.trigger_properties, send_gate_token: token },
  };
  // After a delete it is begun whatever time is left: otherwise the match would have no schedule.
  const deadline = afterDelete
    ? max([run.deadline, addMilliseconds(clock.now(), 1)])
    : run.deadline;
  const result = await braze.createSchedule(request, { deadline, admitted: true });
  await journal.close(
    opened.attemptId,
    attemptResult(result, (created) => ({
      schedule_id: created.scheduleId,
      dispatch_id: created.dispatchId,
      send_id: created.sendId,
    })),
    clock.now(),
  );

  const { generation } = opened;
  const details = {
    generation,
    send_at: want.sendAt,
    send_id: sendId,
    attempt_id: opened.attemptId,
  };
  if (result.outcome === "succeeded") {
    return done("created", fixture, "schedule_created", "Wanted by the plan", {
      ...details,
      schedule_id: result.value.scheduleId,
    });
  }
  if (result.outcome === "unknown") {
    return done("unknown", fixture, "create_unknown", result.detail, details, [
      alerts.createUnknown(fixture, { generation, sendAt: want.sendAt }, null),
    ]);
  }
  const left = afterDelete ? [alerts.leftWithout(fixture, generation, result.detail)] : [];
  return isDeferred(result)
    ? done("deferred", fixture, "create_deferred", result.detail, details, left)
    : done("failed", fixture, "create_failed", result.detail, details, [
      ...left.length > 0 ? left : [alerts.createFailed(fixture, generation, result.detail)],
    ]);
}

/**
 * Deletes a schedule, then creates its successor. It is not begun without time and a place within the rate limits for
 * both: a match that is left between them has no schedule.
 */
async function recreate(
  fixture: Fixture,
  want: Wanted,
  target: Target,
  run: Run,
  stepDependencies: StepDependencies,
): Promise<StepResult> {
  const { braze, clock } = stepDependencies;
  // What is left is enough for one attempt of the create.
  const deadline = addMilliseconds(run.deadline, -ATTEMPT_TIMEOUT_MS);
  if (
    !isBefore(clock.now(), deadline) ||
    !await braze.admitCreate(want.request, { deadline, mustHold: true })
  ) {
    return notBegun(fixture, "recreate", "Not enough time or no place within Braze's rate limits");
  }
  const deleted = await remove(target, { ...run, deadline }, stepDependencies);
  if (deleted.outcome !== "succeeded") return notRemoved(fixture, target, deleted);
  const created = await create(fixture, want, run, stepDependencies, {
    admitted: true,
    afterDelete: true,
  });
  return created.done === "created" ? { ...created, done: "recreated" } : created;
}

async function reactivate(
  fixture: Fixture,
  { ledgerId, generation }: Extract<Step, { action: "reactivate" }>,
  run: Run,
  { journal, clock }: StepDependencies,
): Promise<StepResult> {
  const isReactivated = await journal.reactivateSchedule({
    lease: run.lease,
    ledgerId,
    generation,
    now: clock.now(),
  });
  // The SQL function writes the log entry.
  return isReactivated
    ? { done: "reactivated", alerts: [], logs: [] }
    : conflict(fixture, "reactivate", generation);
}

async function supersede(
  fixture: Fixture,
  { want, generation, target }: Extract<Step, { action: "supersede" }>,
  run: Run,
  stepDependencies: StepDependencies,
): Promise<StepResult> {
  const created = await create(fixture, want, run, stepDependencies, {
    besideGeneration: generation,
  });
  if (created.done !== "created") return created;
  if (target === null) return { ...created, done: "superseded" };
  // The gate already turns it away, so the delete may fail.
  const deleted = await deleteEarlier(fixture, target, run, stepDependencies, {
    isShutOut: true,
  });
  return {
    done: "superseded",
    alerts: [...created.alerts, ...deleted.alerts],
    logs: [...created.logs, ...deleted.logs],
  };
}

async function deleteEarlier(
  fixture: Fixture,
  target: Target,
  run: Run,
  stepDependencies: StepDependencies,
  { isShutOut = false, reason = "replaced" }: {
    readonly isShutOut?: boolean;
    readonly reason?: Extract<Step, { action: "delete" }>["reason"];
  } = {},
): Promise<StepResult> {
  const result = await remove(target, run, stepDependencies);
  return result.outcome === "succeeded"
    ? done("deleted", fixture, "schedule_deleted", DELETED_SINCE[reason], {
      ...reference(target),
      generation: target.generation,
    })
    : notRemoved(fixture, target, result, isShutOut);
}

async function move(
  fixture: Fixture,
  { want, target, soonest, replacement }: Moving,
  run: Run,
  stepDependencies: StepDependencies,
): Promise<StepResult> {
  const { journal, braze, clock, newId, settings } = stepDependencies;
  const attemptId = newId();
  await journal.openUpdate({
    attemptId,
    lease: run.lease,
    ledgerId: target.ledgerId,
    generation: target.generation,
    sendAt: want.sendAt,
    request: { ...reference(target), schedule: { time: writeInstant(want.sendAt) } },
    reason: "plan",
    now: clock.now(),
  });
  const result = await braze.updateSchedule(
    { campaignId: target.campaignId, scheduleId: target.scheduleId, sendAt: want.sendAt },
    { deadline: run.deadline },
  );
  await journal.close(attemptId, attemptResult(result), clock.now());

  const details = { ...reference(target), generation: target.generation, send_at: want.sendAt };
  if (result.outcome === "succeeded") {
    return done("moved", fixture, "schedule_moved", "The kick-off moved", details);
  }
  if (
    isRefusedMove(result) && replacement !== null && !isFrozen(soonest, settings, clock.now())
  ) {
    return await replaceUnmovable(
      fixture,
      replacement,
      target,
      result.detail,
      run,
      stepDependencies,
    );
  }
  const outcome = result.earlierUnknown ? "unknown" : result.outcome;
  if (isDeferred(result) && outcome === "failed") {
    return done("deferred", fixture, "move_deferred", result.detail, details);
  }
  return done(outcome, fixture, `move_${outcome}`, result.detail, details, [
    alerts.moveFailed(fixture, target, outcome, result.detail),
  ]);
}

/**
 * Braze refuses the new time, so the schedule would be sent at the old one: it is deleted and created anew, at once or when
 * the new time is near. Where Braze refuses the delete too, the schedule may be there, so nothing is created beside it.
 */
async function replaceUnmovable(
  fixture: Fixture,
  want: Wanted,
  target: Target,
  refusal: string,
  run: Run,
  stepDependencies: StepDependencies,
): Promise<StepResult> {
  const { clock, settings } = stepDependencies;
  const { ledgerId, generation } = target;
  const isNear = isBefore(want.sendAt, addMilliseconds(clock.now(), settings.horizonMs));
  const reason = "moved_far_ahead";
  const result = isNear
    ? await recreate(fixture, want, target, run, stepDependencies)
    : await cancel(
      fixture,
      { action: "cancel", reason, ledgerId, generation, sendAt: want.sendAt, target },
      run,
      stepDependencies,
    );
  const details = { ...reference(target), generation };
  const refused = done("failed", fixture, "move_refused", refusal, details);
  return { ...result, logs: [...refused.logs, ...result.logs] };
}

async function cancel(
  fixture: Fixture,
  step: Extract<Step, { action: "cancel" }>,
  run: Run,
  stepDependencies: StepDependencies,
): Promise<StepResult> {
  const { target, ledgerId, generation, reason } = step;
  const result = target === null ? null : await remove(target, run, stepDependencies);
  const refused = result !== null && isRefused(result);
  if (target !== null && result !== null && result.outcome !== "succeeded" && !refused) {
    return notRemoved(fixture, target, result);
  }
  await stepDependencies.journal.cancelLedger({
    ledgerId,
    generation,
    cancelReason: "plan",
    note: refused
      ? `${reason}; Braze refused the delete, so the schedule may be gone or not`
      : reason,
    now: stepDependencies.clock.now(),
  });
  return done("cancelled", fixture, "schedule_cancelled", reason, {
    generation,
    schedule_id: target?.scheduleId ?? null,
    send_at: step.sendAt,
    braze: target === null ? "nothing to delete" : refused ? "refused the delete" : "deleted",
  }, target !== null && refused ? [unconfirmed(fixture, target, result)] : []);
}

async function remove(
  target: Target,
  run: Run,
  { journal, braze, clock, newId }: StepDependencies,
): Promise<CallResult<null>> {
  const attemptId = newId();
  await journal.openDelete({
    attemptId,
    lease: run.lease,
    ledgerId: target.ledgerId,
    generation: target.generation,
    request: reference(target),
    reason: "plan",
    ofCancelled: target.isOfCancelled,
    now: clock.now(),
  });
  const result = await braze.deleteSchedule(target, { deadline: run.deadline });
  await journal.close(attemptId, attemptResult(result), clock.now());
  return result;
}

function conflict(
  fixture: Fixture,
  action: Step["action"],
  generation: number,
): StepResult {
  return done("conflict", fixture, "step_conflict", "The schedule changed after it was planned", {
    action,
    generation,
  });
}

function unconfirmed(
  fixture: Fixture,
  target: Target,
  result: CallResult<null>,
  isShutOut = false,
): Alert {
  const schedule = { generation: target.generation, brazeScheduleId: target.scheduleId };
  const detail = result.outcome === "succeeded" ? undefined : result.detail;
  return alerts.deleteUnconfirmed(fixture, schedule, detail, isShutOut);
}

/** Nothing is opened and nothing is called: the next run plans it again. */
function notBegun(fixture: Fixture, action: string, reason: string): StepResult {
  return done("deferred", fixture, `${action}_deferred`, reason, {});
}

function notRemoved(
  fixture: Fixture,
  target: Target,
  result: Exclude<CallResult<null>, { outcome: "succeeded" }>,
  isShutOut = false,
): StepResult {
  const details = { ...reference(target), generation: target.generation };
  if (isDeferred(result)) {
    return done("deferred", fixture, "delete_deferred", result.detail, details);
  }
  return done(result.outcome, fixture, `delete_${result.outcome}`, result.detail, details, [
    unconfirmed(fixture, target, result, isShutOut),
  ]);
}

function reference(target: Target) {
  return { campaign_id: target.campaignId, schedule_id: target.scheduleId };
}

function done(
  what: Done,
  { matchId }: Fixture,
  action: string,
  reason: string,
  details: Readonly<Record<string, unknown>>,
  raised: readonly Alert[] = [],
): StepResult {
  return { done: what, alerts: raised, logs: [{ action, reason, matchId, details }] };
}
