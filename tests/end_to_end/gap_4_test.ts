/** Gap 4 of the analysis: how many users a push reached, and how many Braze says it sent. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { Stack } from "../../local/stack/stack.ts";
import { schedule, THREE_AT_ONCE, withSuite } from "../support/suite.ts";
import { LISTING_MODES, reconcile, withListing } from "../support/reconciling.ts";

interface Counted {
  readonly match_id: number;
  readonly actual_send_count: number | null;
  readonly braze_reported_count: number | null;
}

async function countsOf({ sql }: Stack): Promise<Counted[]> {
  const rows = await sql<Counted[]>`
    select match_id::int, actual_send_count, braze_reported_count
    from public.schedule_ledger order by match_id`;
  return rows.map((row) => ({ ...row }));
}

/** How many pushes Braze sent, and how many users the delivered events show. */
function groundTruthOf({ sandbox }: Stack, matchId: number) {
  const sends = sandbox.model.groundTruth.entries.filter(({ type, triggerProperties }) =>
    type === "users.messages.pushnotification.Send" &&
    triggerProperties.match_id === String(matchId)
  );
  const delivered = sends.filter(({ lost }) => !lost);
  return { sent: sends.length, reached: new Set(delivered.map(({ user }) => user.index)).size };
}

for (const mode of LISTING_MODES) {
  Deno.test(`gap 4: the ledger says sent, but not to how many, until it is reconciled with the events and with Braze (${mode})`, () =>
    withSuite({
      sandbox: withListing(mode, { currents: { lossProbability: 0.2 } }),
      fixtures: THREE_AT_ONCE,
    }, async (stack) => {
      await schedule(stack);
      await stack.advanceTo(new Date("2024-12-07T14:20:00Z"));
      // Open: the status alone.
      deepStrictEqual(
        (await countsOf(stack)).map((row) => [row.actual_send_count, row.braze_reported_count]),
        [[null, null], [null, null], [null, null]],
      );

      // Closed: users reached, from the events; pushes sent, from Braze; and the events that are missing.
      strictEqual((await reconcile(stack)).checks.counts.counts.matches, 3);
      const expected = THREE_AT_ONCE.map(({ id }) => {
        const { sent, reached } = groundTruthOf(stack, id);
        return { match_id: id, actual_send_count: reached, braze_reported_count: sent };
      });
      deepStrictEqual(await countsOf(stack), expected);
      ok(expected.some((row) => row.actual_send_count > 0));

      // Derived, so a repetition changes nothing.
      const again = (await reconcile(stack, { checks: ["counts"] })).checks.counts;
      deepStrictEqual([again.counts.refreshed, again.counts.reported], [0, 0]);
      deepStrictEqual(await countsOf(stack), expected);
    }));
}

Deno.test("gap 4: what Braze does not report stays unknown, and does not count as zero", () =>
  withSuite({
    sandbox: withListing("omit", {
      faults: [{ endpoint: "/sends/data_series", kind: "status", status: 500 }],
    }),
    fixtures: THREE_AT_ONCE,
  }, async (stack) => {
    await schedule(stack);
    await stack.advanceTo(new Date("2024-12-07T14:20:00Z"));
    await reconcile(stack, { checks: ["counts"] });
    deepStrictEqual(
      (await countsOf(stack)).map((row) => row.braze_reported_count),
      [null, null, null],
    );
  }));
