import { deepStrictEqual, match, rejects, strictEqual } from "node:assert/strict";
import {
  createIngest,
  type Ingested as IngestedTally,
} from "../../../supabase/functions/braze-webhook/ingest.ts";
import type { Facts } from "../../../supabase/functions/_shared/attribution/evidence.ts";
import type { ReadBody } from "../../../supabase/functions/_shared/events/read_body.ts";
import type { JudgedEvent } from "../../../supabase/functions/_shared/store/events.ts";
import { DatabaseError } from "../../../supabase/functions/_shared/store/rpc.ts";
import type { Store } from "../../../supabase/functions/_shared/store/store.ts";
import { currentsSend, read, text } from "../../support/bodies.ts";
import { CAMPAIGN, ledger, ledgerIdOf, NO_FACTS } from "../../support/facts.ts";
import { receiptOf, refusals } from "../../support/fake_store.ts";
import { fakeWorld, type World } from "../../support/fake_world.ts";

const saturday: Facts = {
  ...NO_FACTS,
  ledgers: [1001, 1002, 1003].map((matchId) => ledger(matchId, {})),
};

interface Ingested extends World {
  readonly tally: IngestedTally;
}

async function ingest(body: ReadBody, events: Partial<Store["events"]> = {}): Promise<Ingested> {
  const world = fakeWorld({
    functionName: "braze-webhook",
    caller: { kind: "braze" },
    events: { facts: () => Promise.resolve(saturday), ...events },
  });
  return {
    ...world,
    tally: await createIngest(world.dependencies)(body, "application/json", "run-1"),
  };
}

/** Pushes of our campaign at 14:00:23, one for each of the ids. */
function pushes(ids: readonly string[], properties: Record<string, unknown> = {}): ReadBody {
  return read(
    ids.map((id) =>
      currentsSend({ outer: { id }, properties: { campaign_id: CAMPAIGN, ...properties } })
    ),
  );
}

const ids = (count: number) => Array.from({ length: count }, (_, index) => `event-${index + 1}`);
const idsOf = (events: readonly JudgedEvent[]) => events.map(({ event }) => event.eventId);

/** A store that refuses a transaction with one of the events `bad`. */
function storeThatRefuses(bad: readonly string[], error: DatabaseError = refusals.badData) {
  const stored: string[] = [];
  const rejected: { readonly body: string; readonly reason: string }[] = [];
  const transactions: number[] = [];
  const ingest: Store["events"]["ingest"] = (events, rejects) => {
    transactions.push(events.length);
    if (idsOf(events).some((id) => bad.includes(id))) return Promise.reject(error);
    stored.push(...idsOf(events));
    rejected.push(...rejects.map(({ body, reason }) => ({ body: text(body), reason })));
    return Promise.resolve(receiptOf(events, rejects.length));
  };
  return { ingest, stored, rejected, transactions };
}

Deno.test("ingest judges each event and passes on its identifiers and what it proves", async () => {
  const echoing = pushes(["event-1"], {
    dispatch_id: "dispatch-1002",
    message_extras: JSON.stringify({ ledger_id: ledgerIdOf(1002), generation: "1" }),
  });
  const { said, tally } = await ingest(echoing);
  const [{ events } = { events: [] }] = said("events.ingest") as {
    readonly events: readonly JudgedEvent[];
  }[];
  strictEqual(events[0]?.attribution.matchId, 1002);
  strictEqual(events[0]?.attribution.proof, "push");
  deepStrictEqual(events[0]?.registered, [
    { kind: "dispatch_id", value: "dispatch-1002", ledgerId: ledgerIdOf(1002), generation: 1 },
  ]);
  strictEqual(tally.high, 1);
});

Deno.test("ingest stores nothing for an empty body", async () => {
  const { calls, tally } = await ingest({ events: [], rejects: [] });
  deepStrictEqual(calls, []);
  strictEqual(tally.received, 0);
});

Deno.test("ingest stores rejects even without any event", async () => {
  const { tally } = await ingest(read("not JSON"));
  deepStrictEqual([tally.received, tally.rejected], [1, 1]);
});

Deno.test("ingest splits a large request into transactions, sums their counts, and keeps rejects once", async () => {
  const { stored, ingest: take, rejected, transactions } = storeThatRefuses([]);
  const { events } = pushes(ids(1_201));
  const { tally } = await ingest({ events, rejects: read("not JSON").rejects }, { ingest: take });
  deepStrictEqual(transactions, [500, 500, 201]);
  deepStrictEqual(stored, ids(1_201));
  strictEqual(rejected.length, 1);
  deepStrictEqual([tally.received, tally.recorded, tally.rejected], [1_202, 1_201, 1]);
});

Deno.test("ingest splits many rejects into transactions, beside the events", async () => {
  const kept: number[] = [];
  const { events } = pushes(ids(2));
  const { rejects } = read(Array(1_201).fill(0));
  const { tally } = await ingest({ events, rejects }, {
    ingest: (judged, rejects) => {
      kept.push(rejects.length);
      return Promise.resolve(receiptOf(judged, rejects.length));
    },
  });
  deepStrictEqual(kept, [500, 500, 201]);
  deepStrictEqual([tally.received, tally.recorded, tally.rejected], [1_203, 2, 1_201]);
});

Deno.test("ingest keeps an event that Postgres refuses to the byte", async () => {
  const { ingest: take, rejected } = storeThatRefuses(["event-1"]);
  const event = JSON.stringify(currentsSend()).replace(",", " ,\n");
  await ingest(read(`[${event},{}]`), { ingest: take });
  strictEqual(rejected.find(({ reason }) => /Unicode/.test(reason))?.body, event);
});

for (
  const [what, bad] of [
    ["the first of seven", ["event-1"]],
    ["the last of seven", ["event-7"]],
    ["two of seven", ["event-3", "event-4"]],
    ["all seven", ids(7)],
  ] satisfies readonly (readonly [string, readonly string[]])[]
) {
  Deno.test(`ingest keeps events that Postgres refuses as rejects, ${what}, and stores the others`, async () => {
    const { ingest: take, stored, rejected } = storeThatRefuses(bad);
    const { events } = pushes(ids(7));
    const { tally } = await ingest({ events, rejects: read("not JSON").rejects }, { ingest: take });
    deepStrictEqual(stored, ids(7).filter((id) => !bad.includes(id)));

    const poison = rejected.filter(({ body }) => body !== "not JSON");
    strictEqual(rejected.length, poison.length + 1);
    deepStrictEqual(poison.map(({ body }) => JSON.parse(body).id), bad);
    for (const { reason } of poison) match(reason, /unsupported Unicode escape sequence/);
    strictEqual(tally.received, 8);
    strictEqual(tally.recorded, 7 - bad.length);
    strictEqual(tally.rejected, bad.length + 1);
    strictEqual(tally.received, tally.recorded + tally.duplicates + tally.rejected);
  });
}

for (const code of ["22P05", "23514", "54000"]) {
  Deno.test(`ingest searches for the one invalid event if Postgres returns ${code}`, async () => {
    const error = new DatabaseError("ingest_events", 400, code, null, "refused");
    const { ingest: take, stored } = storeThatRefuses(["event-2"], error);
    await ingest(pushes(ids(3)), { ingest: take });
    deepStrictEqual(stored, ["event-1", "event-3"]);
  });
}

for (
  const [what, error] of [
    ["is away", refusals.unavailable],
    ["is broken", refusals.broken],
  ] as const
) {
  Deno.test(`ingest rejects no event if the database ${what}, and fails`, async () => {
    const { ingest: take, transactions, rejected } = storeThatRefuses(["event-2"], error);
    await rejects(ingest(pushes(ids(4)), { ingest: take }), error);
    deepStrictEqual(transactions, [4]);
    deepStrictEqual(rejected, []);
  });
}

Deno.test("ingest first has the database store the events whose echo decides, and judges those that it leaves", async () => {
  const echo = JSON.stringify({ ledger_id: ledgerIdOf(1002), generation: "1" });
  const { events } = pushes(ids(3), { message_extras: echo });
  const { events: others } = pushes(["event-4"]);
  const { calls, said, tally } = await ingest({ events: [...others, ...events], rejects: [] }, {
    ingestIdentified: ({ eventId }) =>
      Promise.resolve({
        recorded: 2,
        registered: 1,
        left: [eventId.indexOf("event-2") + 1],
        repeated: [],
      }),
  });
  deepStrictEqual(calls, ["events.ingest"]);
  const [stored] = said("events.ingest") as { readonly events: readonly JudgedEvent[] }[];
  deepStrictEqual(idsOf(stored!.events), ["event-2", "event-4"]);
  deepStrictEqual([tally.received, tally.recorded, tally.high, tally.registered], [4, 4, 3, 1]);
});

Deno.test("ingest judges each event of a batch for itself that Postgres refuses whole", async () => {
  const echo = JSON.stringify({ ledger_id: ledgerIdOf(1002), generation: "1" });
  const { tally } = await ingest(pushes(ids(2), { message_extras: echo }), {
    ingestIdentified: () => Promise.reject(refusals.badData),
  });
  strictEqual(tally.recorded, 2);
  await rejects(
    ingest(pushes(ids(2), { message_extras: echo }), {
      ingestIdentified: () => Promise.reject(refusals.unavailable),
    }),
    refusals.unavailable,
  );
});

Deno.test("ingest reads the facts again when it took too long to read them", async () => {
  let reads = 0;
  const world: World = fakeWorld({
    functionName: "braze-webhook",
    events: {
      facts: () => {
        world.clock.advance(++reads === 1 ? 20_001 : 20_000);
        return Promise.resolve(saturday);
      },
    },
  });
  await createIngest(world.dependencies)(pushes(ids(1)), null, "run-1");
  strictEqual(reads, 2);
  strictEqual(world.said("events.ingest").length, 1);
});
