/**
 * Gap 3: nothing compares the number of schedules in Braze with the ledger.
 *
 * Without braze-count-audit nothing that the suite keeps differs between a day in sync and one with duplicates.
 */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { addDays, addHours } from "date-fns";
import type { Stack } from "../../local/stack/stack.ts";
import { CLOCK, type FixtureRow, schedule, withSuite } from "../support/suite.ts";
import { inDashboard, openAlertsOf, reach, watch } from "../support/watchers.ts";

const MATCHES = 152;
const KICKOFF_AT = addHours(addDays(CLOCK, 2), 9);

/** Each with an audience of its own, since Braze takes 10 creates a minute for one audience. */
const fixtures = Array.from({ length: MATCHES }, (_, index): FixtureRow => ({
  id: 1_001 + index,
  home: `Home ${index}`,
  away: `Away ${index}`,
  kickoffAt: KICKOFF_AT.toISOString(),
}));

/** The analysis's second day: 152 in the ledger, 155 in Braze. */
async function threeDuplicates(stack: Stack): Promise<void> {
  for (const matchId of [1_001, 1_002, 1_003]) await duplicate(stack, matchId);
}

/** A harder variant: one schedule too many, and another one gone. */
async function oneForAnother(stack: Stack): Promise<void> {
  await duplicate(stack, 1_001);
  await inDashboard(stack, "dashboard/cancel", { match_id: 1_152 });
}

async function duplicate(stack: Stack, matchId: number): Promise<void> {
  await inDashboard(stack, "dashboard/create", {
    send_at: addHours(KICKOFF_AT, -1).toISOString(),
    trigger_properties: { match_id: String(matchId) },
  });
}

function onDayTwo(
  listingMode: "per_schedule" | "per_campaign",
  happens: (stack: Stack) => Promise<void>,
  test: (stack: Stack) => Promise<void>,
): () => Promise<void> {
  return () =>
    withSuite(
      {
        fixtures,
        sandbox: { users: { count: 10 }, switches: { listingMode } },
        env: { RUN_DEADLINE_SECONDS: "140" },
      },
      async (stack) => {
        await schedule(stack);
        await happens(stack);
        await reach(stack, "06:20");
        // The gap: every run of the scheduler succeeds, the ledger says 152, and no alert is raised.
        deepStrictEqual((await schedule(stack)).skipped, { unchanged: MATCHES });
        const [found] = await stack.sql`
          select (select count(*)::int from public.schedule_ledger where status = 'pending') as pending,
            (select count(*)::int from public.alerts where resolved_at is null) as alerts`;
        deepStrictEqual({ ...found }, { pending: MATCHES, alerts: 0 });
        await test(stack);
      },
    );
}

Deno.test(
  "gap 3: 152 in the ledger and 155 in Braze go unnoticed, until the audit counts them (per_schedule)",
  onDayTwo("per_schedule", threeDuplicates, async (stack) => {
    const found = await watch(stack, "braze-count-audit");
    deepStrictEqual(
      [found.ledger_pending, found.braze_actual, found.delta, found.status],
      [152, 155, 3, "mismatch"],
    );
    deepStrictEqual(
      found.extra_in_braze.map((extra: { match_id: number }) => extra.match_id).sort(),
      [1_001, 1_002, 1_003],
    );
    deepStrictEqual(found.missing_in_braze, []);
    strictEqual((await openAlertsOf(stack, "count_mismatch")).length, 1);
  }),
);

Deno.test(
  "gap 3: equal counts with one missing and one extra go unnoticed, until the audit compares the sets (per_schedule)",
  onDayTwo("per_schedule", oneForAnother, async (stack) => {
    const found = await watch(stack, "braze-count-audit");
    deepStrictEqual(
      [found.ledger_pending, found.braze_actual, found.delta, found.status],
      [152, 152, 0, "mismatch"],
    );
    deepStrictEqual(
      [found.missing_in_braze[0].match_id, found.extra_in_braze[0].match_id],
      [1_152, 1_001],
    );
    strictEqual((await openAlertsOf(stack, "count_mismatch")).length, 1);
  }),
);

for (
  const [what, happens] of [
    ["152 in the ledger and 155 in Braze", threeDuplicates],
    ["equal counts with one missing and one extra", oneForAnother],
  ] as const
) {
  Deno.test(
    `gap 3: ${what} cannot be known from a list of campaigns, and the audit reports that (per_campaign)`,
    onDayTwo("per_campaign", happens, async (stack) => {
      const found = await watch(stack, "braze-count-audit");
      deepStrictEqual(
        [found.status, found.listing_mode, found.ledger_pending, found.braze_actual],
        ["unknown", "per_campaign", 152, null],
      );
      deepStrictEqual(await openAlertsOf(stack, "count_mismatch"), [], "no false alarm");
      const [audit] = await stack.sql`select status from public.count_audit_logs`;
      strictEqual(audit?.status, "unknown", "and no false all-clear");
    }),
  );
}
