/**
 * Verdicts when several requests and runs work at once, or one of them is slow.
 *
 * The events come through the code of braze-webhook, over as many connections as a test needs.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Prng } from "../../../local/lib/prng.ts";
import { createIngest } from "../../../supabase/functions/braze-webhook/ingest.ts";
import { rejudge } from "../../../supabase/functions/_shared/function/rejudge.ts";
import { createObservations } from "../../../supabase/functions/_shared/store/observations.ts";
import { connectSql } from "../../../local/stack/sql.ts";
import { type Sql, withDatabase } from "../../support/database.ts";
import {
  dependenciesOn,
  directRpc,
  Player,
  prepare,
  receivedEvent,
  type Result,
  timeOf,
} from "../../support/orders/database.ts";
import { type CallFact, CAMPAIGN, type EventFact, ledgerId } from "../../support/orders/facts.ts";

const RUN_ID = "dddddddd-0000-4000-8000-000000000001";

function fact(id: string, fields: Partial<EventFact> = {}): EventFact {
  return {
    kind: "event",
    id,
    minute: 0.4,
    eventType: "send",
    channel: "push",
    timeKind: "send",
    campaignId: CAMPAIGN,
    canvasId: null,
    echoedLedgerId: null,
    echoedMatchId: null,
    echoedGeneration: null,
    echoedAttemptId: null,
    hasForeignExtras: false,
    scheduleId: null,
    sendId: null,
    dispatchId: null,
    ...fields,
  };
}

function echoOf(matchId: number): Partial<EventFact> {
  return { echoedLedgerId: ledgerId(matchId), echoedGeneration: "1" };
}

function scheduled(matchId: number, sendAt = 0): CallFact[] {
  const common = { matchId, generation: 1, campaignId: CAMPAIGN, sendAt, dispatchId: null };
  return [
    { ...common, kind: "create", minute: -480, outcome: null },
    { ...common, kind: "created", minute: -479, outcome: "succeeded" },
  ];
}

interface World {
  readonly sql: Sql;
  now: Date;
  readonly ingest: (...facts: EventFact[]) => Promise<unknown>;
  readonly judgeAgain: () => Promise<number>;
  /** Over a minute later, until nothing is left. */
  readonly settle: () => Promise<void>;
  readonly connect: (connections: number) => Promise<Sql>;
}

/** Matches that are scheduled for 14:00, and the functions over a connection of the test's own. */
function withWorld(
  calls: readonly CallFact[],
  run: (world: World) => Promise<void>,
): () => Promise<void> {
  return () =>
    withDatabase(async (sql, url) => {
      await prepare(sql);
      const connection = await sql.reserve();
      const player = new Player(connection);
      for (const call of calls) await player.makeCall(call);
      connection.release();
      const others: Sql[] = [];
      const world: World = {
        sql,
        now: timeOf(1),
        ingest: (...facts) => ingestOver(sql, world.now, facts),
        judgeAgain: async () =>
          (await rejudge(functionsOn(sql, () => world.now), RUN_ID, () => true)).changed,
        async settle() {
          for (let round = 0; round < 5; round++) {
            world.now = new Date(world.now.getTime() + 61_000);
            await world.judgeAgain();
          }
          strictEqual((await sql`select from private.rejudgements`).length, 0);
        },
        connect: (connections) => {
          const other = connectSql(url, { max: connections, applicationName: "test" });
          others.push(other);
          return Promise.resolve(other);
        },
      };
      try {
        await run(world);
      } finally {
        for (const other of others) await other.end({ timeout: 5 });
      }
    });
}

function functionsOn(sql: Sql, now: () => Date) {
  return dependenciesOn(directRpc(sql), now);
}

function ingestOver(sql: Sql, now: Date, facts: readonly EventFact[]) {
  const events = facts.map((each) => receivedEvent(each, now));
  return createIngest(functionsOn(sql, () => now))({ events, rejects: [] }, null, RUN_ID);
}

async function ledger({ sql }: World, matchId: number) {
  const [row] = await sql`
    select status::text, sent_evidence, cancel_reason from public.schedule_ledger
    where match_id = ${matchId}`;
  return row;
}

Deno.test(
  "no event keeps a match by an id that turned ambiguous, over 12 connections",
  withWorld([...scheduled(1001), ...scheduled(1002)], async (world) => {
    const sql = await world.connect(12);
    const events = Array.from({ length: 240 }, (_, index) => {
      const echo = index % 40 === 10 ? echoOf(1001) : index % 40 === 20 ? echoOf(1002) : {};
      return fact(`e-${index}`, { ...echo, dispatchId: `dispatch-${Math.floor(index / 40)}` });
    });
    const queue = new Prng(3).shuffled(events);
    await Promise.all(Array.from({ length: 12 }, async (_, lane) => {
      for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
        await ingestOver(sql, world.now, [next]);
        if (lane % 4 === 0) {
          await rejudge(functionsOn(sql, () => world.now), RUN_ID, () => true);
        }
      }
    }));
    await world.settle();
    const methods = await sql`
      select correlation_method as method, count(*)::int as events
      from public.notification_sends group by 1 order by 1`;
    deepStrictEqual([...methods], [
      { method: "ledger_id", events: 12 },
      { method: "tie", events: 228 },
    ]);
    const registered = await sql`select ambiguous from public.schedule_identifiers
      where kind = 'dispatch_id'`;
    deepStrictEqual(registered.map(({ ambiguous }) => ambiguous), Array(6).fill(true));
  }),
);

Deno.test("four events with ids that they lend each other end alike in all 24 orders", () =>
  withDatabase(async (sql) => {
    await prepare(sql);
    const connection = await sql.reserve();
    const player = new Player(connection);
    // What explains the third event is explained itself only by an id that turns ambiguous.
    const events = [
      fact("a", { ...echoOf(1001), dispatchId: "dispatch-1" }),
      fact("b", { ...echoOf(1002), dispatchId: "dispatch-1" }),
      fact("c", { dispatchId: "dispatch-1", sendId: "send-1" }),
      fact("d", { sendId: "send-1" }),
    ];
    const results = new Set<string>();
    let last: Result | null = null;
    await player.inTransaction([...scheduled(1001), ...scheduled(1002)], async () => {
      for (const order of permutations(events)) {
        last = await player.play(order, new Prng(order.map(({ id }) => id).join("")));
        results.add(JSON.stringify(last));
      }
    });
    connection.release();
    strictEqual(results.size, 1);
    deepStrictEqual(
      Object.values((last as Result | null)?.events ?? {}).map(({ method }) => method),
      ["ledger_id", "ledger_id", "no_evidence", "no_evidence"],
    );
  }));

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, index) =>
    permutations(items.filter((_, other) => other !== index)).map((rest) => [item, ...rest])
  );
}

Deno.test(
  "a match whose proof is revoked is moved, cancelled and deleted as before",
  withWorld([...scheduled(1001, 180), ...scheduled(1002, 180)], async (world) => {
    const { sql } = world;
    const isIn = { minute: 180 };
    world.now = timeOf(181);
    await world.ingest(
      fact("a", { ...isIn, ...echoOf(1001), eventType: "bounce", dispatchId: "d" }),
    );
    await world.ingest(fact("b", { ...isIn, dispatchId: "d" }));
    deepStrictEqual((await ledger(world, 1001))?.status, "sent");
    await world.ingest(
      fact("c", { ...isIn, ...echoOf(1002), eventType: "bounce", dispatchId: "d" }),
    );
    await world.settle();
    deepStrictEqual(await ledger(world, 1001), {
      status: "pending",
      sent_evidence: null,
      cancel_reason: null,
    });

    const connection = await sql.reserve();
    const player = new Player(connection);
    const common = { matchId: 1001, generation: 1, campaignId: CAMPAIGN, dispatchId: null };
    const move = { ...common, sendAt: 240, minute: 190 };
    await player.makeCall({ ...move, kind: "move", outcome: null });
    await player.makeCall({ ...move, kind: "moved", outcome: "succeeded" });
    await player.makeCall({ ...move, kind: "delete", outcome: null });
    await player.makeCall({ ...move, kind: "deleted", outcome: "succeeded" });
    connection.release();
    const [schedule] = await sql`
      select state, state_before_proof, first_event_at, send_at_utc from public.braze_schedules
      where ledger_id = ${ledgerId(1001)}`;
    deepStrictEqual(schedule, {
      state: "deleted",
      state_before_proof: null,
      first_event_at: null,
      send_at_utc: timeOf(240),
    });
    deepStrictEqual((await ledger(world, 1001))?.cancel_reason, "plan");
  }),
);

Deno.test(
  "an event outside the partitions proves and teaches nothing",
  withWorld(scheduled(1001), async (world) => {
    const minute = 400 * 24 * 60;
    const late = { minute, eventType: "open", timeKind: "occurrence" as const };
    world.now = timeOf(minute);
    await world.ingest(fact("a", { ...late, ...echoOf(1001), dispatchId: "d" }));
    await world.ingest(fact("b", { ...late, sendId: "match-1001", dispatchId: "e" }));
    const [stored] = await world.sql`
      select (select count(*)::int from public.notification_sends) as events,
        (select count(*)::int from public.webhook_rejects) as rejects,
        (select count(*)::int from public.schedule_identifiers where kind <> 'schedule_id') as identifiers`;
    deepStrictEqual(stored, { events: 0, rejects: 2, identifiers: 0 });
    deepStrictEqual((await ledger(world, 1001))?.status, "pending");
  }),
);

Deno.test(
  "3,000 events that a late echo explains are judged again in bounded steps, with short log rows",
  withWorld(scheduled(1001), async (world) => {
    const { sql } = world;
    const count = 3_000;
    const open = Array.from(
      { length: count },
      (_, index) => fact(`open-${index}`, { minute: 0.5 + (index % 600) / 60, sendId: "send-1" }),
    );
    world.now = timeOf(12);
    await world.ingest(...open);
    const steps: number[] = [];
    const dependencies = functionsOn(sql, () => world.now);
    await world.ingest(fact("echo", { ...echoOf(1001), sendId: "send-1" }));
    for (let isComplete = false; !isComplete;) {
      // One step a run, as with a run that ends at its deadline.
      let isFirst = true;
      const judged = await rejudge(dependencies, RUN_ID, () => isFirst && !(isFirst = false));
      isComplete = judged.isComplete || judged.judged === 0;
      if (!isComplete) steps.push(judged.judged);
    }
    ok(steps.length >= 3 && Math.max(...steps) <= 1_000, `steps of ${steps}`);
    const [row] = await sql`
      select count(*)::int as events from public.notification_sends
      where match_id = 1001 and correlation_method = 'send_id' and confidence = 'high'`;
    strictEqual(row?.events, count);
    const logs = await sql`
      select pg_catalog.jsonb_array_length(details -> 'event_ids') as ids,
        (details ->> 'events')::int as events
      from public.scheduler_logs where action = 'attribution_changed'`;
    strictEqual(logs.reduce((sum, { events }) => sum + events, 0), count);
    ok(logs.every(({ ids }) => ids <= 20));
    await world.settle();
  }),
);

Deno.test(
  "a proof that is stored while its row loses another one is not lost",
  withWorld([...scheduled(1001), ...scheduled(1002)], async (world) => {
    await world.ingest(fact("a", { ...echoOf(1001), eventType: "bounce", dispatchId: "d" }));
    await world.ingest(fact("b", { dispatchId: "d" }));
    strictEqual((await ledger(world, 1001))?.status, "sent");
    await world.ingest(fact("c", { ...echoOf(1002), eventType: "bounce", dispatchId: "d" }));

    const slow = await (await world.connect(1)).reserve();
    try {
      await slow.unsafe("begin");
      // It finds the row sent already, so it writes no proof.
      await ingestOver(slow as unknown as Sql, world.now, [fact("late", echoOf(1001))]);
      await world.judgeAgain();
      strictEqual((await ledger(world, 1001))?.status, "pending");
      await slow.unsafe("commit");
    } finally {
      slow.release();
    }
    await world.settle();
    deepStrictEqual((await ledger(world, 1001))?.status, "sent");
  }),
);

Deno.test(
  "a slow run that judged the first page does not end the judging of a later run",
  withWorld(scheduled(1001), async (world) => {
    const { sql } = world;
    await world.settle();
    await world.ingest(fact("open", { sendId: "send-1" }));
    await world.ingest(fact("echo", { ...echoOf(1001), sendId: "send-1" }));
    const rpc = functionsOn(sql, () => world.now).store.events;
    const store = (page: { ids: readonly number[]; startedAt: Date }) =>
      rpc.storeRejudgements(
        { ...page, rejudgements: [], registered: [], last: null },
        { functionName: "braze-webhook", runId: RUN_ID, now: world.now },
      );
    const slow = await rpc.loadRejudgements(1_000, world.now);
    ok(slow !== null);
    // Its claim ends after 30 seconds.
    world.now = new Date(world.now.getTime() + 31_000);
    await world.judgeAgain();
    world.now = new Date(world.now.getTime() + 60_000);
    const later = await rpc.loadRejudgements(1_000, world.now);
    ok(later !== null);
    await store(slow);
    strictEqual((await sql`select from private.rejudgements`).length, later.ids.length);
    await store(later);
    strictEqual((await sql`select from private.rejudgements`).length, 0);
  }),
);

Deno.test(
  "eight runs that judge and store at once do not deadlock and end alike",
  withWorld([...scheduled(1001), ...scheduled(1002)], async (world) => {
    const sql = await world.connect(8);
    const prng = new Prng(5);
    const open = Array.from(
      { length: 400 },
      (_, index) =>
        fact(`open-${index}`, { minute: 0.2 + prng.next(), dispatchId: `dispatch-${index % 20}` }),
    );
    await world.ingest(...open);
    const echoes = Array.from(
      { length: 40 },
      (_, index) =>
        fact(`echo-${index}`, {
          ...echoOf(index % 2 === 0 ? 1001 : 1002),
          dispatchId: `dispatch-${index >> 1}`,
        }),
    );
    const queue = prng.shuffled(echoes);
    await Promise.all(Array.from({ length: 8 }, async () => {
      for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
        await ingestOver(sql, world.now, prng.shuffled([next, ...open.slice(0, 20)]));
        await rejudge(functionsOn(sql, () => world.now), RUN_ID, () => true);
      }
    }));
    await world.settle();
    const [row] = await sql`
      select count(*)::int as events from public.notification_sends
      where event_id like 'open-%' and confidence = 'high'`;
    strictEqual(row?.events, 0);
  }),
);

async function verdictOf({ sql }: World, id: string) {
  const [event] = await sql`
    select correlation_method as method, match_id::int as match, proof from public.notification_sends
    where event_id = ${id}`;
  return event === undefined ? undefined : [event.method, event.match, event.proof];
}

Deno.test(
  "a verdict by time alone and its proof are taken back when a second match with that time appears",
  withWorld(scheduled(1001), async (world) => {
    await world.ingest(fact("a"));
    deepStrictEqual(await verdictOf(world, "a"), ["time_exact", 1001, "push"]);
    strictEqual((await ledger(world, 1001))?.status, "sent");
    const connection = await world.sql.reserve();
    const player = new Player(connection);
    // Its calls were made before, and are committed only now.
    for (const call of scheduled(1002)) await player.makeCall(call);
    connection.release();
    await world.settle();
    deepStrictEqual(await verdictOf(world, "a"), ["tie", null, null]);
    strictEqual((await ledger(world, 1001))?.status, "pending");
  }),
);

Deno.test(
  "a verdict by time alone and its proof are taken back when a schedule that is not ours is listed beside it",
  withWorld(scheduled(1001), async (world) => {
    await world.ingest(fact("a"));
    strictEqual((await ledger(world, 1001))?.status, "sent");
    const campaign = {
      campaignId: CAMPAIGN,
      listingMode: "per_schedule",
      listed: 1,
      listedNextSend: null,
      campaignState: "running",
      campaignDetail: null,
      sendGate: null,
    } as const;
    const theirs = {
      campaignId: CAMPAIGN,
      scheduleId: "theirs",
      sendAt: timeOf(5),
      triggerProperties: null,
      dispatchId: null,
      sendId: null,
    };
    await createObservations(directRpc(world.sql)).record(
      {
        beganAt: world.now,
        until: timeOf(60),
        listingDetail: null,
        campaigns: [campaign],
        schedules: [theirs],
      },
      { absencesMax: 5, absenceShareMax: 0.2 },
      RUN_ID,
      world.now,
    );
    await world.settle();
    deepStrictEqual(await verdictOf(world, "a"), ["time_window", 1001, null]);
    strictEqual((await ledger(world, 1001))?.status, "pending");
  }),
);

Deno.test(
  "after a text was replaced at the same minute, events with the send id alone prove the match",
  withWorld([
    ...scheduled(1001),
    { ...scheduled(1001)[0]!, kind: "delete", minute: -5 },
    { ...scheduled(1001)[0]!, kind: "deleted", minute: -5, outcome: "succeeded" },
    ...scheduled(1001).map((call) => ({ ...call, generation: 2, minute: -4 })),
  ], async (world) => {
    await world.ingest(fact("a", { sendId: "match-1001" }));
    await world.settle();
    deepStrictEqual(await verdictOf(world, "a"), ["send_id", 1001, "push"]);
    const [event] = await world.sql`select generation from public.notification_sends`;
    strictEqual(event?.generation, null, "deleted within the freeze window, so either was sent");
    strictEqual((await ledger(world, 1001))?.status, "sent");
  }),
);

Deno.test(
  "a contradicting echo does not spoil an own send id",
  withWorld([...scheduled(1001), ...scheduled(1002)], async (world) => {
    await world.ingest(fact("a", { ...echoOf(1001), sendId: "match-1002", dispatchId: "d" }));
    await world.ingest(fact("b", { sendId: "match-1002" }));
    await world.settle();
    deepStrictEqual(await verdictOf(world, "a"), ["contradiction", null, null]);
    deepStrictEqual(await verdictOf(world, "b"), ["send_id", 1002, "push"]);
    const taught = await world.sql`
      select value from public.schedule_identifiers where kind <> 'schedule_id'`;
    deepStrictEqual([...taught], []);
  }),
);

Deno.test(
  "an echo of an unknown match is overruled by no send id, when it comes and when all is settled",
  withWorld(scheduled(1001), async (world) => {
    const unknown = { echoedMatchId: "4711" };
    await world.ingest(fact("a", unknown), fact("b", { ...unknown, sendId: "match-1001" }));
    for (const settle of [() => Promise.resolve(), world.settle]) {
      await settle();
      for (const id of ["a", "b"]) {
        deepStrictEqual(await verdictOf(world, id), ["unknown_match", null, null]);
      }
    }
    strictEqual((await ledger(world, 1001))?.status, "pending");
  }),
);
