import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { createHandler } from "../../../supabase/functions/braze-webhook/handler.ts";
import type { Receipt } from "../../../supabase/functions/_shared/store/events.ts";
import {
  bytes,
  concat,
  currentsSend,
  fixture,
  text,
  webhookMessage,
} from "../../support/bodies.ts";
import { receiptOf, refusals } from "../../support/fake_store.ts";
import {
  type Answered,
  fakeWorld,
  post,
  type World,
  type WorldOptions,
} from "../../support/fake_world.ts";

function setup(options: WorldOptions = {}) {
  const world = fakeWorld({
    functionName: "braze-webhook",
    caller: { kind: "braze" },
    now: "2024-12-07T14:05:00Z",
    ...options,
  });
  return { ...world, handle: createHandler(world.dependencies) };
}

async function deliver(body: unknown, options: WorldOptions = {}): Promise<World & Answered> {
  const { handle, ...world } = setup(options);
  return { ...world, ...await post(handle, body) };
}

const nothing = {
  received: 0,
  recorded: 0,
  duplicates: 0,
  rejected: 0,
  high: 0,
  medium: 0,
  low: 0,
  unattributed: 0,
};

Deno.test("braze-webhook answers 200 with the counts of what became of the events", async () => {
  const { status, body, logged } = await deliver(await fixture("currents_nested.json"));
  strictEqual(status, 200);
  const tally = { ...nothing, received: 3, recorded: 3, unattributed: 3 };
  deepStrictEqual(body, { run_id: "id-1", ...tally });
  deepStrictEqual(
    logged.map(({ event, run_id, received }) => [event, run_id, received]),
    [["webhook_ingested", "id-1", 3]],
  );
});

Deno.test("braze-webhook does not answer before everything is stored", async () => {
  const stored = Promise.withResolvers<Receipt>();
  const { handle } = setup({ events: { ingest: () => stored.promise } });
  let answered = false;
  const answer = post(handle, webhookMessage()).then((answer) => {
    answered = true;
    return answer;
  });
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
  strictEqual(answered, false);

  stored.resolve(receiptOf([], 0));
  strictEqual((await answer).status, 200);
});

for (const [what, body] of [["an empty body", ""], ["the probe", '{"events":[]}']] as const) {
  Deno.test(`braze-webhook answers 200 to ${what} of Currents, and stores nothing`, async () => {
    const { status, body: said, calls } = await deliver(body);
    strictEqual(status, 200);
    deepStrictEqual(said, { run_id: "id-1", ...nothing });
    deepStrictEqual(calls, []);
  });
}

Deno.test("braze-webhook keeps a whole body that is not JSON, and answers 200", async () => {
  const { status, body, said } = await deliver("not JSON");
  strictEqual(status, 200);
  deepStrictEqual(body, { run_id: "id-1", ...nothing, received: 1, rejected: 1 });
  const [{ rejects } = { rejects: [] }] = said("events.ingest") as {
    readonly rejects: readonly { readonly body: Uint8Array; readonly contentType: string }[];
  }[];
  strictEqual(text(rejects[0]?.body ?? bytes("")), "not JSON");
  strictEqual(rejects[0]?.contentType, "text/plain;charset=UTF-8");
});

Deno.test("braze-webhook reads a compressed body", async () => {
  const { handle } = setup();
  const packed = gzipSync(JSON.stringify([webhookMessage(), currentsSend()]));
  const headers = { "content-encoding": "gzip" };
  const { status, body } = await post(handle, new Uint8Array(packed), { headers });
  strictEqual(status, 200);
  strictEqual(body.received, 2);
});

Deno.test("braze-webhook reads an unlabelled compressed body of several members", async () => {
  const { handle } = setup();
  const json = JSON.stringify([webhookMessage(), currentsSend()]);
  const packed = concat(gzipSync(json.slice(0, 100)), gzipSync(json.slice(100)));
  const { status, body } = await post(handle, packed);
  deepStrictEqual([status, body.received, body.rejected], [200, 2, 0]);
});

Deno.test("braze-webhook keeps a whole body that is not the gzip it claims to be", async () => {
  const { handle, said } = setup();
  const spoiled = new Uint8Array([0x1f, 0x8b, 8, 0, 1, 2, 3]);
  const headers = { "content-encoding": "gzip" };
  const { status, body } = await post(handle, spoiled, { headers });
  strictEqual(status, 200);
  strictEqual(body.rejected, 1);
  const [{ rejects } = { rejects: [] }] = said("events.ingest") as {
    readonly rejects: readonly { readonly body: Uint8Array }[];
  }[];
  deepStrictEqual(rejects[0]?.body, spoiled);
});

Deno.test("braze-webhook keeps a whole body with an unknown encoding", async () => {
  const { handle, said } = setup();
  const headers = { "content-encoding": "br" };
  const { status, body } = await post(handle, new Uint8Array([1, 2, 3]), { headers });
  strictEqual(status, 200);
  strictEqual(body.rejected, 1);
  const [{ rejects } = { rejects: [] }] = said("events.ingest") as {
    readonly rejects: readonly { readonly body: Uint8Array; readonly reason: string }[];
  }[];
  deepStrictEqual(rejects.map(({ body, reason }) => [[...body], reason]), [
    [[1, 2, 3], "Body must be uncompressed or gzip"],
  ]);
});

Deno.test("braze-webhook asks for smaller bodies if one holds too many events", async () => {
  const { status, body, calls } = await deliver(`[${Array(20_001).fill("0").join()}]`);
  strictEqual(status, 413);
  deepStrictEqual(body, {
    code: "body_too_large",
    message: "Cannot read body: it must hold at most 20000 events, got more",
    run_id: null,
  });
  deepStrictEqual(calls, []);
});

Deno.test("braze-webhook reads nothing of a body whose sender may not call", async () => {
  const { handle } = setup({ identification: { ok: false, code: "bad_credential" } });
  let chunks = 0;
  const body = new ReadableStream({ pull: () => void chunks++ }, { highWaterMark: 0 });
  strictEqual((await post(handle, "", { body })).status, 401);
  strictEqual(chunks, 0);
});

Deno.test("braze-webhook requests a truncated body again, and stores none of it", async () => {
  const { handle, calls } = setup();
  const whole = JSON.stringify(webhookMessage());
  const cut = await post(handle, whole.slice(0, 20), {
    headers: { "content-length": `${whole.length}` },
  });
  strictEqual(cut.status, 503);
  strictEqual(cut.body.code, "body_cut_off");
  deepStrictEqual(calls, []);
});

Deno.test("braze-webhook requests a body again whose stream broke", async () => {
  const { handle } = setup();
  const broken = new ReadableStream({
    start(controller) {
      controller.enqueue(bytes('{"events":['));
      controller.error(new Error("connection reset"));
    },
  });
  const { status, body, headers } = await post(handle, "", { body: broken });
  strictEqual(status, 503);
  strictEqual(body.code, "body_cut_off");
  ok(headers.has("retry-after"));
});

for (
  const [code, status] of [
    ["no_credential", 401],
    ["bad_credential", 401],
    ["not_allowed", 403],
  ] as const
) {
  Deno.test(`braze-webhook refuses ${code} with ${status}, and stores nothing`, async () => {
    const refused = await deliver(webhookMessage(), { identification: { ok: false, code } });
    strictEqual(refused.status, status);
    strictEqual(refused.body.code, code);
    deepStrictEqual(refused.calls, []);
  });
}

Deno.test("braze-webhook refuses GET", async () => {
  const { handle } = setup();
  strictEqual((await post(handle, "", { method: "GET" })).status, 405);
});

for (
  const [what, options, code] of [
    [
      "the database is away when it asks",
      { events: { facts: () => Promise.reject(refusals.unavailable) } },
      "database_unavailable",
    ],
    [
      "the database is away when it stores",
      { events: { ingest: () => Promise.reject(refusals.unavailable) } },
      "database_unavailable",
    ],
    [
      "the database is broken",
      { events: { ingest: () => Promise.reject(refusals.broken) } },
      "not_stored",
    ],
    [
      "its own code is broken",
      { events: { ingest: () => Promise.reject(new TypeError("x is not a function")) } },
      "not_stored",
    ],
  ] as const
) {
  Deno.test(`braze-webhook answers 503 when ${what}, so that Braze sends it again`, async () => {
    const { status, body, headers, logged } = await deliver(webhookMessage(), options);
    strictEqual(status, 503);
    deepStrictEqual([body.code, body.run_id], [code, "id-1"]);
    ok(headers.has("retry-after"));
    deepStrictEqual(logged.map(({ event }) => event), ["webhook_not_stored"]);
  });
}

function registering(count: number, events: WorldOptions["events"] = {}): WorldOptions {
  return {
    events: {
      ingest: (judged, rejects) =>
        Promise.resolve(receiptOf(judged, rejects.length, { registered: count })),
      ...events,
    },
  };
}

Deno.test("braze-webhook judges earlier events again after its answer when an identifier became known", async () => {
  const judged = Promise.withResolvers<null>();
  const options = registering(1, { loadRejudgements: () => judged.promise });
  const { status, body, background } = await deliver(webhookMessage(), options);
  strictEqual(status, 200);
  ok(!("registered" in body));
  strictEqual(background.length, 1);
  judged.resolve(null);
  await Promise.all(background);
});

Deno.test("braze-webhook judges nothing again when no identifier became known", async () => {
  const { background, calls } = await deliver(webhookMessage(), registering(0));
  deepStrictEqual(background, []);
  ok(!calls.includes("events.loadRejudgements"));
});

Deno.test("braze-webhook stops judging earlier events again after 20 seconds", async () => {
  let pages = 0;
  const world: World = fakeWorld({
    functionName: "braze-webhook",
    caller: { kind: "braze" },
    ...registering(1, {
      loadRejudgements: () => {
        pages++;
        world.clock.advance(15_000);
        return Promise.resolve({ ids: [1], startedAt: new Date(0), events: [] });
      },
    }),
  });
  await post(createHandler(world.dependencies), webhookMessage());
  await Promise.all(world.background);
  strictEqual(pages, 2);
});

Deno.test("braze-webhook only logs that it could not judge earlier events again", async () => {
  const { background, logged } = await deliver(
    webhookMessage(),
    registering(1, { loadRejudgements: () => Promise.reject(refusals.unavailable) }),
  );
  await Promise.all(background);
  strictEqual(logged.at(-1)?.event, "events_not_judged_again");
});
