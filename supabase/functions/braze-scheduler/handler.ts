/**
 * Plans and schedules one push per match.
 *
 * Guarantees: at most one known live schedule per match; any uncertainty raises an alert. Every run plans from the
 * current state, so the next run repairs a lost, repeated or interrupted one.
 */
import { addMilliseconds, isBefore, min, subDays } from "date-fns";
import { z } from "zod";
import type { Dependencies } from "../_shared/function/dependencies.ts";
import {
  firstCreateEndsAt,
  isFrozen,
  isTooLateForText,
  isTooLateToReplace,
  type PlanSettings,
  planSettings,
  REPLACED_WITHIN_MS,
} from "../_shared/scheduling/intent.ts";
import { isUnsettled } from "../_shared/scheduling/schedule.ts";
import { type Breaker, createBreaker, illnessOf, watched } from "./breaker.ts";
import { readTemplateGate } from "../_shared/braze/campaign_gate.ts";
import type { Alert, LogEntry } from "../_shared/store/alerts_and_logs.ts";
import {
  createCronFunction,
  isPastDeadline,
  type Run,
  type RunResult,
} from "../_shared/function/cron_function.ts";
import { type Acted, carryOutVerbs, hasVerbs, VERB_OPTIONS } from "../_shared/function/verbs.ts";
import { DatabaseError } from "../_shared/store/rpc.ts";
import { type GatedGeneration, signGateToken } from "../_shared/auth/gate_token.ts";
import type { Fixture } from "../_shared/store/planning.ts";
import {
  type ActiveStep,
  type Done,
  execute,
  type StepDependencies,
  type StepResult,
} from "./execute.ts";
import { type HeldBack, holdBack } from "./hold_back.ts";
import { plan } from "./plan.ts";
import { sameFixtureAlerts } from "./same_fixtures.ts";
import type { FrozenReason, PlannedMatch, Step } from "./step.ts";
import * as alerts from "./plan_alerts.ts";
import { RULES, RULES_OVER_ALL } from "./plan_alerts.ts";
import { createSendIds } from "./send_ids.ts";

const MATCH_IDS_MAX = 5_000;
/** Logs are written in batches during the run, so that a killed run leaves most of its entries. */
const LOGS_AT_ONCE = 50;
/** After a campaign was stopped and started, one run replaces at most this many schedules, the soonest first. */
const DOUBTED_MAX = 10;

/** The steps that end in a create. */
const CREATING: readonly Step["action"][] = ["create", "recreate", "supersede"];
const DEFERRED: StepResult = { done: "deferred", alerts: [], logs: [] };

/** A run with one of these results has not executed its whole plan. */
const UNFINISHED: readonly Done[] = ["deferred", "failed", "unknown", "conflict"];

const MatchIds = z.array(z.int().nonnegative()).min(1).max(MATCH_IDS_MAX);

const Options = z.strictObject({
  /** Returns the plan and changes nothing. */
  dry_run: z.boolean().default(false),
  /** Restricts the run to these matches; default: all matches up to the horizon. */
  match_ids: MatchIds.optional(),
  ...VERB_OPTIONS,
});
type Options = z.infer<typeof Options>;

interface MadePlan extends HeldBack {
  readonly now: Date;
  readonly wasIll: boolean;
  readonly sendIdsUsed: number;
}

interface TryDependencies extends StepDependencies {
  /** The send id that the match has already. */
  readonly existingSendIdFor: StepDependencies["sendIdFor"];
}

export function createHandler(dependencies: Dependencies): (request: Request) => Promise<Response> {
  const { environment, store, clock, braze, newId } = dependencies;
  const settings = planSettings(environment);
  const seconds = (ms: number) => Math.round(ms / 1_000);
  /** SQL function send_timing reads it: verdicts say by when something can still be done. */
  const timing = {
    send_lead_seconds: seconds(settings.sendLeadMs),
    freeze_seconds: seconds(settings.freezeMs),
    create_lead_seconds: seconds(settings.createLeadMs),
    horizon_seconds: seconds(settings.horizonMs),
  };

  return createCronFunction(dependencies, {
    options: Options,
    isDryRun: (options) => options.dry_run,
    async run(options, run) {
      const givenUp = run.dryRun ? [] : await store.journal.giveUp(run.runId, clock.now());
      const held = run.dryRun ? [] : await store.planning.holdSuccessors({
        gated: settings.sendGate !== "off",
        freezeSeconds: timing.freeze_seconds,
        now: clock.now(),
      });
      // First, so that the plan carries them out.
      const acted = await carryOutVerbs(options, run, dependencies);
      const made = await makePlan(options, acted, run.asOf);
      const { planned } = made;
      const summary = {
        // SQL function scheduler_has_planned reads it: such a run has not planned every match.
        ...(options.match_ids === undefined ? {} : { match_ids: options.match_ids }),
        timing,
        ...countPlan(planned),
        ...(hasVerbs(options) ? { verbs: acted } : {}),
      };
      if (run.dryRun) {
        return { outcome: "succeeded", summary: { ...summary, plan: planned.map(describe) } };
      }
      const result = await carryOut(made, options.match_ids, run);
      return {
        ...result,
        summary: { ...summary, given_up: givenUp.length, held: held.length, ...result.summary },
      };
    },
  });

  async function gateTokenFor(generation: GatedGeneration): Promise<string | null> {
    const [secret] = environment.sendGateSecrets;
    if (settings.sendGate === "off" || secret === undefined) return null;
    return await signGateToken(generation, secret);
  }

  async function makePlan(
    options: Options,
    acted: readonly Acted[],
    now: Date,
  ): Promise<MadePlan> {
    const input = await store.planning.loadPlanInput({
      // Includes yesterday: a push that was due may still be awaiting evidence.
      from: subDays(now, 1),
      until: addMilliseconds(now, settings.horizonMs + settings.sendLeadMs),
      matchIds: options.match_ids ?? null,
      now,
    });
    const { teams } = input;
    const closedGates = await findClosedGates(input.fixtures);
    const doubted = await findDoubted(closedGates, now);
    // A dry run confirms nothing in the database, and shows what would be done.
    const ids = new Set(
      acted.flatMap(({ verb, done, match_id }) =>
        verb === "confirm_removals" && done ? [match_id] : []
      ),
    );
    const fixtures = input.fixtures.map((fixture) =>
      ids.has(fixture.matchId) && fixture.held !== null
        ? { ...fixture, held: { ...fixture.held, confirmed: true } }
        : fixture
    );
    const held = holdBack(
      plan(fixtures, teams, { ...settings, closedGates, doubted }, now),
      teams,
      input.changesAllowed,
      now,
    );
    const scheduled = fixtures.filter(({ status }) => status === "scheduled").length;
    return {
      ...held,
      alerts: [
        ...held.alerts,
        ...sameFixtureAlerts(fixtures, teams),
        ...(teams.length === 0 && scheduled > 0 ? [alerts.teamsEmpty(scheduled)] : []),
      ],
      now,
      wasIll: input.wasIll,
      sendIdsUsed: input.sendIdsUsed,
    };
  }

  /** Asks Braze only where the answer decides in which order a schedule may be replaced. */
  async function findClosedGates(fixtures: readonly Fixture[]): Promise<ReadonlySet<string>> {
    const live = fixtures.flatMap(({ ledger }) => ledger?.schedules ?? [])
      .filter(({ state, gated }) => gated && isUnsettled(state));
    if (settings.sendGate !== "fail_closed" || live.length === 0) return new Set();
    const campaignIds = new Set([settings.campaignId, ...live.map((one) => one.campaignId)]);
    const closed: string[] = [];
    for (const campaignId of campaignIds) {
      const gate = readTemplateGate(await braze.campaignDetails(campaignId));
      if (gate === "fail_closed") closed.push(campaignId);
    }
    return new Set(closed);
  }

  /** Braze may have dropped their schedules with a campaign that was stopped; the gate turns those away that it did not. */
  async function findDoubted(
    closedGates: ReadonlySet<string>,
    now: Date,
  ): Promise<ReadonlySet<number>> {
    if (closedGates.size === 0) return new Set();
    const earliest = addMilliseconds(now, settings.freezeMs + REPLACED_WITHIN_MS);
    return new Set(await store.observations.loadDoubted(earliest, DOUBTED_MAX));
  }

  async function carryOut(
    { planned, removals, remakes, now, wasIll, sendIdsUsed, ...made }: MadePlan,
    matchIds: readonly number[] | undefined,
    run: Run,
  ): Promise<RunResult> {
    const done: Record<string, number> = {};
    const raised: Alert[] = [...planned.flatMap((match) => match.alerts), ...made.alerts];
    const logs: LogEntry[] = planned.flatMap(({ fixture, step }) =>
      step.action === "frozen" ? logOfFrozen(fixture, step.reason) : []
    );
    const breaker = createBreaker({ wasIll });
    // Calls that change nothing: while Braze is ill, each create that is tried costs a person's look.
    if (wasIll && planned.some(({ step }) => step.action !== "skip" && step.action !== "frozen")) {
      breaker.note("read", await braze.campaignDetails(settings.campaignId));
    }
    const createsAreIll = wasIll && breaker.tripped === null &&
        planned.some(({ step }) => CREATING.includes(step.action))
      ? illnessOf(await braze.createNothing({ deadline: run.deadline }))
      : null;
    const sendIds = createSendIds(sendIdsUsed, settings.campaignId, run, {
      journal: store.journal,
      braze,
      clock,
      newId,
    });
    const stepDependencies: StepDependencies = {
      journal: store.journal,
      braze: watched(braze, breaker),
      clock,
      newId,
      settings,
      sendIdFor: (fixture) => sendIds.for(fixture),
      gateTokenFor,
    };

    try {
      // First, since the send gate reads it.
      await store.planning.holdChanges({
        lease: run.lease,
        removals,
        remakes,
        matchIds: matchIds ?? null,
        now,
      });
      for (const { fixture, step } of planned) {
        if (step.action === "skip" || step.action === "frozen") continue;
        const possible = createsAreIll === null ? step : withoutCreate(step, settings, now);
        const result = possible === null
          ? DEFERRED
          : await tryStep(fixture, possible, run, breaker, {
            ...stepDependencies,
            existingSendIdFor: (of) => sendIds.existing(of),
          });
        done[result.done] = (done[result.done] ?? 0) + 1;
        raised.push(...result.alerts);
        logs.push(...result.logs);
        if (logs.length >= LOGS_AT_ONCE) await write(logs.splice(0), run);
      }
    } catch (error) {
      // Raise the alerts found so far; resolve none, because the remaining matches were not checked.
      await store.alertsAndLogs.raiseAlerts(raised, clock.now());
      throw error;
    } finally {
      await write([...logs, ...sendIds.logs], run);
    }
    if ((done.deferred ?? 0) > 0) await store.alertsAndLogs.raiseAlerts(raised, clock.now());
    else {
      const judged = matchIds === undefined
        ? { rules: [...RULES, ...RULES_OVER_ALL] }
        : { rules: RULES, matchIds };
      await store.alertsAndLogs.syncAlerts({ ...judged, alerts: raised }, clock.now());
    }
    const isComplete = UNFINISHED.every((what) => done[what] === undefined);
    const ill = breaker.tripped ?? createsAreIll;
    return {
      outcome: isComplete ? "succeeded" : "partial",
      summary: { done, ...(ill === null ? {} : { braze_ill: ill }) },
    };
  }

  async function tryStep(
    fixture: Fixture,
    step: ActiveStep,
    run: Run,
    breaker: Breaker,
    { existingSendIdFor, ...stepDependencies }: TryDependencies,
  ): Promise<StepResult> {
    const now = clock.now();
    if (isPastDeadline(run, now) || breaker.tripped !== null) return DEFERRED;
    // A send outside the freeze window at planning time may have entered it during the run.
    const isInside = "soonest" in step && isTooLate(step, settings, now);
    const lateCreateEndsAt = isInside && step.action === "create" && step.isFirst
      ? firstCreateEndsAt(step.soonest, settings)
      : null;
    if (isInside && (lateCreateEndsAt === null || !isBefore(now, lateCreateEndsAt))) {
      const reason = step.action === "create" ? "create_inside_freeze" : "change_inside_freeze";
      const alert = alerts.frozen(fixture, reason, step.soonest);
      return { done: "frozen", alerts: [alert], logs: logOfFrozen(fixture, reason) };
    }
    try {
      if (lateCreateEndsAt === null) return await execute(fixture, step, run, stepDependencies);
      // No time for another call before the create, nor for a try that might be answered too late.
      return await execute(
        fixture,
        step,
        { ...run, deadline: min([run.deadline, lateCreateEndsAt]) },
        { ...stepDependencies, sendIdFor: existingSendIdFor },
      );
    } catch (error) {
      // A conflict means that another process changed the match after planning; a lost lease ends the run.
      if (
        !(error instanceof DatabaseError) || error.status !== 409 || error.hint === "lease_lost"
      ) {
        throw error;
      }
      const entry = { action: "step_conflict", reason: error.message, matchId: fixture.matchId };
      return {
        done: "conflict",
        alerts: [],
        logs: [{ ...entry, details: { action: step.action } }],
      };
    }
  }

  async function write(logs: readonly LogEntry[], run: Run) {
    const from = { functionName: dependencies.functionName, runId: run.runId };
    await store.alertsAndLogs.writeLogs(logs, from, clock.now());
  }
}

/**
 * What is left of a step while Braze seems to take no creates: a move that it refuses is not made anew. A first schedule that
 * cannot wait is tried all the same, since its push would be lost. Null: nothing.
 */
function withoutCreate(step: ActiveStep, settings: PlanSettings, now: Date): ActiveStep | null {
  if (step.action === "create" && isTooLateForText(step.soonest, settings, now)) return step;
  if (CREATING.includes(step.action)) return null;
  return step.action === "move" ? { ...step, replacement: null } : step;
}

function isTooLate(
  step: Extract<ActiveStep, { readonly soonest: Date }>,
  settings: PlanSettings,
  now: Date,
): boolean {
  return step.action === "recreate" || step.action === "supersede"
    ? isTooLateToReplace(step.soonest, settings, now)
    : isFrozen(step.soonest, settings, now);
}

function countPlan(planned: readonly PlannedMatch[]) {
  const counts: Record<Step["action"], number> = {
    create: 0,
    move: 0,
    recreate: 0,
    reactivate: 0,
    supersede: 0,
    delete: 0,
    cancel: 0,
    skip: 0,
    frozen: 0,
  };
  const skipped: Record<string, number> = {};
  for (const { step } of planned) {
    counts[step.action]++;
    if (step.action === "skip") skipped[step.reason] = (skipped[step.reason] ?? 0) + 1;
  }
  return { matches: planned.length, planned: counts, skipped };
}

function describe({ fixture, step, alerts }: PlannedMatch) {
  return {
    match_id: fixture.matchId,
    action: step.action,
    ...("reason" in step ? { reason: step.reason } : {}),
    ...("want" in step ? { send_at: step.want.sendAt } : {}),
    ...("target" in step && step.target !== null ? { schedule_id: step.target.scheduleId } : {}),
    ...(alerts.length > 0 ? { alerts: alerts.map((alert) => alert.title) } : {}),
  };
}

function logOfFrozen({ matchId }: Fixture, reason: FrozenReason): LogEntry[] {
  return [{ action: "frozen", reason, matchId, details: {} }];
}
