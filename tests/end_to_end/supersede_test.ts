/** A schedule that changes is replaced without a push that is lost or doubled, whatever Braze answers meanwhile. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { Stack } from "../../local/stack/stack.ts";
import {
  addFixture,
  call,
  ledgerOf,
  liveSchedules,
  openAlerts,
  schedule,
  THREE_AT_ONCE,
  withSuite,
} from "../support/suite.ts";
import { openAlertsOf, reach, watch } from "../support/watchers.ts";

const CREATE = "/campaigns/trigger/schedule/create";
const DELETE = "/campaigns/trigger/schedule/delete";
const UPDATE = "/campaigns/trigger/schedule/update";
const SEND = "users.messages.pushnotification.Send";

type Switches = NonNullable<Parameters<Stack["sandbox"]["model"]["switchboard"]["set"]>[0]>;

function suite(
  gate: "off" | "fail_open" | "fail_closed",
  test: (stack: Stack) => Promise<void>,
  switches: Switches = {},
): () => Promise<void> {
  return () =>
    withSuite({
      fixtures: THREE_AT_ONCE.slice(1, 2),
      env: { SEND_GATE: gate },
      sandbox: {
        users: { count: 150 },
        switches: {
          sendGate: gate,
          abortProbability: 0,
          bounceProbability: 0,
          openProbability: 0,
          ...switches,
        },
      },
    }, test);
}

function fault({ sandbox }: Stack, ...faults: NonNullable<Switches["faults"]>): void {
  sandbox.model.switchboard.set({ faults });
}

async function reword({ sql }: Stack, title: string): Promise<void> {
  await sql`update public.matches set trigger_properties = ${sql.json({ title })} where id = 1002`;
}

/** The generations of match 1002 that were pushed to any user. */
function pushed({ sandbox }: Stack): unknown[] {
  const generations = sandbox.model.groundTruth.entries
    .filter((entry) => entry.type === SEND && entry.triggerProperties.match_id === "1002")
    .map(({ triggerProperties }) => triggerProperties.generation);
  return [...new Set(generations)];
}

for (const gate of ["off", "fail_open", "fail_closed"] as const) {
  Deno.test(
    `a new text replaces the schedule, gate ${gate}`,
    suite(gate, async (stack) => {
      await schedule(stack);
      await reword(stack, "Derby");
      const done = gate === "fail_closed" ? { superseded: 1 } : { recreated: 1 };
      deepStrictEqual((await schedule(stack)).done, done);
      const [live, ...more] = liveSchedules(stack, 1002);
      deepStrictEqual([live?.triggerProperties.title, more], ["Derby", []]);
      deepStrictEqual((await schedule(stack)).skipped, { unchanged: 1 });
      await reach(stack, "14:30");
      deepStrictEqual(pushed(stack), [2]);
      deepStrictEqual(await openAlerts(stack, 1002), []);
    }),
  );
}

for (
  const [what, rule] of [
    ["503 without effect", { kind: "status", status: 503 }],
    ["503 after the effect", { kind: "timeout_after_effect", status: 503 }],
    ["400", { kind: "status", status: 400 }],
    ["429", { kind: "429" }],
    ["a 400 that names the schedule it made", { kind: "status_after_effect", status: 400 }],
  ] as const
) {
  Deno.test(
    `behind a closed gate a replacement that is answered with ${what} leaves the old push`,
    suite("fail_closed", async (stack) => {
      await schedule(stack);
      await reach(stack, "13:10");
      await reword(stack, "Derby");
      fault(stack, { endpoint: CREATE, ...rule });
      await schedule(stack);
      strictEqual((await ledgerOf(stack, 1002)).generation, 1);
      await reach(stack, "14:30");
      deepStrictEqual(pushed(stack), [1]);
      strictEqual((await ledgerOf(stack, 1002)).status, "sent");
    }),
  );
}

Deno.test(
  "behind a closed gate an old schedule that cannot be deleted pushes nobody, and is deleted later",
  suite("fail_closed", async (stack) => {
    await schedule(stack);
    await reword(stack, "Derby");
    fault(stack, { endpoint: DELETE, kind: "status", status: 403 });
    deepStrictEqual((await schedule(stack)).done, { superseded: 1 });
    strictEqual(liveSchedules(stack, 1002).length, 2);
    deepStrictEqual(await openAlerts(stack, 1002), ["delete_unconfirmed"]);

    // It does not keep the match from being moved.
    await stack.sql`update public.matches set kickoff_at = '2024-12-07T16:00:00Z' where id = 1002`;
    deepStrictEqual((await schedule(stack)).done, { moved: 1 });
    await reach(stack, "14:30");
    deepStrictEqual(pushed(stack), []);
    await reach(stack, "15:30");
    deepStrictEqual(pushed(stack), [2]);
  }),
);

Deno.test(
  "an old schedule whose delete took no effect is deleted by the next run",
  suite("fail_closed", async (stack) => {
    await schedule(stack);
    await reword(stack, "Derby");
    fault(stack, { endpoint: DELETE, kind: "status", status: 403, times: 1 });
    await schedule(stack);
    deepStrictEqual((await schedule(stack)).done, { deleted: 1 });
    strictEqual(liveSchedules(stack, 1002).length, 1);
    deepStrictEqual((await schedule(stack)).skipped, { unchanged: 1 });
    deepStrictEqual(await openAlerts(stack, 1002), []);
  }),
);

Deno.test(
  "a replacement whose create stayed unknown is replaced in turn, and only the last one pushes",
  suite("fail_closed", async (stack) => {
    await schedule(stack);
    await reword(stack, "Derby");
    fault(stack, { endpoint: CREATE, kind: "timeout_after_effect", times: 1 });
    deepStrictEqual((await schedule(stack)).done, { unknown: 1 });
    deepStrictEqual((await schedule(stack)).skipped, { create_unknown: 1 });
    await reach(stack, "07:30");
    deepStrictEqual((await schedule(stack)).done, { superseded: 1 });
    strictEqual((await ledgerOf(stack, 1002)).generation, 3);
    await reach(stack, "14:30");
    deepStrictEqual(pushed(stack), [3]);
  }),
);

Deno.test(
  "without the gate in Braze's templates the old schedule is deleted first",
  suite("fail_closed", async (stack) => {
    await schedule(stack);
    await reword(stack, "Derby");
    deepStrictEqual((await schedule(stack)).done, { recreated: 1 });
    await reach(stack, "14:30");
    deepStrictEqual(pushed(stack), [2]);
  }, { sendGate: "off" }),
);

Deno.test(
  "a text is not changed later than 45 minutes before the send",
  suite("off", async (stack) => {
    await schedule(stack);
    await reach(stack, "13:16");
    await reword(stack, "Derby");
    fault(stack, { endpoint: CREATE, kind: "status", status: 503 });
    await schedule(stack);
    deepStrictEqual(await openAlerts(stack, 1002), ["change_inside_freeze"]);
    await reach(stack, "14:30");
    deepStrictEqual(pushed(stack), [1]);
  }),
);

Deno.test("a storm of errors leaves at most two creates unknown, and the next run makes the rest", () =>
  withSuite({ sandbox: { users: { count: 10 } } }, async (stack) => {
    for (let id = 1; id <= 30; id++) {
      await addFixture(stack, {
        id,
        home: `Home ${id}`,
        away: `Away ${id}`,
        kickoffAt: "2024-12-07T15:00:00Z",
      });
    }
    fault(stack, { endpoint: CREATE, kind: "status", status: 503 });
    const { outcome, done, braze_ill } = await schedule(stack);
    deepStrictEqual([outcome, done], ["partial", { unknown: 2, deferred: 28 }]);
    ok(String(braze_ill).includes("503"));
    for (const endpoint of [CREATE, "*", CREATE]) {
      fault(stack, { endpoint, kind: "status", status: 503 });
      deepStrictEqual((await schedule(stack)).done, { deferred: 28 });
    }
    fault(stack);
    deepStrictEqual((await schedule(stack)).done, { created: 28 });
    strictEqual((await openAlertsOf(stack, "create_unknown")).length, 2);
  }));

Deno.test("no live schedule is deleted once the minute's creates are spent", () =>
  withSuite({ sandbox: { users: { count: 10 } } }, async (stack) => {
    for (let id = 1; id <= 12; id++) {
      const kickoffAt = `2024-12-0${id > 6 ? 9 : 8}T15:00:00Z`;
      await addFixture(stack, { id, home: "Arsenal", away: "Chelsea", kickoffAt });
    }
    deepStrictEqual((await schedule(stack)).done, { created: 10, deferred: 2 });
    await reach(stack, "06:05");
    deepStrictEqual((await schedule(stack)).done, { created: 2 });
    await reach(stack, "06:10");
    await stack.sql`update private.settings set remakes_max = 1000, remake_share_max = 1`;
    await stack.sql`update public.matches set trigger_properties = '{"title":"Derby"}'`;
    deepStrictEqual((await schedule(stack)).done, { recreated: 10, deferred: 2 });
    const live = stack.sandbox.model.schedules.all.filter(({ state }) => state === "scheduled");
    strictEqual(live.length, 12);
  }));

Deno.test(
  "a match that the calls of others leave without a schedule is told at once, and repaired by the next run",
  suite("off", async (stack) => {
    await schedule(stack);
    // Others share the limit of this audience: ten creates a minute.
    const [{ request } = { request: null }] = await stack.sql`
      select request from public.schedule_attempts where kind = 'create'`;
    for (let times = 1; times <= 10; times++) {
      await fetch(`${stack.ready.braze_url}${CREATE}`, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          authorization: `Bearer ${stack.ready.braze_api_key}`,
        },
        body: JSON.stringify({ ...request, trigger_properties: { match_id: "0" } }),
      }).then((response) => response.body?.cancel());
    }
    await reword(stack, "Derby");
    const { done } = await schedule(stack);
    deepStrictEqual(done, { deferred: 1 });
    // The first refusal cannot be foreseen: it is told at once, and the next run repairs it.
    deepStrictEqual(await openAlerts(stack, 1002), ["create_failed"]);
    await reach(stack, "06:05");
    deepStrictEqual((await schedule(stack)).done, { created: 1 });
    deepStrictEqual(await openAlerts(stack, 1002), []);
  }),
);

Deno.test(
  "a delete whose answer was lost is settled by a person, and the match gets its push",
  suite("off", async (stack) => {
    await schedule(stack);
    await reword(stack, "Derby");
    fault(stack, { endpoint: DELETE, kind: "timeout_after_effect", times: 1 });
    await schedule(stack);
    fault(stack);
    deepStrictEqual((await schedule(stack)).skipped, { delete_unconfirmed: 1 });
    deepStrictEqual(await openAlerts(stack, 1002), ["delete_unconfirmed"]);

    const action = { match_id: 1002, reason: "Not in the dashboard" };
    const answer = await watch(stack, "braze-reconcile", { declare_gone: [action] });
    strictEqual(answer.verbs[0].done, true);
    deepStrictEqual((await schedule(stack)).done, { created: 1 });
    deepStrictEqual(await openAlerts(stack, 1002), []);
    await reach(stack, "14:30");
    deepStrictEqual(pushed(stack), [2]);
  }),
);

Deno.test(
  "a move that Braze refuses becomes a new schedule",
  suite("off", async (stack) => {
    await schedule(stack);
    fault(stack, { endpoint: UPDATE, kind: "status", status: 400 });
    await stack.sql`update public.matches set kickoff_at = '2024-12-07T17:00:00Z' where id = 1002`;
    deepStrictEqual((await schedule(stack)).done, { recreated: 1 });
    const [live, ...more] = liveSchedules(stack, 1002);
    deepStrictEqual([live?.sendAt.toISOString(), more], ["2024-12-07T16:00:00.000Z", []]);
  }),
);

Deno.test(
  "a match that moves by months is scheduled again when it is near",
  suite("off", async (stack) => {
    await schedule(stack);
    await stack.sql`update public.matches set kickoff_at = '2025-04-07T15:00:00Z' where id = 1002`;
    deepStrictEqual((await schedule(stack)).done, { cancelled: 1 });
    deepStrictEqual(liveSchedules(stack, 1002), []);
    deepStrictEqual((await schedule(stack)).done, {});
    await stack.sql`update public.matches set kickoff_at = '2024-12-09T15:00:00Z' where id = 1002`;
    deepStrictEqual((await schedule(stack)).done, { created: 1 });
  }),
);

for (const gate of ["off", "fail_open"] as const) {
  Deno.test(
    `a match of which the old schedule is seen going out is held until a person releases it, gate ${gate}`,
    suite(gate, async (stack) => {
      await schedule(stack);
      // Braze confirms the delete, and sends all the same; an open gate that does not answer lets it.
      if (gate !== "off") stack.outages.add("braze-send-gate");
      await reach(stack, "13:10");
      await stack.sql`
        update public.matches set kickoff_at = '2024-12-07T18:00:00Z', trigger_properties = '{"title":"Derby"}'
        where id = 1002`;
      deepStrictEqual((await schedule(stack)).done, { recreated: 1 });
      await reach(stack, "14:10");
      stack.outages.delete("braze-send-gate");
      deepStrictEqual((await schedule(stack)).done, { cancelled: 1 });
      deepStrictEqual(await openAlerts(stack, 1002), ["push_held", "unexpected_send"]);
      await reach(stack, "14:20");
      deepStrictEqual((await schedule(stack)).skipped, { held: 1 });

      const action = { match_id: 1002, reason: "They need the new time" };
      const answer = await watch(stack, "braze-reconcile", { release: [action] });
      strictEqual(answer.verbs[0].done, true);
      deepStrictEqual((await schedule(stack)).done, { created: 1 });
      deepStrictEqual(await openAlerts(stack, 1002), ["unexpected_send"]);
      await reach(stack, "17:30");
      deepStrictEqual(pushed(stack), [1, 3]);
    }, { nearSendSeconds: 3_600, nearSendSurvivalProbability: 1 }),
  );
}

Deno.test("a person can release only what is held", () =>
  withSuite({ fixtures: THREE_AT_ONCE.slice(1, 2) }, async (stack) => {
    await schedule(stack);
    const action = { match_id: 1002, reason: "No reason" };
    const { body } = await call(stack, "braze-reconcile", { release: [action] });
    deepStrictEqual(body.verbs, [{
      verb: "release",
      match_id: 1002,
      done: false,
      refused: "it is not held",
      next: null,
    }]);
  }));
