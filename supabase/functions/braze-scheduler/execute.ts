/**
 * Executes one planned step: open the journal entry, call Braze, close the journal entry.
 *
 * The runtime may kill a run at any await. An entry that stays open later counts as unknown, so the journal covers
 * every change that Braze may have made.
 */
import type { BrazeClient } from "../_shared/braze/client.ts";
import type { CallResult } from "../_shared/braze/outcome.ts";
import { writeInstant } from "../_shared/braze/instants.ts";
import type { Clock } from "../_shared/runtime/clock.ts";
import type { Wanted } from "../_shared/scheduling/intent.ts";
import { attemptResult, isDeferred, isRefused } from "../_shared/scheduling/attempt_result.ts";
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
  | "failed"
  | "unknown"
  /** Not started, or refused by Braze's rate limits: the next run retries. */
  | "deferred"
  /** Entered the freeze window during the run. */
  | "frozen"
  /** Another process changed the match after it was planned. */
  | "conflict";

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
      return await move(fixture, step.want, step.target, run, stepDependencies);
    case "recreate": {
      const deleted = await remove(step.target, run, stepDependencies);
      if (deleted.outcome !== "succeeded") return notRemoved(fixture, step.target, deleted);
      const created = await create(fixture, step.want, run, stepDependencies);
      return created.done === "created" ? { ...created, done: "recreated" } : created;
    }
    case "reactivate":
      return await reactivate(fixture, step, run, stepDependencies);
    case "supersede":
      return await supersede(fixture, step, run, stepDependencies);
    case "cancel":
      return await cancel(fixture, step, run, stepDependencies);
  }
}

async function create(
  fixture: Fixture,
  want: Wanted,
  run: Run,
  { journal, braze, clock, newId, sendIdFor, gateTokenFor }: StepDependencies,
): Promise<StepResult> {
  const sendId = await sendIdFor(fixture);
  const opened = await journal.openCreate({
    attemptId: newId(),
    lease: run.lease,
    matchId: fixture.matchId,
    request: want.request,
    signature: want.signature,
    sendAt: want.sendAt,
    sendId,
    expected: want.expected,
    reason: "plan",
    now: clock.now(),
  });
  // The token stays out of the journal: a reader of the journal must not be able to call the send gate.
  const token = await gateTokenFor(opened);
  const request = token === null ? opened.request : {
    ...opened.request,
    trigger_properties: { ...opened.request.trigger_properties, send_gate_token: token },
  };
  const result = await braze.createSchedule(request, { deadline: run.deadline });
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
  return isDeferred(result)
    ? done("deferred", fixture, "create_deferred", result.detail, details)
    : done("failed", fixture, "create_failed", result.detail, details, [
      alerts.createFailed(fixture, generation, result.detail),
    ]);
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
  { want, ledgerId, generation }: Extract<Step, { action: "supersede" }>,
  run: Run,
  stepDependencies: StepDependencies,
): Promise<StepResult> {
  const release = { lease: run.lease, ledgerId, generation, now: stepDependencies.clock.now() };
  // The row changed, by a lost response of this call or by another process; the next run reads the new state.
  if (!await stepDependencies.journal.supersedeGatedCreate(release)) {
    return conflict(fixture, "supersede", generation);
  }
  const created = await create(fixture, want, run, stepDependencies);
  return created.done === "created" ? { ...created, done: "superseded" } : created;
}

async function move(
  fixture: Fixture,
  want: Pick<Wanted, "sendAt">,
  target: Target,
  run: Run,
  { journal, braze, clock, newId }: StepDependencies,
): Promise<StepResult> {
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
  const outcome = result.earlierUnknown ? "unknown" : result.outcome;
  if (isDeferred(result) && outcome === "failed") {
    return done("deferred", fixture, "move_deferred", result.detail, details);
  }
  return done(outcome, fixture, `move_${outcome}`, result.detail, details, [
    alerts.moveFailed(fixture, target, outcome, result.detail),
  ]);
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

function unconfirmed(fixture: Fixture, target: Target, result: CallResult<null>): Alert {
  const schedule = { generation: target.generation, brazeScheduleId: target.scheduleId };
  const detail = result.outcome === "succeeded" ? undefined : result.detail;
  return alerts.deleteUnconfirmed(fixture, schedule, detail);
}

function notRemoved(
  fixture: Fixture,
  target: Target,
  result: Exclude<CallResult<null>, { outcome: "succeeded" }>,
): StepResult {
  const details = { ...reference(target), generation: target.generation };
  if (isDeferred(result)) {
    return done("deferred", fixture, "delete_deferred", result.detail, details);
  }
  return done(result.outcome, fixture, `delete_${result.outcome}`, result.detail, details, [
    unconfirmed(fixture, target, result),
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
