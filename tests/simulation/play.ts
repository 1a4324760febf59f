/**
 * Lives through one world: what happens in it happens in order on a virtual clock, and at each quiet point the auditor
 * looks.
 */
import { addHours, addMinutes, max } from "date-fns";
import { audit } from "./auditor/audit.ts";
import { readFacts } from "./auditor/facts.ts";
import type { CountAnswer, Violation } from "./auditor/scene.ts";
import { readStoredBranches } from "./coverage.ts";
import { call, carryOut } from "./hands.ts";
import { type Servers, withPlace } from "./place.ts";
import { type Place, setUp, type Stage } from "./stage.ts";
import { tellStory } from "./story.ts";
import { NOTHING, type Totals } from "./tally.ts";
import { drawWorld, type Truce, type World } from "./world.ts";

export interface Seen extends Violation {
  readonly at: Date;
}

export interface Outcome {
  readonly seed: number;
  readonly violations: readonly Seen[];
  readonly unknowable: Readonly<Record<string, number>>;
  readonly totals: Totals;
  readonly seconds: number;
  /** What went wrong with the simulation itself. */
  readonly broken: string | null;
  /** Where something is wrong: what happened, in order. */
  readonly story: readonly string[];
}

/** Long enough for two reconciliations, and for an alert on silence to go. */
const MORNING_MINUTES = 75;
const HEARTBEAT_MINUTES = 6;

export async function play(seed: number, servers: Servers): Promise<Outcome> {
  const world = drawWorld(seed);
  return await withPlace(world, servers, (place) => playAt(world, place));
}

async function playAt(world: World, place: Place): Promise<Outcome> {
  const { seed } = world;
  const found = { violations: [] as Seen[], unknowable: {} as Record<string, number> };
  let stage: Stage | undefined;
  const startedMs = performance.now();
  let broken: string | null = null;
  let story: string[] = [];
  try {
    stage = await setUp(world, place);
    await live(stage, found);
    await readStoredBranches(stage.stack.sql, stage.tally);
    if (found.violations.length > 0) {
      const named = found.violations.flatMap(({ story }) => story.match(/\b1\d{3}\b/g) ?? []);
      story = await tellStory(stage, new Set(named.map(Number)));
    }
  } catch (error) {
    broken = error instanceof Error ? error.stack ?? error.message : String(error);
  }
  await stage?.close().catch((error) => broken ??= String(error));
  const seconds = (performance.now() - startedMs) / 1_000;
  return { seed, ...found, totals: stage?.tally.totals() ?? NOTHING, seconds, broken, story };
}

interface Found {
  readonly violations: Seen[];
  readonly unknowable: Record<string, number>;
}

async function live(stage: Stage, found: Found): Promise<void> {
  const { world, stack } = stage;
  const truces = [...world.truces];
  for (const [nth, act] of world.acts.entries()) {
    while (truces[0] !== undefined && truces[0].from <= act.at) {
      await makeTruce(truces.shift()!, stage, found);
      stack.sandbox.model.switchboard.set({ faults: world.faults.braze });
    }
    await reach(act.at, stage);
    await carryOut(act, stage, nth);
  }
  for (const truce of truces) await makeTruce(truce, stage, found);
  await sleepOverNight(stage);
  await look({ calmSince: world.endAt, isLast: true }, stage, found);
}

/** People mend what they can, nothing more is broken, and time is given for all to be noticed. */
async function makeTruce(truce: Truce, stage: Stage, found: Found): Promise<void> {
  const { model } = stage.stack.sandbox;
  await reach(truce.from, stage);
  model.switchboard.set({ faults: [] });
  if (model.campaign.state !== "enabled") {
    model.setCampaignState("enabled", stage.stack.timeline.now());
  }
  stage.stack.outages.clear();
  await reach(truce.until, stage);
  await look({ calmSince: truce.from, isLast: false }, stage, found);
}

/** Past the last send of the matchday and all that is told of it; pg_cron rests, since nothing falls due. */
async function sleepOverNight(stage: Stage): Promise<void> {
  const { world, stack } = stage;
  const dayAfter = addHours(world.endAt, 24);
  const lastSend = max([
    stack.timeline.now(),
    ...stack.sandbox.model.schedules.all.map(({ sendAt }) => sendAt)
      .filter((at) => at < dayAfter),
  ]);
  await reach(addMinutes(lastSend, 1), stage);
  await stage.silence(true);
  await reach(addHours(lastSend, world.nightHours), stage);
  await stage.silence(false);
  await reach(addMinutes(stack.timeline.now(), MORNING_MINUTES), stage);
  // Its slot is at night; what was told a day late is its to find, and its silence the heartbeat's.
  const dayOf = (at: Date) => at.toISOString().slice(0, 10);
  const days = { from: dayOf(world.startAt), to: dayOf(dayAfter) };
  await call("webhook-health-rollup", days, stage);
  await reach(addMinutes(stack.timeline.now(), HEARTBEAT_MINUTES), stage);
}

async function look(
  { calmSince, isLast }: { readonly calmSince: Date; readonly isLast: boolean },
  stage: Stage,
  found: Found,
): Promise<void> {
  const { world, history, witness, odd, released, toldBare, stack } = stage;
  const counts = isLast ? null : await countNow(stage);
  const now = stack.timeline.now();
  const { violations, unknowable } = audit({
    world,
    now,
    calmSince,
    isLast,
    history,
    model: stack.sandbox.model,
    witness,
    odd,
    released,
    toldBare,
    facts: await readFacts(stack.sql),
    counts,
  });
  found.violations.push(...violations.map((violation) => ({ ...violation, at: now })));
  for (const [what, times] of Object.entries(unknowable)) {
    found.unknowable[what] = (found.unknowable[what] ?? 0) + times;
  }
}

/** A machine that is busy may keep the database from answering: that is no finding. */
const COUNTS_MAX = 3;

async function countNow(stage: Stage): Promise<CountAnswer> {
  let answer = await call("braze-count-audit", { dry_run: true }, stage);
  for (let tries = 1; answer.status === 503 && tries < COUNTS_MAX; tries++) {
    answer = await call("braze-count-audit", { dry_run: true }, stage);
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

/** A person's call that waited for Braze may have moved the clock past it. */
async function reach(at: Date, { stack, restarts }: Stage): Promise<void> {
  for (const failure of await Promise.all(restarts.splice(0))) if (failure !== null) throw failure;
  if (at > stack.timeline.now()) await stack.advanceTo(at);
}
