import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import type { BrazeClient } from "../../../../supabase/functions/_shared/braze/client.ts";
import type { CreateScheduleBody } from "../../../../supabase/functions/_shared/braze/schemas.ts";
import {
  API_KEY,
  closedPort,
  connect,
  START,
  TIMEOUT_MS,
  withBraze,
  withDroppingServer,
} from "../../../support/braze_server.ts";

const body: CreateScheduleBody = {
  campaign_id: "campaign-1",
  broadcast: false,
  audience: { custom_attribute: { custom_attribute_name: "Team 1", comparison: "exists" } },
  trigger_properties: { match_id: "884213", generation: 1 },
  schedule: { time: "2024-12-07T14:00:00Z" },
};
const created = { message: "success", schedule_id: "schedule-1", dispatch_id: "dispatch-1" };
const reference = { campaignId: "campaign-1", scheduleId: "schedule-1" };

function after(ms: number): Date {
  return new Date(Date.parse(START) + ms);
}

const create = (client: BrazeClient) => client.createSchedule(body);
const update = (client: BrazeClient) =>
  client.updateSchedule({ ...reference, sendAt: new Date("2024-12-07T14:30:00Z") });

Deno.test("createSchedule() sends the journalled body unchanged and reads the ids", () =>
  withBraze(() => Response.json(created, { status: 201 }), async ({ client, requests }) => {
    const result = await create(client);
    deepStrictEqual(result, {
      outcome: "succeeded",
      httpStatus: 201,
      value: { scheduleId: "schedule-1", dispatchId: "dispatch-1", sendId: null },
      warnings: [],
      attempts: 1,
      earlierUnknown: false,
      rateLimit: { limit: null, remaining: null, resetAt: null, retryAt: null },
    });
    deepStrictEqual(requests, [{
      method: "POST",
      path: "/campaigns/trigger/schedule/create",
      query: {},
      authorization: `Bearer ${API_KEY}`,
      body: JSON.stringify(body),
    }]);
  }));

for (
  const [what, answer, outcome, reason] of [
    ["a 400", [400, '{"message":"Unknown campaign"}'], "failed", "rejected"],
    ["a 401 with empty limits", [401, '{"message":"Invalid API key"}'], "failed", "rejected"],
    ["a 413 without JSON", [413, "too large"], "failed", "rejected"],
    ["a fatal message in a 201", [201, '{"message":"No recipients"}'], "failed", "rejected"],
    ["a 500", [500, '{"message":"oops"}'], "unknown", "server_error"],
    ["an HTML 502", [502, "<html><h1>Bad gateway</h1></html>"], "unknown", "server_error"],
    ["a 504 without a body", [504, ""], "unknown", "server_error"],
    ["a 503", [503, '{"message":"No capacity"}'], "unknown", "server_error"],
    ["a 408", [408, '{"message":"Request timeout"}'], "unknown", "time_out"],
    ["an HTML 408", [408, "<html></html>"], "unknown", "time_out"],
    [
      "a 400 that names a schedule",
      [400, '{"message":"Invalid","schedule_id":"schedule-1"}'],
      "unknown",
      "contradictory_answer",
    ],
    [
      "a 429 that names a schedule",
      [429, '{"message":"Too many","schedule_id":"schedule-1"}'],
      "unknown",
      "contradictory_answer",
    ],
    [
      "a fatal message that names a schedule",
      [201, '{"message":"No recipients","schedule_id":"schedule-1"}'],
      "unknown",
      "contradictory_answer",
    ],
    ["a redirect", [302, ""], "unknown", "unexpected_status"],
    ["an empty 201", [201, ""], "unknown", "unreadable_answer"],
    ["a truncated 201", [201, '{"message":"success","sched'], "unknown", "unreadable_answer"],
    ["a 201 that is a list", [201, "[]"], "unknown", "unreadable_answer"],
    ["a 201 without a message", [201, "{}"], "unknown", "unreadable_answer"],
    ["a 201 whose message is a number", [201, '{"message":1}'], "unknown", "unreadable_answer"],
    ["a 202 that is queued", [202, '{"message":"queued"}'], "unknown", "queued"],
  ] as const
) {
  Deno.test(`createSchedule() returns for ${what}: ${outcome}, after one call`, () =>
    withBraze(
      () =>
        new Response(answer[1], {
          status: answer[0],
          headers: answer[0] === 302
            ? { location: "/elsewhere" }
            : { "x-ratelimit-limit": "", "x-ratelimit-reset": "" },
        }),
      async ({ client, requests, logged }) => {
        const result = await create(client);
        ok(result.outcome !== "succeeded");
        deepStrictEqual([result.outcome, result.reason], [outcome, reason]);
        strictEqual(result.httpStatus, answer[0]);
        strictEqual(result.rateLimit.resetAt, null);
        match(result.detail, /^Cannot create schedule: Braze answered \d{3}/);
        strictEqual(requests.length, 1);
        strictEqual(logged.length, 1);
      },
    ));
}

for (const status of [400, 429, 503]) {
  Deno.test(`createSchedule() keeps the schedule that a ${status} names`, () =>
    withBraze(
      () => Response.json({ message: "No", schedule_id: "schedule-1" }, { status }),
      async ({ client }) => {
        const result = await create(client);
        ok(result.outcome === "unknown");
        strictEqual(result.scheduleId, "schedule-1");
      },
    ));
}

Deno.test("createSchedule() counts a success without readable ids as a success", () =>
  withBraze(
    () => Response.json({ message: "success", schedule_id: { odd: true } }),
    async ({ client }) => {
      const result = await create(client);
      ok(result.outcome === "succeeded");
      strictEqual(result.value.scheduleId, null);
    },
  ));

Deno.test("createSchedule() keeps the minor errors of a success", () =>
  withBraze(
    () => Response.json({ ...created, errors: ["one user has no push token", { code: 7 }] }),
    async ({ client }) => {
      const result = await create(client);
      ok(result.outcome === "succeeded");
      deepStrictEqual(result.warnings, ["one user has no push token", '{"code":7}']);
    },
  ));

Deno.test("createSchedule() returns unknown after a time-out, after one call", async () => {
  const release = Promise.withResolvers<Response>();
  const arrived = Promise.withResolvers<void>();
  await withBraze((nth) => {
    if (nth === 1) arrived.resolve();
    return release.promise;
  }, async ({ client, clock, requests }) => {
    const call = create(client);
    await arrived.promise;
    strictEqual(clock.asleep, 1);
    clock.advance(TIMEOUT_MS);
    const result = await call;
    ok(result.outcome === "unknown");
    strictEqual(result.reason, "time_out");
    strictEqual(result.httpStatus, null);
    strictEqual(requests.length, 1);
    release.resolve(new Response());
  });
});

Deno.test("createSchedule() times out in the middle of a body too", async () => {
  const arrived = Promise.withResolvers<void>();
  const closing = Promise.withResolvers<void>();
  await withBraze(() => {
    arrived.resolve();
    const stream = new ReadableStream<Uint8Array>({
      async start(controller) {
        controller.enqueue(new TextEncoder().encode('{"message":'));
        await closing.promise;
        try {
          controller.close();
        } catch {
          // The client closed the connection, as the test expects.
        }
      },
    });
    return new Response(stream);
  }, async ({ client, clock }) => {
    const call = create(client);
    await arrived.promise;
    clock.advance(TIMEOUT_MS);
    const result = await call;
    ok(result.outcome === "unknown");
    strictEqual(result.reason, "time_out");
    closing.resolve();
  });
});

Deno.test("an answer cancels the pending time-out", () =>
  withBraze(() => Response.json(created), async ({ client, clock }) => {
    await create(client);
    strictEqual(clock.asleep, 0);
  }));

for (
  const [what, reply] of [
    ["before the answer", ""],
    ["in mid-body", 'HTTP/1.1 201 Created\r\ncontent-length: 500\r\n\r\n{"message":"succ'],
  ] as const
) {
  Deno.test(`createSchedule() returns unknown when the connection drops ${what}, after one call`, () =>
    withDroppingServer(reply, async ({ client, requests }) => {
      const result = await create(client);
      ok(result.outcome === "unknown");
      strictEqual(result.reason, "connection_lost");
      strictEqual(requests.length, 1);
    }));
}

Deno.test("createSchedule() returns failed for a refusal with a truncated body", () =>
  withDroppingServer(
    'HTTP/1.1 400 Bad Request\r\ncontent-length: 500\r\n\r\n{"mess',
    async ({ client }) => strictEqual((await create(client)).outcome, "failed"),
  ));

for (const protocol of ["http", "https"] as const) {
  Deno.test(`createSchedule() returns failed when no ${protocol} connection was established`, async () => {
    const { client } = connect(`${protocol}://127.0.0.1:${closedPort()}`);
    const result = await create(client);
    ok(result.outcome === "failed");
    strictEqual(result.reason, "not_connected");
    strictEqual(result.attempts, 1);
  });
}

Deno.test("createSchedule() returns unknown when fetch fails for another reason", async () => {
  const { client } = connect("http://127.0.0.1", {
    fetch: () => Promise.reject(new TypeError("something else")),
  });
  strictEqual((await create(client)).outcome, "unknown");
});

/** Answers of Braze whose last place within a limit is used, until 30 seconds after the start. */
const spending = () =>
  withBraze.bind(null, () =>
    Response.json(created, {
      headers: {
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": `${after(30_000).getTime() / 1_000}`,
      },
    }));

Deno.test("admitCreate() has no place that must hold while Braze says that a limit is spent", () =>
  spending()(async ({ client, clock }) => {
    const admit = (ms: number, mustHold: boolean) =>
      client.admitCreate(body, { deadline: after(ms), mustHold });
    strictEqual(await admit(30_000, true), true, "nothing is known yet");
    await create(client);
    strictEqual(await admit(30_000, true), false);
    strictEqual(await admit(30_000, false), true);
    deepStrictEqual(clock.slept, []);
    strictEqual(await admit(31_000, true), true);
    deepStrictEqual(clock.slept, [30_000]);
  }));

Deno.test("admitCreate() takes the place of the first attempt alone", () =>
  withBraze(() => Response.json(created), async ({ client, clock, requests }) => {
    for (let place = 1; place <= 10; place++) {
      strictEqual(await client.admitCreate(body, { deadline: after(1_000) }), true);
    }
    strictEqual(await client.admitCreate(body, { deadline: after(1_000) }), false, "10 a minute");
    const admitted = { deadline: after(1_000), admitted: true };
    strictEqual((await client.createSchedule(body, admitted)).outcome, "succeeded");
    strictEqual((await client.createSchedule(body, { deadline: after(1_000) })).outcome, "failed");
    deepStrictEqual([requests.length, clock.slept], [1, []]);
  }));

Deno.test("createSchedule() waits for the reset that a 429 names, and tries again", () =>
  withBraze(
    (nth) =>
      nth === 1
        ? Response.json({ message: "slow down" }, {
          status: 429,
          headers: {
            "x-ratelimit-limit": "250",
            "x-ratelimit-remaining": "0",
            "x-ratelimit-reset": `${after(17_000).getTime() / 1_000}`,
          },
        })
        : Response.json(created, { headers: { "x-ratelimit-remaining": "249" } }),
    async ({ client, clock, requests }) => {
      const result = await create(client);
      strictEqual(result.outcome, "succeeded");
      strictEqual(result.attempts, 2);
      strictEqual(result.earlierUnknown, false);
      strictEqual(result.rateLimit.remaining, 249);
      deepStrictEqual(clock.slept, [17_000]);
      strictEqual(requests[1]?.body, requests[0]?.body);
    },
  ));

Deno.test("a 429 with Retry-After is waited for that long", () =>
  withBraze(
    (nth) =>
      nth === 1
        ? new Response(null, { status: 429, headers: { "retry-after": "9" } })
        : Response.json(created),
    async ({ client, clock }) => {
      await create(client);
      deepStrictEqual(clock.slept, [9_000]);
    },
  ));

for (const reset of [undefined, "", "soon", "1000000000"]) {
  Deno.test(`a 429 whose reset is ${JSON.stringify(reset)} is retried with back-off, four times at most`, () =>
    withBraze(
      () =>
        new Response(null, {
          status: 429,
          headers: reset === undefined ? {} : { "x-ratelimit-reset": reset },
        }),
      async ({ client, clock, requests }) => {
        const result = await create(client);
        ok(result.outcome === "failed");
        strictEqual(result.reason, "rate_limited");
        strictEqual(requests.length, 4);
        deepStrictEqual(clock.slept, [250, 500, 1_000]);
      },
    ));
}

Deno.test("a reset an hour ahead is not waited for", () =>
  withBraze(
    () =>
      new Response(null, {
        status: 429,
        headers: { "x-ratelimit-reset": `${after(3_600_000).getTime() / 1_000}` },
      }),
    async ({ client, clock, requests }) => {
      strictEqual((await create(client)).outcome, "failed");
      strictEqual(requests.length, 1);
      deepStrictEqual(clock.slept, []);
    },
  ));

Deno.test("a reset after the deadline is not waited for", () =>
  withBraze(
    () =>
      new Response(null, {
        status: 429,
        headers: { "x-ratelimit-reset": `${after(30_000).getTime() / 1_000}` },
      }),
    async ({ client, clock, requests }) => {
      const result = await client.createSchedule(body, { deadline: after(30_000) });
      ok(result.outcome === "failed");
      strictEqual(result.reason, "rate_limited");
      strictEqual(requests.length, 1);
      deepStrictEqual(clock.slept, []);
    },
  ));

Deno.test("updateSchedule() retries after a 500 and reports the earlier attempts", () =>
  withBraze(
    (nth) => nth < 3 ? new Response(null, { status: 500 }) : Response.json({ message: "success" }),
    async ({ client, clock, requests }) => {
      const result = await update(client);
      strictEqual(result.outcome, "succeeded");
      strictEqual(result.attempts, 3);
      strictEqual(result.earlierUnknown, true);
      deepStrictEqual(clock.slept, [250, 500]);
      deepStrictEqual(JSON.parse(requests[2]?.body ?? ""), {
        campaign_id: "campaign-1",
        schedule_id: "schedule-1",
        schedule: { time: "2024-12-07T14:30:00Z" },
      });
    },
  ));

Deno.test("deleteSchedule() returns both outcomes if the first call is unknown and the retry gets a 400", () =>
  withBraze(
    (nth) =>
      nth === 1
        ? new Response("<html>", { status: 502 })
        : Response.json({ message: "no such schedule" }, { status: 400 }),
    async ({ client, requests }) => {
      const result = await client.deleteSchedule(reference);
      ok(result.outcome === "failed");
      strictEqual(result.reason, "rejected");
      strictEqual(result.earlierUnknown, true);
      deepStrictEqual(JSON.parse(requests[1]?.body ?? ""), {
        campaign_id: "campaign-1",
        schedule_id: "schedule-1",
      });
    },
  ));

Deno.test("updateSchedule() retries after a time-out", async () => {
  const release = Promise.withResolvers<Response>();
  const arrived = Promise.withResolvers<void>();
  await withBraze((nth) => {
    arrived.resolve();
    return nth === 1 ? release.promise : Response.json({ message: "success" });
  }, async ({ client, clock }) => {
    const call = update(client);
    await arrived.promise;
    clock.advance(TIMEOUT_MS);
    const result = await call;
    strictEqual(result.outcome, "succeeded");
    strictEqual(result.earlierUnknown, true);
    release.resolve(new Response());
  });
});

Deno.test("updateSchedule() tries to connect four times", async () => {
  const { client } = connect(`http://127.0.0.1:${closedPort()}`);
  const result = await update(client);
  strictEqual(result.outcome, "failed");
  strictEqual(result.attempts, 4);
});

Deno.test("updateSchedule() does not retry after a 400", () =>
  withBraze(
    () => Response.json({ message: "no" }, { status: 400 }),
    async ({ client, requests }) => {
      strictEqual((await update(client)).outcome, "failed");
      strictEqual(requests.length, 1);
    },
  ));

Deno.test("updateSchedule() stops at the deadline and returns the outcome of the last attempt", () =>
  withBraze(() => new Response(null, { status: 503 }), async ({ client, clock, requests }) => {
    const result = await client.updateSchedule(
      { ...reference, sendAt: after(3_600_000) },
      { deadline: after(600) },
    );
    ok(result.outcome === "unknown");
    strictEqual(result.reason, "server_error");
    strictEqual(requests.length, 2);
    deepStrictEqual(clock.slept, [250]);
  }));

Deno.test("no call begins at or after its deadline", () =>
  withBraze(() => Response.json(created), async ({ client, requests }) => {
    const result = await client.createSchedule(body, { deadline: after(0) });
    ok(result.outcome === "failed");
    strictEqual(result.reason, "deadline");
    strictEqual(result.attempts, 0);
    strictEqual(requests.length, 0);
  }));

Deno.test("the API key is in no detail and in no log line, even when Braze quotes it", () =>
  withBraze(
    () =>
      Response.json({ message: `Invalid key ${API_KEY}`, errors: [{ key: API_KEY }] }, {
        status: 401,
      }),
    async ({ client, logged }) => {
      const result = await update(client);
      ok(result.outcome === "failed");
      match(result.detail, /Invalid key \[redacted\]/);
      ok(!JSON.stringify([result, logged]).includes(API_KEY));
      strictEqual(logged.length, 1);
    },
  ));
