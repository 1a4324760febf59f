/** Starts a world: the stack with its fault injection, fixtures in the database, nothing sent yet. */
import type { Stack, StackOptions } from "../../local/stack/stack.ts";
import { startStack } from "../../local/stack/stack.ts";
import type { Decision, Verb } from "./act.ts";
import { createChaos } from "./chaos.ts";
import { readBranches } from "./coverage.ts";
import { TEAMS } from "./fixtures.ts";
import { addFixture, call } from "./stack_calls.ts";
import { History, type WantedPush } from "./history.ts";
import type { FaultList } from "./faults.ts";
import { isInTruce } from "./truce.ts";
import type { World } from "./world.ts";
import { Tally } from "./tally.ts";
import { Recorder } from "./recorder.ts";

/** Events that belong to no match, their expected classification, and an unreadable event in the same batch. */
export interface OddBatch {
  readonly isAcknowledged: boolean;
  readonly events: readonly {
    readonly eventId: string;
    readonly method: "test_send" | "other_campaign";
  }[];
}

/** What of the troubles lasts at the moment. */
export interface Lasting {
  /** Faults of Braze, besides those of the whole world. */
  storm: FaultList;
  /** How late pg_net sends its calls. */
  netLateMs: number;
  /** When its last late call comes in. */
  netLateUntil: Date;
}

/** A verb that a person used, and its answer. */
export interface UsedVerb {
  readonly at: Date;
  readonly verb: Verb | Decision | "resolve";
  /** The match, schedule or alert. */
  readonly about: string;
  readonly isDone: boolean;
  readonly isDryRun: boolean;
  /** What there was of it before and after, as text. */
  readonly before: string;
  readonly after: string;
}

/** A schedule that a person made, or another suite, and that a person then made that of a match. */
export interface Adopted {
  readonly matchId: number;
  /** Its time then. */
  readonly sendAt: Date;
  /** What the match wanted then: it counts as made for that. */
  readonly wanted: WantedPush | null;
}

/** What people decided in a verb that was done, or whose answer was lost. */
export interface Decided {
  /** By schedule id. */
  readonly adopted: Map<string, Adopted>;
  readonly kept: Set<string>;
  readonly deleted: Set<string>;
  /** The ids of alerts that a person closed. */
  readonly closed: Set<string>;
}

export interface SimulationContext {
  readonly world: World;
  readonly stack: Stack;
  readonly history: History;
  readonly recorder: Recorder;
  readonly tally: Tally;
  /** Batches that were posted by hand and that Braze never sent. */
  readonly odd: OddBatch[];
  /** Matches whose create a person released although its schedule existed. */
  readonly released: Set<number>;
  /** Events that were posted from an export, without their properties, before Braze delivered them. */
  readonly reportedFromExport: Set<string>;
  /** Schedules that Braze sent, or holds again, although they were replaced or deleted. */
  readonly sentAgain: Set<string>;
  readonly lasting: Lasting;
  readonly verbs: UsedVerb[];
  readonly decided: Decided;
  /** Stops or starts pg_cron's jobs, to skip long idle periods. */
  pauseCron(isPaused: boolean): Promise<void>;
  /** Restarts in progress; each resolves to null, or to the reason of its failure. */
  readonly restarts: Promise<unknown>[];
  /** Runs `work` before the next call to the database, or to one of these SQL functions, with its parameters. */
  beforeNextCall(work: Work, functionNames?: readonly string[]): void;
  close(): Promise<void>;
}

type Work = (parameters: Readonly<Record<string, unknown>>) => Promise<void>;

/** How many reconciliations a person starts after a request that died before it judged events again. */
const RECONCILED_MAX = 4;

/** The world's database: on a shared server, or on a server of its own. */
export type SimulationDatabase = Pick<StackOptions, "databaseUrl" | "postgresBin">;

export async function setUp(
  world: World,
  database: SimulationDatabase,
): Promise<SimulationContext> {
  const problems: string[] = [];
  const planned: { readonly work: Work; readonly functionNames: readonly string[] | undefined }[] =
    [];
  const reconciled: Promise<unknown>[] = [];
  const up: { stack?: Stack } = {};
  const running = () => {
    if (up.stack === undefined) throw new Error("Cannot act: the stack must be up, got none yet");
    return up.stack;
  };
  const now = () => running().timeline.now();
  const lasting: Lasting = { storm: [], netLateMs: 0, netLateUntil: world.startAt };
  const tally = new Tally(now);
  const recorder = new Recorder({
    sandbox: () => running().sandbox,
    sql: () => running().sql,
    now,
  });

  const chaos = createChaos({
    seed: world.seed,
    rates: world.faults,
    tally,
    isTruce: () => isInTruce(world, now()) || now() >= world.endAt,
    netLateMs: () => lasting.netLateMs,
    fetchFor(address) {
      const { ready, gateway, timeline } = running();
      if (address.startsWith(ready.api_url)) return timeline.fetchWithin(gateway);
      return address.startsWith(ready.braze_url)
        ? timeline.fetchWithin((request) => recorder.braze(request))
        : timeline.fetch;
    },
    async beforeDatabase(address, body) {
      const called = address.split("/rpc/").at(-1) ?? "";
      const index = planned.findIndex(({ functionNames }) =>
        functionNames?.includes(called) ?? true
      );
      if (index === -1) return;
      const [next] = planned.splice(index, 1);
      await next?.work(typeof body === "string" ? JSON.parse(body) : {});
    },
    onUnappliedIdentifiers() {
      if (reconciled.length === RECONCILED_MAX) return;
      reconciled.push(call("braze-reconcile", {}, { stack: running() }));
    },
    async onAnswer(functionName, request, response) {
      const reason = await recorder.answered(functionName, request, response);
      if (reason !== null) tally.branch(`gate/${reason}`);
    },
  });

  const stack = await startStack({
    ...database,
    clock: world.startAt,
    // A commit must survive a crash: an acknowledged event must not be lost.
    fsync: world.restartsServers,
    // A world is short: with more partitions, planning would take longer than execution.
    restConnections: 3,
    env: { SEND_GATE: world.sendGate },
    sandbox: {
      seed: world.seed,
      users: { count: world.userCount, seed: world.seed, teams: world.teams },
      switches: { ...world.switches, faults: world.faults.braze },
      deliveriesAtOnce: world.deliveriesAtOnce,
    },
    interference: chaos,
    onLog: (functionName, line) => readBranches(functionName, line, tally),
    onProblem: (message) => problems.push(message),
  });
  up.stack = stack;
  const { sql, sandbox } = stack;
  await sql`update cron.job set database = current_database()`;
  for (const name of TEAMS) {
    await sql`insert into public.teams (name, braze_attribute_value) values (${name}, ${name})`;
  }
  const history = new History(world);
  for (const fixture of world.fixtures) {
    if (fixture.knownAt > world.startAt) continue;
    await addFixture(fixture, history.match(fixture.matchId, world.startAt), { stack });
  }
  return {
    world,
    stack,
    history,
    recorder,
    tally,
    odd: [],
    released: new Set(),
    reportedFromExport: new Set(),
    sentAgain: new Set(),
    lasting,
    verbs: [],
    decided: { adopted: new Map(), kept: new Set(), deleted: new Set(), closed: new Set() },
    restarts: [],
    async pauseCron(isPaused) {
      await sql`update cron.job set active = ${!isPaused}`;
    },
    beforeNextCall(work, functionNames) {
      planned.push({ work, functionNames });
    },
    async close() {
      await Promise.all(reconciled);
      for (const [kind, times] of sandbox.model.faults.fired) tally.faults(`braze ${kind}`, times);
      tally.events = sandbox.model.groundTruth.entries.length;
      await stack.close();
      // Where servers are restarted, open connections fail and the call must be repeated.
      if (problems.length > 0 && !world.restartsServers) {
        throw new Error(`The stack had problems:\n${problems.join("\n")}`);
      }
    },
  };
}
