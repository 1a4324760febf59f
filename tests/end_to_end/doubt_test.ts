/** Uncertainty is recorded, raises an alert, and is resolved only by evidence. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { Stack } from "../../local/stack/stack.ts";
import {
  addFixture,
  call,
  ledgerOf,
  liveSchedules,
  openAlerts,
  postEvents,
  schedule,
  THREE_AT_ONCE,
  withSuite,
} from "../support/suite.ts";

const SMALL = { sandbox: { users: { count: 200 } }, fixtures: THREE_AT_ONCE } as const;
const NO_EVENTS = {
  sandbox: {
    users: { count: 20 },
    switches: { createAnswersDispatchId: false, currents: { enabled: false } },
  },
  fixtures: THREE_AT_ONCE,
} as const;
const CREATE = "/campaigns/trigger/schedule/create";
const DELETE = "/campaigns/trigger/schedule/delete";

async function attributions({ sql }: Stack) {
  const rows = await sql<{ id: string; match: number | null; how: string; sure: string }[]>`
    select coalesce(external_user_id, event_id) as id, match_id::int as match,
      correlation_method as how, confidence as sure
    from public.notification_sends order by 1`;
  return rows.map(({ id, match, how, sure }) => [id, match, how, sure]);
}

Deno.test("the arrival time of an event does not prove its send time, regardless of its ids", () =>
  withSuite(NO_EVENTS, async (stack) => {
    await schedule(stack);
    const { id } = await ledgerOf(stack, 1001);
    await stack.sql`delete from private.schedule_times where ledger_id <> ${id}`;
    await stack.sql`delete from public.braze_schedules where ledger_id <> ${id}`;
    await stack.advanceTo(new Date("2024-12-07T14:00:30Z"));
    await postEvents(stack, {
      external_user_id: "late",
      dispatch_id: "of another match",
      campaign_id: stack.ready.campaign_id,
    });
    deepStrictEqual(await attributions(stack), [["late", null, "no_evidence", "none"]]);
    strictEqual((await ledgerOf(stack, 1001)).status, "pending");
  }));

for (
  const [what, kickoffAt, receivedAt] of [
    ["hours before its time", null, "2024-12-07T09:18:00Z"],
    ["days after a time that was moved away", "2024-12-12T20:00:00Z", "2024-12-09T09:18:00Z"],
  ] as const
) {
  Deno.test(`a message of a push that a person sent by hand, ${what}, proves no send of the schedule`, () =>
    withSuite(NO_EVENTS, async (stack) => {
      await schedule(stack);
      if (kickoffAt !== null) {
        await stack.sql`update public.matches set kickoff_at = ${kickoffAt} where id = 1001`;
        deepStrictEqual((await schedule(stack)).done, { moved: 1 });
      }
      await stack.advanceTo(new Date(receivedAt));
      const { id, generation } = await ledgerOf(stack, 1001);
      await postEvents(stack, {
        event_type: "campaign.webhook",
        external_user_id: "early",
        dispatch_id: "by hand",
        campaign_id: stack.ready.campaign_id,
        match_id: "1001",
        ledger_id: id,
        generation: String(generation),
      });
      const [event] = await stack.sql`
        select time_kind, match_id::int as match, generation, timing, proof from public.notification_sends
        where external_user_id = 'early'`;
      deepStrictEqual({ ...event }, {
        time_kind: "receipt",
        match: 1001,
        generation: null,
        timing: "early",
        proof: null,
      });
      strictEqual((await ledgerOf(stack, 1001)).status, "pending");
      ok((await openAlerts(stack, 1001)).includes("sent_early"));

      await stack.sql`update public.matches set status = 'cancelled' where id = 1001`;
      await schedule(stack);
      strictEqual(liveSchedules(stack, 1001).length, 0, "its schedule is deleted in Braze");
    }));
}

Deno.test("a delete that Braze refuses raises an alert, and so does a push that is sent anyway", () =>
  withSuite(SMALL, async (stack) => {
    await schedule(stack);
    stack.sandbox.model.switchboard.set({
      faults: [{ endpoint: DELETE, kind: "status", status: 400, times: 1 }],
    });
    await stack.sql`update public.matches set status = 'postponed' where id = 1002`;
    deepStrictEqual((await schedule(stack)).done, { cancelled: 1 });
    deepStrictEqual(await openAlerts(stack, 1002), ["delete_unconfirmed"]);
    strictEqual((await schedule(stack)).skipped.delete_unconfirmed, 1);

    await stack.advanceTo(new Date("2024-12-07T14:20:00Z"));
    strictEqual((await ledgerOf(stack, 1002)).status, "sent");
    ok((await openAlerts(stack, 1002)).includes("unexpected_send"));
  }));

Deno.test("our own send id proves a create whose answer was lost, without any echo", () =>
  withSuite({
    ...SMALL,
    sandbox: { users: { count: 200 }, switches: { eventsCarryEcho: false } },
  }, async (stack) => {
    stack.sandbox.model.switchboard.set({
      faults: [{ endpoint: CREATE, kind: "timeout_after_effect", times: 2 }],
    });
    deepStrictEqual((await schedule(stack)).done, { unknown: 2, deferred: 1 });
    await stack.advanceTo(new Date("2024-12-07T06:05:00Z"));
    deepStrictEqual((await schedule(stack)).done, { created: 1 });
    await stack.advanceTo(new Date("2024-12-07T14:20:00Z"));
    for (const { id } of THREE_AT_ONCE) strictEqual((await ledgerOf(stack, id)).status, "sent");
  }));

Deno.test("an attribution by time is replaced when its dispatch id belongs to another match, and its proof is revoked", () =>
  withSuite({
    ...NO_EVENTS,
    fixtures: [
      { id: 1, home: "Arsenal", away: "Chelsea", kickoffAt: "2024-12-07T15:00:00Z" },
      { id: 2, home: "Everton", away: "Leeds", kickoffAt: "2024-12-07T14:00:00Z" },
    ],
  }, async (stack) => {
    await schedule(stack);
    await stack.advanceTo(new Date("2024-12-07T14:01:00Z"));
    const send = (id: string, echo?: object) => ({
      event_type: "users.messages.pushnotification.Send",
      id,
      time: Date.parse("2024-12-07T14:00:30Z") / 1_000,
      user: { external_user_id: id },
      properties: {
        campaign_id: stack.ready.campaign_id,
        dispatch_id: "D9",
        ...(echo === undefined ? {} : { message_extras: JSON.stringify(echo) }),
      },
    });
    await postEvents(stack, { events: [send("a")] });
    deepStrictEqual(await attributions(stack), [["a", 1, "time_exact", "medium"]]);
    strictEqual((await ledgerOf(stack, 1)).status, "sent");

    const { id: ledgerId } = await ledgerOf(stack, 2);
    await postEvents(stack, { events: [send("b", { ledger_id: ledgerId, generation: "1" })] });
    deepStrictEqual(await attributions(stack), [
      ["a", 2, "dispatch_id", "high"],
      ["b", 2, "ledger_id", "high"],
    ]);
    strictEqual((await ledgerOf(stack, 1)).status, "pending");
    strictEqual((await ledgerOf(stack, 2)).status, "sent");
  }));

Deno.test("a match moved before its push is confirmed waits a day, with an alert, and is then scheduled", () =>
  withSuite({ sandbox: { users: { count: 20 } } }, async (stack) => {
    await addFixture(stack, {
      id: 1,
      home: "Arsenal",
      away: "Chelsea",
      kickoffAt: "2024-12-07T15:00:00Z",
    });
    stack.sandbox.model.switchboard.set({
      faults: [{ endpoint: CREATE, kind: "timeout_before_effect", times: 1 }],
    });
    deepStrictEqual((await schedule(stack)).done, { unknown: 1 });
    await stack.advanceTo(new Date("2024-12-07T16:00:00Z"));
    await stack.sql`update public.matches set kickoff_at = '2024-12-12T20:00:00Z' where id = 1`;
    deepStrictEqual((await schedule(stack)).skipped, { awaiting_evidence: 1 });
    ok((await openAlerts(stack, 1)).includes("moved_while_unconfirmed"));

    await stack.advanceTo(new Date("2024-12-08T14:30:00Z"));
    deepStrictEqual((await schedule(stack)).done, { created: 1 });
    strictEqual(liveSchedules(stack, 1).length, 1);
  }));

Deno.test("a person who has looked in Braze can declare a create without an answer gone", () =>
  withSuite(SMALL, async (stack) => {
    stack.sandbox.model.switchboard.set({
      faults: [{ endpoint: CREATE, kind: "timeout_before_effect", times: 1 }],
    });
    await schedule(stack);
    const reason = "Not in the dashboard";
    const { body } = await call(stack, "braze-reconcile", {
      declare_gone: { match_ids: [1001, 7], reason },
    });
    deepStrictEqual(body.verbs.map(({ done }: { done: boolean }) => done), [true, false]);
    deepStrictEqual((await schedule(stack)).done, { created: 1 });
    deepStrictEqual(
      liveSchedules(stack, 1001).map(({ triggerProperties }) => triggerProperties.generation),
      [2],
    );
  }));
