import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { createIngest, type Tally } from "../../../supabase/functions/braze-webhook/ingest.ts";
import {
  createContext,
  type IdentifierFacts,
} from "../../../supabase/functions/_shared/attribution/evidence.ts";
import type { ReadBody } from "../../../supabase/functions/_shared/events/read_body.ts";
import type {
  EvidenceGroup,
  JudgedEvent,
  Reattribution,
} from "../../../supabase/functions/_shared/store/events.ts";
import type { RegisteredIdentifier } from "../../../supabase/functions/_shared/store/columns.ts";
import { DatabaseError } from "../../../supabase/functions/_shared/store/rpc.ts";
import type { Store } from "../../../supabase/functions/_shared/store/store.ts";
import { currentsSend, read, text } from "../../support/bodies.ts";
import { CAMPAIGN, evidence, identifier, ledger, ledgerIdOf } from "../../support/facts.ts";
import { receiptOf, refusals } from "../../support/fake_store.ts";
import { fakeWorld, type World } from "../../support/fake_world.ts";

const saturday = [1001, 1002, 1003].map((matchId) => ledger(matchId, {}));

interface Ingested extends World {
  readonly tally: Tally;
}

async function ingest(body: ReadBody, events: Partial<Store["events"]> = {}): Promise<Ingested> {
  const world = fakeWorld({
    functionName: "braze-webhook",
    caller: { kind: "braze" },
    events: { context: knowing(), ...events },
  });
  return {
    ...world,
    tally: await createIngest(world.dependencies)(body, "application/json", "run-1"),
  };
}

function knowing(...identifiers: IdentifierFacts[]): Store["events"]["context"] {
  return () => Promise.resolve(createContext(saturday, identifiers));
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

Deno.test("ingest judges each event and passes on its identifiers and its proof", async () => {
  const echoing = pushes(["event-1"], {
    dispatch_id: "dispatch-1002",
    message_extras: JSON.stringify({ ledger_id: ledgerIdOf(1002), generation: "1" }),
  });
  const { said, tally } = await ingest(echoing);
  const [{ events } = { events: [] }] = said("events.ingest") as {
    readonly events: readonly JudgedEvent[];
  }[];
  strictEqual(events[0]?.attribution.matchId, 1002);
  strictEqual(events[0]?.proof, "push");
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

/** Unattributed pushes of 14:00:23 that carry the dispatch id. */
function openGroup(dispatchId: string | null): EvidenceGroup {
  const nothing = { ledgerId: null, matchId: null, generation: null };
  return {
    evidence: { ...evidence({ dispatchId }), ...nothing, isTest: false },
    current: { ...nothing, method: "tie", confidence: "none" },
    events: 7,
  };
}

const newIdentifier: RegisteredIdentifier = {
  kind: "dispatch_id",
  value: "dispatch-1002",
  ledgerId: ledgerIdOf(1002),
  ambiguous: false,
};

function registering(registered: readonly RegisteredIdentifier[]) {
  return (events: readonly JudgedEvent[]) =>
    Promise.resolve(receiptOf(events, 0, { registered: [...registered] }));
}

Deno.test("ingest immediately reattributes the earlier events that a new identifier explains", async () => {
  const asked: RegisteredIdentifier[] = [];
  const reattributed: Reattribution[] = [];
  let known: IdentifierFacts[] = [];
  await ingest(
    pushes(["event-1"], { message_extras: JSON.stringify({ ledger_id: ledgerIdOf(1002) }) }),
    {
      context: (question) => knowing(...known)(question),
      ingest: (events) => {
        known = [identifier("dispatch_id", "dispatch-1002", 1002, { generation: 1 })];
        return registering([newIdentifier])(events);
      },
      loadAffectedEvents: (identifiers) => {
        asked.push(...identifiers);
        return Promise.resolve([openGroup("dispatch-1002"), openGroup(null)]);
      },
      reattribute: (reattributions) => {
        reattributed.push(...reattributions);
        return Promise.resolve({ reattributed: 7 });
      },
    },
  );
  deepStrictEqual(asked, [newIdentifier]);
  // The other group stays unknown.
  deepStrictEqual(
    reattributed.map(({ attribution, proof }) => [attribution.matchId, attribution.method, proof]),
    [[1002, "dispatch_id", "push"]],
  );
});

Deno.test("ingest judges an unexplained event again, since another request may have registered its identifier meanwhile", async () => {
  const asked: RegisteredIdentifier[] = [];
  await ingest(pushes(ids(2), { dispatch_id: "dispatch-1002", send_id: "xyz-789" }), {
    loadAffectedEvents: (identifiers) => {
      asked.push(...identifiers);
      return Promise.resolve([]);
    },
  });
  deepStrictEqual(
    asked.map(({ kind, value, ambiguous }) => [kind, value, ambiguous]),
    [["send_id", "xyz-789", false], ["dispatch_id", "dispatch-1002", false]],
  );
});

Deno.test("ingest applies the identifiers of a repeated batch again, since the first attempt may have failed half-way", async () => {
  const extras = JSON.stringify({ ledger_id: ledgerIdOf(1002), generation: "1" });
  const batch = pushes(["event-1"], { dispatch_id: "dispatch-1002", message_extras: extras });
  const affectedBy: RegisteredIdentifier[][] = [];
  for (const duplicates of [0, 1]) {
    await ingest(batch, {
      context: knowing(identifier("dispatch_id", "dispatch-1002", 1002)),
      ingest: (events) =>
        Promise.resolve({ ...receiptOf(events, 0), recorded: 1 - duplicates, duplicates }),
      loadAffectedEvents: (identifiers) => {
        affectedBy.push([...identifiers]);
        return Promise.resolve([]);
      },
    });
  }
  deepStrictEqual(affectedBy, [[{
    kind: "dispatch_id",
    value: "dispatch-1002",
    ledgerId: ledgerIdOf(1002),
    ambiguous: false,
  }]]);
});

Deno.test("ingest stores events before it reattributes earlier ones", async () => {
  const { calls } = await ingest(pushes(["event-1"], { dispatch_id: "dispatch-1002" }));
  deepStrictEqual(calls, [
    "events.ingestIdentified",
    "events.ingest",
    "events.loadAffectedEvents",
    "alertsAndLogs.writeLogs",
  ]);
});

Deno.test("ingest looks up nothing for certain events and test sends", async () => {
  const extras = JSON.stringify({ ledger_id: ledgerIdOf(1002) });
  const certain = pushes(["event-1"], { dispatch_id: "d-1", message_extras: extras });
  const test = pushes(["event-2"], {
    dispatch_id: "dispatch_id_for_unsent_campaign",
    send_id: "s",
  });
  for (const body of [certain, test]) {
    const { calls } = await ingest(body);
    ok(!calls.includes("events.loadAffectedEvents"));
  }
});

Deno.test("ingest logs contradicting evidence", async () => {
  const extras = JSON.stringify({ ledger_id: ledgerIdOf(1002), generation: "1" });
  const { logs } = await ingest(
    pushes(["event-1"], { dispatch_id: "dispatch-1001", message_extras: extras }),
    { context: knowing(identifier("dispatch_id", "dispatch-1001", 1001)) },
  );
  deepStrictEqual(logs, [{
    action: "contradicting_evidence",
    reason: "ledger_id says match 1002, dispatch_id says 1001",
    matchId: 1002,
    details: {
      event_id: "event-1",
      contradictions: [{ method: "dispatch_id", matchId: 1001 }],
    },
  }]);
});
