import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { createHandler } from "../../../supabase/functions/braze-webhook/handler.ts";
import type { Caller } from "../../../supabase/functions/_shared/auth/callers.ts";
import type { JudgedEvent } from "../../../supabase/functions/_shared/store/events.ts";
import type { KeptReject } from "../../../supabase/functions/_shared/store/rejects.ts";
import type { Store } from "../../../supabase/functions/_shared/store/store.ts";
import { bytes, currentsSend, webhookMessage } from "../../support/bodies.ts";
import { at } from "../../support/facts.ts";
import { receiptOf, refusals, type StoreChanges } from "../../support/fake_store.ts";
import { fakeWorld, post } from "../../support/fake_world.ts";

const PLACES = [{ from: at("00:00:00"), until: at("23:00:00") }];

function kept(index: number, body: unknown): KeptReject {
  return {
    digest: String(index).padStart(64, "0"),
    body: bytes(typeof body === "string" ? body : JSON.stringify(body)),
    firstReceivedAt: at("05:00:00"),
  };
}

/** Returns `all`, by digest, as load_rejects does. */
function storeOf(all: readonly KeptReject[]): Store["rejects"]["load"] {
  return ({ after, limit }) =>
    Promise.resolve({
      rejects: all.filter(({ digest }) => after === null || digest > after).slice(0, limit),
      places: PLACES,
    });
}

function setup(all: readonly KeptReject[], changes: StoreChanges = {}, caller?: Caller) {
  const world = fakeWorld({
    functionName: "braze-webhook",
    ...(caller === undefined ? {} : { caller }),
    rejects: { load: storeOf(all), ...changes.rejects },
    ...(changes.events === undefined ? {} : { events: changes.events }),
  });
  const replay = (order: Record<string, unknown> = {}) =>
    post(createHandler(world.dependencies), { replay_rejects: order });
  const marked = () => world.said("rejects.markReplayed").flat();
  return { ...world, replay, marked };
}

const good = (id: string) =>
  currentsSend({ outer: { id, time: at("04:00:00").getTime() / 1_000 } });

Deno.test("a replay stores readable rejects, marks them, and keeps the others", async () => {
  const [one, two, three] = [kept(1, good("a")), kept(2, "not JSON"), kept(3, good("b"))];
  const { replay, marked, said } = setup([one, two, three]);
  const { status, body } = await replay();
  strictEqual(status, 200);
  deepStrictEqual(body, {
    run_id: "id-1",
    replayed: 2,
    recorded: 2,
    still_rejected: 1,
    next: null,
  });
  deepStrictEqual(marked(), [one.digest, three.digest]);
  const stored = said("events.ingest") as {
    readonly events: readonly JudgedEvent[];
    readonly rejects: readonly unknown[];
  }[];
  deepStrictEqual(
    stored.flatMap(({ events }) => events.map(({ event }) => event.eventId)),
    ["a", "b"],
  );
  deepStrictEqual(
    stored.flatMap(({ rejects }) => rejects),
    [],
    "nothing is counted up as rejected",
  );
});

Deno.test("a replay gives a message without a time the time of its first receipt", async () => {
  const { replay, said } = setup([kept(1, webhookMessage())]);
  await replay();
  const [{ events } = { events: [] }] = said("events.ingest") as {
    readonly events: readonly JudgedEvent[];
  }[];
  deepStrictEqual(events[0]?.event.evidence.sentAt, at("05:00:00"));
});

Deno.test("a body with one unreadable event stays kept as a whole", async () => {
  const { replay, marked, calls } = setup([kept(1, [good("a"), { id: "no event" }])]);
  const { body } = await replay();
  deepStrictEqual([body.replayed, body.still_rejected], [0, 1]);
  deepStrictEqual(marked(), []);
  strictEqual(calls.includes("events.ingest"), false);
});

Deno.test("an event whose time still has no partition stays kept", async () => {
  const late = currentsSend({ outer: { time: at("23:00:00").getTime() / 1_000 } });
  const { body } = await setup([kept(1, late)]).replay();
  deepStrictEqual([body.replayed, body.still_rejected], [0, 1]);
});

Deno.test("one event that Postgres refuses does not stop the others from being replayed", async () => {
  const all = ["a", "poison", "b"].map((id, index) => kept(index, good(id)));
  const { replay, marked } = setup(all, {
    events: {
      ingest: (events, rejects) =>
        events.some(({ event }) => event.eventId === "poison")
          ? Promise.reject(refusals.badData)
          : Promise.resolve(receiptOf(events, rejects.length)),
    },
  });
  const { body } = await replay();
  deepStrictEqual([body.replayed, body.still_rejected], [2, 1]);
  deepStrictEqual(marked(), [all[0]?.digest, all[2]?.digest]);
});

Deno.test("a replay ends at its limit, and returns where the next one continues", async () => {
  const all = ["a", "b", "c"].map((id, index) => kept(index, good(id)));
  const { replay, marked } = setup(all);
  const first = await replay({ limit: 2 });
  deepStrictEqual([first.body.replayed, first.body.next], [2, all[1]?.digest]);
  const second = await replay({ limit: 2, after: first.body.next });
  deepStrictEqual([second.body.replayed, second.body.next], [1, null]);
  deepStrictEqual(marked(), all.map(({ digest }) => digest));
});

Deno.test("a replay starts no further page after its deadline", async () => {
  const all = Array.from({ length: 600 }, (_, index) => kept(index, good(`event-${index}`)));
  const { replay, clock } = setup(all, {
    rejects: {
      load: (request) => {
        clock.advance(61_000);
        return storeOf(all)(request);
      },
    },
  });
  const { body } = await replay({ limit: 600 });
  deepStrictEqual([body.replayed, body.next], [500, all[499]?.digest]);
});

Deno.test("a replay accepts a pattern of reasons", async () => {
  const asked: unknown[] = [];
  const { replay } = setup([], {
    rejects: {
      load: ({ reasonLike }) => {
        asked.push(reasonLike);
        return Promise.resolve({ rejects: [], places: PLACES });
      },
    },
  });
  await replay({ reason_like: "No partition%" });
  await replay();
  deepStrictEqual(asked, ["No partition%", null]);
});

for (
  const order of [
    { limit: 0 },
    { limit: 10_001 },
    { reason_like: "" },
    { after: "somewhere" },
    { reasons: "%" },
    { reason_like: "%\\" },
  ]
) {
  Deno.test(`a replay refuses ${JSON.stringify(order)}, and does not keep it as a reject`, async () => {
    const { replay, calls } = setup([]);
    const { status, body } = await replay(order);
    deepStrictEqual([status, body.code], [400, "invalid_body"]);
    match(String(body.message), /^Cannot replay rejects: replay_rejects/);
    deepStrictEqual(calls, []);
  });
}

for (
  const [what, order, message] of [
    ["NUL", '{"replay_rejects":{"reason_like":"\\u0000"}}', "Text must not hold NUL"],
    [
      "one name twice",
      '{"replay_rejects":{"limit":1,"limit":2}}',
      "Object must not hold a name twice",
    ],
    [
      "more than an order has",
      `{ "replay_rejects": {"reason_like":"${"x".repeat(70_000)}"}}`,
      "the request must be at most 65536 bytes long",
    ],
  ] as const
) {
  Deno.test(`a replay refuses an order with ${what}, and does not keep it as a reject`, async () => {
    const { dependencies, calls } = setup([]);
    const { status, body } = await post(createHandler(dependencies), order);
    deepStrictEqual([status, body.message], [400, `Cannot replay rejects: ${message}`]);
    deepStrictEqual(calls, []);
  });
}

Deno.test("a replay accepts a pattern with escapes", async () => {
  strictEqual((await setup([]).replay({ reason_like: "100\\% \\\\ \n_" })).status, 200);
});

Deno.test("a kept body with too many events stays kept", async () => {
  const { body } = await setup([kept(1, Array(20_001).fill(good("a")))]).replay();
  deepStrictEqual([body.replayed, body.still_rejected], [0, 1]);
});

Deno.test("a request to replay from Braze is stored as a message", async () => {
  const { replay, calls } = setup([kept(1, good("a"))], {}, { kind: "braze" });
  const { status, body } = await replay();
  deepStrictEqual([status, body.received, body.rejected], [200, 1, 1]);
  deepStrictEqual(calls.filter((call) => call.startsWith("rejects.")), []);
});

for (
  const [what, error, status] of [
    ["is away", refusals.unavailable, 503],
    ["is broken", refusals.broken, 500],
  ] as const
) {
  Deno.test(`a replay answers ${status} when the database ${what}`, async () => {
    const { replay } = setup([], { rejects: { load: () => Promise.reject(error) } });
    strictEqual((await replay()).status, status);
  });
}
