/** braze-scheduler over the whole stack, against a Braze that misbehaves in the documented ways. */
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

const SMALL = { sandbox: { users: { count: 200 } }, fixtures: THREE_AT_ONCE } as const;
const CREATE = "/campaigns/trigger/schedule/create";
const DELETE = "/campaigns/trigger/schedule/delete";

function fault({ sandbox }: Stack, ...faults: Parameters<typeof setFaults>[1]): void {
  setFaults(sandbox, faults);
}

function setFaults(
  sandbox: Stack["sandbox"],
  faults: NonNullable<Parameters<Stack["sandbox"]["model"]["switchboard"]["set"]>[0]["faults"]>,
): void {
  sandbox.model.switchboard.set({ faults });
}

async function later(stack: Stack, minutes: number): Promise<void> {
  await stack.advanceTo(new Date(stack.timeline.now().getTime() + minutes * 60_000));
}

Deno.test("braze-scheduler schedules each match once, 60 minutes before kick-off, and later runs change nothing", () =>
  withSuite(SMALL, async (stack) => {
    deepStrictEqual((await schedule(stack)).done, { created: 3 });
    deepStrictEqual((await schedule(stack)).skipped, { unchanged: 3 });
    for (const { id } of THREE_AT_ONCE) {
      const [live, ...more] = liveSchedules(stack, id);
      deepStrictEqual(more, []);
      strictEqual(live?.sendAt.toISOString(), "2024-12-07T14:00:00.000Z");
      strictEqual(live.sendId, `match-${id}`);
      const { id: ledgerId } = await ledgerOf(stack, id);
      deepStrictEqual(
        [live.triggerProperties.ledger_id, live.triggerProperties.generation],
        [ledgerId, 1],
      );
    }
  }));

Deno.test("two concurrent runs of braze-scheduler create nothing twice", () =>
  withSuite(SMALL, async (stack) => {
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => call(stack, "braze-scheduler")),
    );
    ok(answers.some(({ status }) => status === 200));
    for (const { status, body } of answers) {
      if (status !== 200) deepStrictEqual([status, body.code], [409, "run_in_progress"]);
    }
    for (const { id } of THREE_AT_ONCE) strictEqual(liveSchedules(stack, id).length, 1);
  }));

Deno.test("a create whose answer is lost stays unknown with an alert, is never repeated, and is proved by its events", () =>
  withSuite(SMALL, async (stack) => {
    fault(stack, { endpoint: CREATE, kind: "timeout_after_effect", times: 1 });
    deepStrictEqual((await schedule(stack)).done, { unknown: 1, created: 2 });
    fault(stack);
    for (let run = 0; run < 3; run++) {
      await later(stack, 15);
      deepStrictEqual((await schedule(stack)).skipped, { create_unknown: 1, unchanged: 2 });
    }
    strictEqual(liveSchedules(stack, 1001).length, 1);
    deepStrictEqual(await openAlerts(stack, 1001), ["create_unknown"]);

    await stack.advanceTo(new Date("2024-12-07T14:20:00Z"));
    strictEqual((await ledgerOf(stack, 1001)).status, "sent");
    const [attempt] = await stack.sql`
      select outcome, resolved_as from public.schedule_attempts where match_id = 1001 and kind = 'create'`;
    deepStrictEqual({ ...attempt }, { outcome: "unknown", resolved_as: "proved_by_events" });
  }));

for (
  const [what, rule] of [
    ["answered 500", { kind: "status", status: 500 }],
    ["answered with half an answer", { kind: "malformed" }],
  ] as const
) {
  Deno.test(`a create that Braze ${what} may have succeeded, so it stays unknown`, () =>
    withSuite(SMALL, async (stack) => {
      fault(stack, { endpoint: CREATE, ...rule, times: 1 });
      deepStrictEqual((await schedule(stack)).done, { unknown: 1, created: 2 });
      await later(stack, 15);
      deepStrictEqual((await schedule(stack)).skipped, { create_unknown: 1, unchanged: 2 });
      deepStrictEqual(await openAlerts(stack, 1001), ["create_unknown"]);
    }));
}

Deno.test("a create that Braze definitely refused is repeated by the next run, as the next generation", () =>
  withSuite(SMALL, async (stack) => {
    fault(stack, { endpoint: CREATE, kind: "status", status: 400, times: 1 });
    deepStrictEqual((await schedule(stack)).done, { failed: 1, created: 2 });
    deepStrictEqual(await openAlerts(stack, 1001), ["create_failed"]);
    await later(stack, 15);
    deepStrictEqual((await schedule(stack)).done, { created: 1 });
    strictEqual(liveSchedules(stack, 1001)[0]?.triggerProperties.generation, 2);
  }));

Deno.test("braze-scheduler waits for a rate limit to be lifted when it has the time", () =>
  withSuite({ ...SMALL, env: { RUN_DEADLINE_SECONDS: "120" } }, async (stack) => {
    fault(stack, { endpoint: CREATE, kind: "429", times: 1 });
    deepStrictEqual((await schedule(stack)).done, { created: 3 });
  }));

Deno.test("braze-scheduler leaves work to the next run if a rate limit leaves no time", () =>
  withSuite(SMALL, async (stack) => {
    fault(stack, { endpoint: CREATE, kind: "429", times: 1 });
    const first = await schedule(stack);
    deepStrictEqual([first.outcome, first.done], ["partial", { created: 2, deferred: 1 }]);
    deepStrictEqual(await openAlerts(stack, 1001), []);
    await later(stack, 15);
    deepStrictEqual((await schedule(stack)).done, { created: 1 });
    strictEqual(liveSchedules(stack, 1001).length, 1);
  }));

Deno.test("the schedule of a match that moves is updated to the new time", () =>
  withSuite(SMALL, async (stack) => {
    await schedule(stack);
    const [before] = liveSchedules(stack, 1002);
    await stack.sql`update public.matches set kickoff_at = '2024-12-07T17:30:00Z' where id = 1002`;
    deepStrictEqual((await schedule(stack)).done, { moved: 1 });
    const [after, ...more] = liveSchedules(stack, 1002);
    deepStrictEqual(more, []);
    strictEqual(after?.id, before?.id);
    strictEqual(after?.sendAt.toISOString(), "2024-12-07T16:30:00.000Z");
    strictEqual(
      (await ledgerOf(stack, 1002)).send_at_utc.toISOString(),
      "2024-12-07T16:30:00.000Z",
    );
  }));

Deno.test("a match that is wanted again before its delete succeeded keeps its schedule", () =>
  withSuite(SMALL, async (stack) => {
    await schedule(stack);
    const before = liveSchedules(stack, 1002);
    fault(stack, { endpoint: DELETE, kind: "status", status: 403 });
    await stack.sql`update public.matches set status = 'postponed' where id = 1002`;
    deepStrictEqual((await schedule(stack)).done, { failed: 1 });
    deepStrictEqual(await openAlerts(stack, 1002), ["delete_unconfirmed"]);
    fault(stack);
    await stack.sql`update public.matches set status = 'scheduled' where id = 1002`;
    deepStrictEqual((await schedule(stack)).done, { reactivated: 1 });
    deepStrictEqual((await schedule(stack)).skipped, { unchanged: 3 });
    deepStrictEqual(liveSchedules(stack, 1002), before);
    deepStrictEqual(await openAlerts(stack, 1002), []);
  }));

Deno.test("a match whose teams change gets a new schedule in place of the old one", () =>
  withSuite(SMALL, async (stack) => {
    await schedule(stack);
    await stack.sql`update public.matches set away_team = 'Liverpool' where id = 1002`;
    deepStrictEqual((await schedule(stack)).done, { recreated: 1 });
    const live = liveSchedules(stack, 1002);
    deepStrictEqual(
      live.map(({ triggerProperties: { generation, away_team } }) => [generation, away_team]),
      [[2, "Liverpool"]],
    );
    // The send id is the match's own, over all its schedules.
    strictEqual(live[0]?.sendId, "match-1002");
  }));

Deno.test("no new schedule is created while the delete of the old one is unconfirmed", () =>
  withSuite(SMALL, async (stack) => {
    await schedule(stack);
    fault(stack, { endpoint: DELETE, kind: "timeout_before_effect" });
    await stack.sql`
      update public.matches set trigger_properties = '{"title": "Derby"}' where id = 1002`;
    deepStrictEqual((await schedule(stack)).done, { unknown: 1 });
    deepStrictEqual(
      liveSchedules(stack, 1002).map(({ triggerProperties }) => triggerProperties.generation),
      [1],
    );
    deepStrictEqual(await openAlerts(stack, 1002), ["delete_unconfirmed"]);

    fault(stack);
    await later(stack, 15);
    deepStrictEqual((await schedule(stack)).done, { recreated: 1 });
    deepStrictEqual(
      liveSchedules(stack, 1002).map(({ triggerProperties }) => triggerProperties.generation),
      [2],
    );
  }));

Deno.test("the schedule of a postponed match is deleted, and created again when the match is reinstated", () =>
  withSuite(SMALL, async (stack) => {
    await schedule(stack);
    await stack.sql`update public.matches set status = 'postponed' where id = 1003`;
    deepStrictEqual((await schedule(stack)).done, { cancelled: 1 });
    deepStrictEqual(liveSchedules(stack, 1003), []);
    const cancelled = await ledgerOf(stack, 1003);
    deepStrictEqual([cancelled.status, cancelled.cancel_reason], ["cancelled", "plan"]);

    await stack.sql`
      update public.matches set status = 'scheduled', kickoff_at = '2024-12-09T20:00:00Z' where id = 1003`;
    deepStrictEqual((await schedule(stack)).done, { created: 1 });
    deepStrictEqual(
      liveSchedules(stack, 1003).map(({ triggerProperties }) => triggerProperties.generation),
      [2],
    );
  }));

Deno.test("inside the freeze window nothing is moved, a delete is still tried, and a match gets its first schedule", () =>
  withSuite(SMALL, async (stack) => {
    await schedule(stack);
    await stack.advanceTo(new Date("2024-12-07T13:50:00Z"));
    await addFixture(stack, {
      id: 1004,
      home: "Everton",
      away: "Leeds",
      kickoffAt: "2024-12-07T15:00:00Z",
    });
    await addFixture(stack, {
      id: 1005,
      home: "Fulham",
      away: "Leicester",
      kickoffAt: "2024-12-07T14:53:00Z",
    });
    await stack.sql`update public.matches set kickoff_at = '2024-12-07T16:00:00Z' where id = 1001`;
    await stack.sql`update public.matches set status = 'cancelled' where id = 1002`;
    const { planned, done } = await schedule(stack);
    deepStrictEqual([planned.frozen, done], [2, { cancelled: 1, created: 1 }]);
    deepStrictEqual(await openAlerts(stack, 1001), ["change_inside_freeze"]);
    deepStrictEqual(await openAlerts(stack, 1002), ["cancel_inside_freeze"]);
    // There was no time to make a send id.
    strictEqual(liveSchedules(stack, 1004).length, 1);
    const attempts = await stack.sql`
      select kind from public.schedule_attempts where match_id = 1004`;
    deepStrictEqual(attempts.map(({ kind }) => kind), ["create"]);
    deepStrictEqual(await openAlerts(stack, 1004), []);
    // Its answer could come three minutes before its send, or later: nothing is journalled either.
    deepStrictEqual(await openAlerts(stack, 1005), ["create_inside_freeze"]);
    deepStrictEqual(
      [...await stack.sql`select id from public.schedule_attempts where match_id = 1005`],
      [],
    );
    strictEqual(liveSchedules(stack, 1001)[0]?.sendAt.toISOString(), "2024-12-07T14:00:00.000Z");
  }));

Deno.test("a first create inside the freeze window whose answer is lost is unknown, and critical at once", () =>
  withSuite(SMALL, async (stack) => {
    await stack.advanceTo(new Date("2024-12-07T13:50:00Z"));
    fault(stack, { endpoint: CREATE, kind: "timeout_after_effect", times: 1 });
    deepStrictEqual((await schedule(stack)).done, { unknown: 1, created: 2 });
    const [alert] = await stack
      .sql`select severity from public.alerts where rule = 'create_unknown'`;
    strictEqual(alert?.severity, "critical");
  }));

Deno.test("twelve matches of the same two teams respect the limit of ten creates a minute for one audience", () =>
  withSuite({ sandbox: { users: { count: 20 } } }, async (stack) => {
    for (let id = 1; id <= 12; id++) {
      await addFixture(stack, {
        id,
        home: "Arsenal",
        away: "Chelsea",
        kickoffAt: `2024-12-09T${String(id + 8).padStart(2, "0")}:00:00Z`,
      });
    }
    const startedAt = stack.timeline.now();
    const first = await schedule(stack);
    if (first.outcome === "partial") {
      await later(stack, 15);
      await schedule(stack);
    }
    for (let id = 1; id <= 12; id++) strictEqual(liveSchedules(stack, id).length, 1);
    const inFirstMinute = stack.sandbox.model.schedules.all.filter(({ createdAt }) =>
      createdAt.getTime() < startedAt.getTime() + 60_000
    );
    ok(inFirstMinute.length <= 10, `${inFirstMinute.length} in the first minute`);
    const [failed] = await stack.sql`
      select count(*)::int as count from public.schedule_attempts where kind = 'create' and http_status = 429`;
    strictEqual(failed?.count, 0);
  }));
