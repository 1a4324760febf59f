/** Gap 6 of the analysis: Braze holds more than one schedule of a match, and the ledger shows one. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import {
  call,
  ledgerOf,
  liveSchedules,
  schedule,
  THREE_AT_ONCE,
  withSuite,
} from "../support/suite.ts";
import {
  alertsOf,
  BLIND_MODES,
  duplicateByHand,
  logsOf,
  reconcile,
  withListing,
} from "../support/reconciling.ts";

Deno.test("gap 6: a second schedule of a match goes unnoticed, until it is counted, reported and cancelled (per_schedule)", () =>
  withSuite({ sandbox: withListing("per_schedule"), fixtures: THREE_AT_ONCE }, async (stack) => {
    await schedule(stack);
    const [own] = liveSchedules(stack, 1002);
    await duplicateByHand(stack, 1002);
    await duplicateByHand(stack, 1002);
    // Open: the scheduler finds nothing to do, and users would get three pushes.
    deepStrictEqual((await schedule(stack)).skipped, { unchanged: 3 });
    strictEqual(liveSchedules(stack, 1002).length, 3);

    // Closed.
    const { duplicates } = (await reconcile(stack)).checks;
    deepStrictEqual([duplicates.counts.found, duplicates.counts.cancelled], [2, 2]);
    deepStrictEqual(liveSchedules(stack, 1002).map(({ id }) => id), [own?.id]);
    const [log] = await logsOf(stack, "duplicate_count");
    deepStrictEqual(
      [log.match_id, log.details.duplicate_count, log.details.schedule_ids.length],
      [1002, 2, 3],
    );
    const [trend] = await stack.sql`
      select duplicates::int, most_affected from public.duplicate_trends where date = '2024-12-07'`;
    deepStrictEqual({ ...trend }, {
      duplicates: 2,
      most_affected: [{ match_id: 1002, duplicates: 2 }],
    });
    await stack.advanceTo(new Date("2024-12-07T14:20:00Z"));
    strictEqual((await ledgerOf(stack, 1002)).status, "sent");
    const sent = stack.sandbox.model.schedules.all.filter(({ state, triggerProperties }) =>
      state === "sent" && triggerProperties.match_id === "1002"
    );
    strictEqual(sent.length, 1);
  }));

for (const mode of BLIND_MODES) {
  Deno.test(`gap 6: a second schedule cannot be found before it sends, but its double pushes are (${mode})`, () =>
    withSuite({ sandbox: withListing(mode), fixtures: THREE_AT_ONCE }, async (stack) => {
      await schedule(stack);
      await duplicateByHand(stack, 1002);
      // Open, and reported as unknown: null is not zero.
      const { duplicates } = (await reconcile(stack)).checks;
      deepStrictEqual([duplicates.status, duplicates.counts], ["not_judged", null]);
      strictEqual(liveSchedules(stack, 1002).length, 2);
      deepStrictEqual(await alertsOf(stack, "double_push"), []);

      // Closed by the only available evidence: the events.
      await stack.advanceTo(new Date("2024-12-07T14:20:00Z"));
      const { status } = await call(stack, "webhook-health-rollup", { date: "2024-12-07" });
      strictEqual(status, 200);
      const alerts = await alertsOf(stack, "double_push");
      ok(alerts.some(({ fingerprint, is_open }) => fingerprint === "double_push:1002" && is_open));
    }));
}
