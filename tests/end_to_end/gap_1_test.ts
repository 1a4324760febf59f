/**
 * Gap 1: Braze does not return the ids of a send when it is scheduled, so they cannot attribute its events.
 *
 * Three sends go out at exactly 14:00, and only the dispatch id in their events distinguishes them.
 */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { Stack } from "../../local/stack/stack.ts";
import { ledgerOf, schedule, THREE_AT_ONCE, withSuite } from "../support/suite.ts";
import { reach, watch } from "../support/watchers.ts";

const LISTING_MODES = ["per_schedule", "per_campaign"] as const;

function withLateIds(
  listingMode: typeof LISTING_MODES[number],
  test: (stack: Stack) => Promise<void>,
): () => Promise<void> {
  return () =>
    withSuite({
      fixtures: THREE_AT_ONCE,
      sandbox: {
        users: { count: 100 },
        switches: {
          listingMode,
          createAnswersDispatchId: false,
          eventsCarrySendId: false,
          eventsCarryEcho: false,
        },
      },
    }, async (stack) => {
      await schedule(stack);
      const [missing] = await stack.sql`
        select count(*)::int as count from public.schedule_ledger where dispatch_id is null`;
      strictEqual(missing?.count, 3, "the gap: no ledger row knows its dispatch id");
      await test(stack);
    });
}

/** How the pushes of the three matches were attributed, and whether correctly. */
async function tiesOf({ sql, sandbox }: Stack) {
  const events = await sql<{ event_id: string; method: string; match_id: string | null }[]>`
    select event_id, correlation_method as method, match_id from public.notification_sends
    where channel = 'push'`;
  const groundTruth = new Map(
    sandbox.model.groundTruth.entries.map((
      { id, triggerProperties },
    ) => [id, triggerProperties.match_id]),
  );
  return {
    methods: [...new Set(events.map(({ method }) => method))].sort(),
    tied: events.filter(({ match_id }) => match_id !== null).length,
    wrong:
      events.filter(({ event_id, match_id }) =>
        match_id !== null && match_id !== groundTruth.get(event_id)
      ).length,
    isEmpty: events.length === 0,
  };
}

for (const mode of LISTING_MODES) {
  Deno.test(
    `gap 1: events with late ids stay unattributed while no check reads the ids (${mode})`,
    withLateIds(mode, async (stack) => {
      await reach(stack, "15:30");
      const { tied, isEmpty } = await tiesOf(stack);
      deepStrictEqual([tied, isEmpty], [0, false]);
      strictEqual((await ledgerOf(stack, 1001)).status, "pending");
    }),
  );
}

Deno.test(
  "gap 1: the check before the send registers the ids, and every event is attributed to its match (per_schedule)",
  withLateIds("per_schedule", async (stack) => {
    await reach(stack, "13:45");
    strictEqual((await watch(stack, "braze-preflight-check")).ids_captured, 3);
    await reach(stack, "15:30");
    const { methods, wrong, isEmpty } = await tiesOf(stack);
    deepStrictEqual([methods, wrong, isEmpty], [["dispatch_id"], 0, false]);
    for (const { id } of THREE_AT_ONCE) {
      strictEqual((await ledgerOf(stack, id)).status, "sent");
    }
  }),
);

Deno.test(
  "gap 1: a list of campaigns shows no ids, so nothing is registered and nothing is guessed (per_campaign)",
  withLateIds("per_campaign", async (stack) => {
    await reach(stack, "13:45");
    strictEqual((await watch(stack, "braze-preflight-check")).ids_captured, 0);
    await reach(stack, "15:30");
    const { tied, isEmpty } = await tiesOf(stack);
    deepStrictEqual([tied, isEmpty], [0, false]);
  }),
);
