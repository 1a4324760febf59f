import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { createAlertSink } from "../../../../local/stack/alert_sink.ts";
import { createControlApi } from "../../../../local/stack/control_api.ts";
import { VirtualTimeline } from "../../../../local/clock/virtual_timeline.ts";

const START = new Date("2024-12-07T06:00:00Z");

function control(virtual = true) {
  const timeline = new VirtualTimeline(START);
  return createControlApi({
    now: () => timeline.now(),
    timeline: virtual ? timeline : undefined,
    advanceTo: async (to) => ({
      ran: await timeline.advanceTo(to),
      cron_jobs: 0,
      net_requests: 0,
    }),
    onHour: (now) => {
      if (now.toISOString().startsWith("2024-12-08")) throw new Error("Cannot read the ledger");
      return Promise.resolve({ now: now.toISOString(), ledger: {}, events: 0, open_alerts: 0 });
    },
    operatorToken: () => Promise.resolve("a.b.c"),
    alerts: createAlertSink(() => timeline.now()),
  });
}

function setup(virtual = true) {
  const ask = control(virtual);
  return async (method: string, path: string, body?: string) => {
    const response = await ask(
      new Request(`http://local/_local/${path}`, {
        method,
        ...(body === undefined ? {} : { body }),
      }),
    );
    return { status: response.status, body: await response.json() };
  };
}

Deno.test("GET clock returns the time and whether it is virtual", async () => {
  deepStrictEqual(await setup()("GET", "clock"), {
    status: 200,
    body: { now: "2024-12-07T06:00:00.000Z", virtual: true },
  });
});

Deno.test("POST clock moves by seconds or to a time, and returns what ran", async () => {
  const call = setup();
  const first = "2024-12-07T06:01:30.500Z";
  deepStrictEqual((await call("POST", "clock", '{"advance_seconds": 90.5}')).body, {
    hours: [{ now: first, ledger: {}, events: 0, open_alerts: 0 }],
    now: first,
    ran: 0,
    cron_jobs: 0,
    net_requests: 0,
  });
  const { body } = await call("POST", "clock", '{"to": "2024-12-07T09:00:00+01:00"}');
  strictEqual(body.now, "2024-12-07T08:00:00.000Z");
});

Deno.test("POST clock writes a line for each hour that has passed, of one JSON document", async () => {
  const response = await control()(
    new Request("http://local/_local/clock", { method: "POST", body: '{"advance_seconds": 9000}' }),
  );
  const lines = (await response.text()).trimEnd().split("\n");
  strictEqual(lines[0], '{"hours": [');
  deepStrictEqual(lines.slice(1, -1).map((line) => JSON.parse(line.replace(/,$/, "")).now), [
    "2024-12-07T07:00:00.000Z",
    "2024-12-07T08:00:00.000Z",
    "2024-12-07T08:30:00.000Z",
  ]);
  strictEqual(JSON.parse(lines.join("")).now, "2024-12-07T08:30:00.000Z");
});

Deno.test("POST clock stops at the next full hour when nobody reads any more", async () => {
  const ask = control();
  const response = await ask(
    new Request("http://local/_local/clock", {
      method: "POST",
      body: '{"advance_seconds": 86400}',
    }),
  );
  const reader = response.body!.getReader();
  await reader.read();
  await reader.cancel();
  const { now } = await (await ask(new Request("http://local/_local/clock"))).json();
  match(now, /^2024-12-07T0[6-8]:00:00.000Z$/);
});

Deno.test("POST clock that fails on the way says why, in a document that can be read", async () => {
  const { body } = await setup()("POST", "clock", '{"to": "2024-12-09T00:00:00Z"}');
  strictEqual(body.message, "Cannot read the ledger");
  strictEqual(body.hours.length, 17);
});

for (
  const body of [
    "",
    "soon",
    "{}",
    '{"advance_seconds": 0}',
    '{"advance_seconds": -5}',
    '{"advance_seconds": "5"}',
    '{"advance_seconds": 1e300}',
    '{"to": "tomorrow"}',
    '{"to": "2024-12-07T07:00:00"}',
    '{"to": "2024-12-07T05:00:00Z"}',
    '{"to": "2024-12-07T07:00:00Z", "advance_seconds": 5}',
  ]
) {
  Deno.test(`POST clock refuses ${body || "an empty body"} and does not move`, async () => {
    const call = setup();
    const { status, body: answer } = await call("POST", "clock", body);
    strictEqual(status, 400);
    match(answer.message, /^Cannot move the clock: .+ must be .+, got /);
    strictEqual((await call("GET", "clock")).body.now, START.toISOString());
  });
}

Deno.test("POST clock answers 409 on the wall clock", async () => {
  const { status, body } = await setup(false)("POST", "clock", '{"advance_seconds": 5}');
  strictEqual(status, 409);
  match(body.message, /must be started with --clock/);
});

Deno.test("GET operator-token returns a token; any other path is 404 and lists the paths", async () => {
  deepStrictEqual((await setup()("GET", "operator-token")).body, { token: "a.b.c" });
  const { status, body } = await setup()("DELETE", "clock");
  strictEqual(status, 404);
  match(body.message, /_local\/clock/);
});
