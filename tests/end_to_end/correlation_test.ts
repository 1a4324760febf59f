/** Gaps 1 and 2 of the analysis, end to end: ids that arrive late, and events that cannot be distinguished. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { Stack } from "../../local/stack/stack.ts";
import { ledgerOf, postEvents, schedule, THREE_AT_ONCE, withSuite } from "../support/suite.ts";

/** The sandbox sends no events here: the test posts them. */
const withoutEvents = (listingMode: "per_schedule" | "per_campaign") => ({
  sandbox: {
    users: { count: 20 },
    switches: { listingMode, createAnswersDispatchId: false, currents: { enabled: false } },
  },
  fixtures: THREE_AT_ONCE,
});
const NO_EVENTS = withoutEvents("per_campaign");

interface Posted {
  readonly id: string;
  readonly dispatchId?: string;
  /** An id that we did not choose by default; null for none. */
  readonly sendId?: string | null;
  readonly echo?: Readonly<Record<string, string>>;
}

/** A push Send at 14:00:23 of our campaign. */
function send({ ready }: Stack, { id, dispatchId, sendId = "xyz-789", echo }: Posted) {
  return {
    event_type: "users.messages.pushnotification.Send",
    id,
    time: Date.parse("2024-12-07T14:00:23Z") / 1_000,
    user: { external_user_id: `user-${id}`, device_id: `device-${id}` },
    properties: {
      campaign_id: ready.campaign_id,
      ...(sendId === null ? {} : { send_id: sendId }),
      ...(dispatchId === undefined ? {} : { dispatch_id: dispatchId }),
      ...(echo === undefined ? {} : { message_extras: JSON.stringify(echo) }),
    },
  };
}

interface Stored {
  readonly event_id: string;
  readonly match_id: number | null;
  readonly correlation_method: string;
  readonly confidence: string;
  readonly candidate_count: number;
  readonly candidate_match_ids: number[] | null;
}

async function stored({ sql }: Stack): Promise<Stored[]> {
  return await sql<Stored[]>`
    select
      event_id, match_id::int, correlation_method, confidence, candidate_count,
      candidate_match_ids::int[]
    from public.notification_sends
    order by event_id`;
}

for (const listing of ["per_schedule", "per_campaign"] as const) {
  Deno.test(`gap 2: an event at 14:00:23 with no known id is attributed to none of three matches at 14:00 (${listing})`, () =>
    withSuite(withoutEvents(listing), async (stack) => {
      await schedule(stack);
      await stack.advanceTo(new Date("2024-12-07T14:01:00Z"));
      const { body } = await postEvents(stack, {
        events: [
          send(stack, { id: "a", sendId: null }),
          send(stack, { id: "b", sendId: "unknown" }),
        ],
      });

      strictEqual(body.unattributed, 2);
      deepStrictEqual([...await stored(stack)], [{
        event_id: "a",
        match_id: null,
        correlation_method: "tie",
        confidence: "none",
        candidate_count: 3,
        candidate_match_ids: [1001, 1002, 1003],
      }, {
        // An id of another send outweighs the time.
        event_id: "b",
        match_id: null,
        correlation_method: "no_evidence",
        confidence: "none",
        candidate_count: 0,
        candidate_match_ids: null,
      }]);
      for (const { id } of THREE_AT_ONCE) {
        strictEqual((await ledgerOf(stack, id)).status, "pending");
      }
    }));

  Deno.test(`gap 2: the event is reattributed when its dispatch id becomes known, and only that match is sent (${listing})`, () =>
    withSuite(withoutEvents(listing), async (stack) => {
      await schedule(stack);
      await stack.advanceTo(new Date("2024-12-07T14:01:00Z"));
      await postEvents(stack, {
        events: [send(stack, { id: "a", dispatchId: "dispatch-2", sendId: null })],
      });
      const { id: ledgerId } = await ledgerOf(stack, 1002);
      const echo = { ledger_id: ledgerId, match_id: "1002", generation: "1" };
      await postEvents(stack, {
        events: [send(stack, { id: "b", dispatchId: "dispatch-2", echo })],
      });

      deepStrictEqual(
        (await stored(stack)).map(({ event_id, match_id, correlation_method, confidence }) => [
          event_id,
          match_id,
          correlation_method,
          confidence,
        ]),
        [["a", 1002, "dispatch_id", "high"], ["b", 1002, "ledger_id", "high"]],
      );
      deepStrictEqual(
        await Promise.all(THREE_AT_ONCE.map(async ({ id }) => (await ledgerOf(stack, id)).status)),
        ["pending", "sent", "pending"],
      );
      const [log] = await stack.sql<{ reason: string; match_id: number }[]>`
      select reason, match_id::int from public.scheduler_logs where action = 'attribution_changed'`;
      deepStrictEqual({ ...log }, {
        reason: "tie became dispatch_id (high)",
        match_id: 1002,
      });
    }));
}

Deno.test("an identifier that turns out to be shared attributes nothing, and events that it alone attributed are reopened", () =>
  withSuite(NO_EVENTS, async (stack) => {
    await schedule(stack);
    await stack.advanceTo(new Date("2024-12-07T14:01:00Z"));
    const echoOf = async (matchId: number) => ({
      ledger_id: (await ledgerOf(stack, matchId)).id,
      generation: "1",
    });
    const shared = "dispatch-shared";
    await postEvents(stack, {
      events: [
        send(stack, { id: "a", dispatchId: shared, echo: await echoOf(1001) }),
        send(stack, { id: "b", dispatchId: shared }),
      ],
    });
    const before = await stored(stack);
    deepStrictEqual(before.map(({ match_id }) => match_id), [1001, 1001]);

    await postEvents(stack, {
      events: [send(stack, { id: "c", dispatchId: shared, echo: await echoOf(1003) })],
    });
    deepStrictEqual(
      (await stored(stack)).map(({ event_id, match_id, confidence }) => [
        event_id,
        match_id,
        confidence,
      ]),
      [["a", 1001, "high"], ["b", null, "none"], ["c", 1003, "high"]],
    );
  }));

Deno.test("a dispatch id that Braze shares with another send attributes nothing to the wrong match", () =>
  withSuite(NO_EVENTS, async (stack) => {
    await schedule(stack);
    await stack.advanceTo(new Date("2024-12-07T14:01:00Z"));
    const dispatchId = "shared";
    const { id: ledgerId } = await ledgerOf(stack, 1001);
    const echo = { ledger_id: ledgerId, generation: "1" };
    await postEvents(stack, {
      events: [
        send(stack, { id: "a", dispatchId, sendId: "match-1001", echo }),
        send(stack, { id: "b", dispatchId, sendId: null }),
      ],
    });
    // The first names its match by our own send id; the second shows only that it is not match 1001.
    await postEvents(stack, {
      events: [
        send(stack, { id: "c", dispatchId, sendId: "match-1002" }),
        send(stack, { id: "d", dispatchId, sendId: "made-by-braze" }),
      ],
    });
    deepStrictEqual(
      (await stored(stack)).map(({ event_id, match_id, correlation_method }) => [
        event_id,
        match_id,
        correlation_method,
      ]),
      // Events attributed by the dispatch id alone are open again, since it is known to be shared.
      [["a", 1001, "ledger_id"], ["b", null, "tie"], ["c", 1002, "send_id"], [
        "d",
        null,
        "no_evidence",
      ]],
    );
  }));

Deno.test("gap 1: the ids that Braze gives late are registered from the first event that echoes ours", () =>
  withSuite(NO_EVENTS, async (stack) => {
    await schedule(stack);
    await stack.advanceTo(new Date("2024-12-07T14:01:00Z"));
    const [before] = await stack.sql`
      select dispatch_id from public.schedule_ledger where match_id = 1001`;
    strictEqual(before?.dispatch_id, null);
    const { id: ledgerId } = await ledgerOf(stack, 1001);
    await postEvents(stack, {
      events: [
        send(stack, {
          id: "a",
          dispatchId: "late",
          echo: { ledger_id: ledgerId, generation: "1" },
        }),
      ],
    });
    const [after] = await stack.sql`
      select dispatch_id from public.schedule_ledger where match_id = 1001`;
    strictEqual(after?.dispatch_id, "late");
    const { body } = await postEvents(stack, {
      events: [send(stack, { id: "b", dispatchId: "late" })],
    });
    strictEqual(body.high, 1);
  }));
