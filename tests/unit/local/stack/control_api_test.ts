import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { createAlertSink } from "../../../../local/stack/alert_sink.ts";
import { createControlApi } from "../../../../local/stack/control_api.ts";
import { VirtualTimeline } from "../../../../local/clock/virtual_timeline.ts";

const START = new Date("2024-12-07T06:00:00Z");

function setup(virtual = true) {
  const timeline = new VirtualTimeline(START);
  const control = createControlApi({
    now: () => timeline.now(),
    timeline: virtual ? timeline : undefined,
    advanceTo: async (to) => ({
      ran: await timeline.advanceTo(to),
      cron_jobs: 0,
      net_requests: 0,
    }),
    operatorToken: () => Promise.resolve("a.b.c"),
    alerts: createAlertSink(() => timeline.now()),
  });
  return async (method: string, path: string, body?: string) => {
    const response = await control(
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
  deepStrictEqual((await call("POST", "clock", '{"advance_seconds": 90.5}')).body, {
    now: "2024-12-07T06:01:30.500Z",
    ran: 0,
    cron_jobs: 0,
    net_requests: 0,
  });
  const { body } = await call("POST", "clock", '{"to": "2024-12-07T09:00:00+01:00"}');
  strictEqual(body.now, "2024-12-07T08:00:00.000Z");
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
