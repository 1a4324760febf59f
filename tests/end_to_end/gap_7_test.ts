/** Gap 7 of the analysis: webhooks may never come. Braze's counts confirm the send; otherwise a person does. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { ledgerOf, schedule, THREE_AT_ONCE, withSuite } from "../support/suite.ts";
import { alertsOf, LISTING_MODES, reconcile, withListing } from "../support/reconciling.ts";

const STALE = { checks: ["stale"] };
/** Braze sends pushes, but no events. */
const NO_EVENTS = { currents: { enabled: false } };

for (const mode of LISTING_MODES) {
  Deno.test(`gap 7: a push without events stays pending until Braze's own numbers confirm it (${mode})`, () =>
    withSuite({ sandbox: withListing(mode, NO_EVENTS), fixtures: THREE_AT_ONCE }, async (stack) => {
      await schedule(stack);
      await stack.advanceTo(new Date("2024-12-08T14:00:00Z"));
      // Open: the pushes went out, and a day later only Braze knows.
      for (const { id } of THREE_AT_ONCE) {
        strictEqual((await ledgerOf(stack, id)).status, "pending");
      }

      // Closed: Braze's own numbers confirm it.
      const { stale } = (await reconcile(stack)).checks;
      deepStrictEqual([stale.counts.stale, stale.counts.confirmed, stale.counts.open], [3, 3, 0]);
      for (const { id } of THREE_AT_ONCE) {
        const { status, sent_evidence } = await ledgerOf(stack, id);
        deepStrictEqual([status, sent_evidence], ["sent", "statistics"]);
      }
      const [found] = await stack.sql`
        select sum(braze_reported_count)::int as count from public.schedule_ledger`;
      const sends = stack.sandbox.model.groundTruth.entries.filter(({ type }) =>
        type === "users.messages.pushnotification.Send"
      );
      strictEqual(found?.count, sends.length);
      deepStrictEqual(await alertsOf(stack, "stale_pending"), []);
    }));

  Deno.test(`gap 7: a push that nothing proves raises an alert after 30 minutes, critical after a day, until a person confirms it (${mode})`, () =>
    withSuite({
      sandbox: withListing(mode, { ...NO_EVENTS, statisticsLagSeconds: 30 * 24 * 3_600 }),
      fixtures: THREE_AT_ONCE.slice(0, 1),
    }, async (stack) => {
      await schedule(stack);
      await stack.advanceTo(new Date("2024-12-07T14:29:00Z"));
      await reconcile(stack, STALE);
      deepStrictEqual(await alertsOf(stack, "stale_pending"), []);

      await stack.advanceTo(new Date("2024-12-07T14:31:00Z"));
      await reconcile(stack, STALE);
      const alert = { fingerprint: "stale_pending:1001", is_open: true };
      deepStrictEqual(await alertsOf(stack, "stale_pending"), [
        { ...alert, severity: "warning", occurrences: 1 },
      ]);
      await stack.advanceTo(new Date("2024-12-08T14:01:00Z"));
      await reconcile(stack, STALE);
      deepStrictEqual(await alertsOf(stack, "stale_pending"), [
        { ...alert, severity: "critical", occurrences: 2 },
      ]);

      const answer = await reconcile(stack, {
        mark_sent: [{ match_id: 1001, reason: "Seen on my own phone" }],
      });
      deepStrictEqual(Object.keys(answer.checks), ["recovery"]);
      deepStrictEqual(answer.checks.recovery.marked, [1001]);
      const { status, sent_evidence } = await ledgerOf(stack, 1001);
      deepStrictEqual([status, sent_evidence], ["sent", "operator"]);
      deepStrictEqual((await alertsOf(stack, "stale_pending")).map((one) => one.is_open), [false]);
      await reconcile(stack, STALE);
      deepStrictEqual((await alertsOf(stack, "stale_pending")).length, 1);
    }));
}
