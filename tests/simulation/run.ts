/**
 * Runs one world: its acts are performed in order on a virtual clock, and the auditor checks the state at each quiet
 * point.
 */
import { addHours, addMinutes, max } from "date-fns";
import { audit } from "./auditor/audit.ts";
import { readFacts } from "./auditor/facts.ts";
import type { CountAnswer, Violation } from "./auditor/context.ts";
import { readStoredBranches } from "./coverage.ts";
import { endTroubles, performAct, setFaults } from "./perform_acts.ts";
import { call } from "./stack_calls.ts";
import { type Servers, withSimulationDatabase } from "./database.ts";
import { setUp, type SimulationContext, type SimulationDatabase } from "./context.ts";
import { timelineOf } from "./timeline.ts";
import { NOTHING, type Totals } from "./tally.ts";
import type { Truce } from "./truce.ts";
import { drawWorld, type World } from "./world.ts";

export interface DatedViolation extends Violation {
  readonly at: Date;
}

export interface Outcome {
  readonly seed: number;
  readonly violations: readonly DatedViolation[];
  readonly unknowable: Readonly<Record<string, number>>;
  readonly totals: Totals;
  readonly seconds: number;
  /** The failure of the simulation itself, if any. */
  readonly broken: string | null;
  /** What happened, in order; empty without violations. */
  readonly timeline: readonly string[];
}

/** Long enough for two reconciliations, and for an alert on missing events to resolve. */
const MORNING_MINUTES = 75;
const HEARTBEAT_MINUTES = 6;

export async function runWorld(seed: number, servers: Servers): Promise<Outcome> {
  const world = drawWorld(seed);
  return await withSimulationDatabase(world, servers, (database) => runOn(database, world));
}

async function runOn(database: SimulationDatabase, world: World): Promise<Outcome> {
  const { seed } = world;
  const found = { violations: [] as DatedViolation[], unknowable: {} as Record<string, number> };
  let context: SimulationContext | undefined;
  const startedMs = performance.now();
  let broken: string | null = null;
  let timeline: string[] = [];
  try {
    context = await setUp(world, database);
    await performActs(context, found);
    await readStoredBranches(context.stack.sql, context.tally);
    if (found.violations.length > 0) {
      const named = found.violations.flatMap(({ details }) => details.match(/\b1\d{3}\b/g) ?? []);
      timeline = await timelineOf(context, new Set(named.map(Number)));
    }
  } catch (error) {
    broken = error instanceof Error ? error.stack ?? error.message : String(error);
  }
  await context?.close().catch((error) => broken ??= String(error));
  const seconds = (performance.now() - startedMs) / 1_000;
  return { seed, ...found, totals: context?.tally.totals() ?? NOTHING, seconds, broken, timeline };
}

interface Found {
  readonly violations: DatedViolation[];
  readonly unknowable: Record<string, number>;
}

async function performActs(context: SimulationContext, found: Found): Promise<void> {
  const { world } = context;
  const truces = [...world.truces];
  for (const [nth, act] of world.acts.entries()) {
    while (truces[0] !== undefined && truces[0].from <= act.at) {
      await runTruce(truces.shift()!, context, found);
      setFaults(context);
    }
    await reach(act.at, context);
    await performAct(act, context, nth);
  }
  for (const truce of truces) await runTruce(truce, context, found);
  await skipToMorning(context);
  await auditNow({ calmSince: world.endAt, isLast: true }, context, found);
}

/** Ends all faults, lets the suite notice and recover for the length of the truce, and audits it. */
async function runTruce(truce: Truce, context: SimulationContext, found: Found): Promise<void> {
  const { model } = context.stack.sandbox;
  await reach(truce.from, context);
  await endTroubles(context);
  model.switchboard.set({ faults: [] });
  if (model.campaign.state !== "enabled") {
    model.setCampaignState("enabled", context.stack.timeline.now());
  }
  context.stack.outages.clear();
  await reach(truce.until, context);
  await auditNow({ calmSince: truce.from, isLast: false }, context, found);
}

/** Advances past the last send and its events. pg_cron is paused for that time, since nothing is due. */
async function skipToMorning(context: SimulationContext): Promise<void> {
  const { world, stack } = context;
  const dayAfter = addHours(world.endAt, 24);
  const lastSend = max([
    stack.timeline.now(),
    ...stack.sandbox.model.schedules.all.map(({ sendAt }) => sendAt)
      .filter((at) => at < dayAfter),
  ]);
  await reach(addMinutes(lastSend, 1), context);
  await context.pauseCron(true);
  await reach(addHours(lastSend, world.nightHours), context);
  await context.pauseCron(false);
  await reach(addMinutes(stack.timeline.now(), MORNING_MINUTES), context);
  // The daily rollup did not run while pg_cron was paused. It finds late events; the heartbeat reports a missed rollup.
  const dayOf = (at: Date) => at.toISOString().slice(0, 10);
  const days = { from: dayOf(world.startAt), to: dayOf(dayAfter) };
  await call("webhook-health-rollup", days, context);
  await reach(addMinutes(stack.timeline.now(), HEARTBEAT_MINUTES), context);
  // A change is judged twice, the second time when it is a minute old.
  for (const minutes of [2, 0]) {
    await call("braze-reconcile", {}, context);
    await reach(addMinutes(stack.timeline.now(), minutes), context);
  }
}

async function auditNow(
  { calmSince, isLast }: { readonly calmSince: Date; readonly isLast: boolean },
  context: SimulationContext,
  found: Found,
): Promise<void> {
  const { world, history, recorder, odd, released, reportedFromExport, stack } = context;
  const { sentAgain, verbs, decided, lasting: { netLateUntil } } = context;
  const counts = isLast ? null : await countNow(context);
  const now = stack.timeline.now();
  const { violations, unknowable } = audit({
    world,
    now,
    calmSince,
    isLast,
    history,
    model: stack.sandbox.model,
    recorder,
    odd,
    released,
    reportedFromExport,
    sentAgain,
    verbs,
    decided,
    netLateUntil,
    facts: await readFacts(stack.sql, decided),
    counts,
  });
  found.violations.push(...violations.map((violation) => ({ ...violation, at: now })));
  for (const [what, times] of Object.entries(unknowable)) {
    found.unknowable[what] = (found.unknowable[what] ?? 0) + times;
  }
}

/** On a busy machine the database may time out: that is not a violation. */
const COUNTS_MAX = 3;

async function countNow(context: SimulationContext): Promise<CountAnswer> {
  let answer = await call("braze-count-audit", { dry_run: true }, context);
  for (let tries = 1; answer.status === 503 && tries < COUNTS_MAX; tries++) {
    answer = await call("braze-count-audit", { dry_run: true }, context);
  }
  const { status, body } = answer;
  if (status !== 200) {
    throw new Error(
      `Cannot count: the audit must answer 200, got ${status} ${JSON.stringify(body)}`,
    );
  }
  const listed = <T>(entries: unknown, field: string): T[] | null =>
    Array.isArray(entries) ? entries.map((entry) => entry[field]).sort() : null;
  return {
    status: String(body.status),
    ledger_pending: Number(body.ledger_pending),
    braze_actual: body.braze_actual === null ? null : Number(body.braze_actual),
    missing: listed(body.missing_in_braze, "match_id"),
    extra: listed(body.extra_in_braze, "schedule_id"),
  };
}

/** The clock may already be past `at`, after a person's call that waited for Braze. */
async function reach(at: Date, { stack, restarts }: SimulationContext): Promise<void> {
  for (const failure of await Promise.all(restarts.splice(0))) if (failure !== null) throw failure;
  if (at > stack.timeline.now()) await stack.advanceTo(at);
}
