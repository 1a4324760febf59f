/** braze-reconcile's checks `verify` and `gaps` over the whole stack, under every mode of Braze's list. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  addFixture,
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
  inDashboard,
  later,
  LISTING,
  LISTING_MODES,
  reconcile,
  set,
  withListing,
} from "../support/reconciling.ts";

const VERIFY = { checks: ["verify"] };
const GAPS = { checks: ["gaps"] };
const IDS = THREE_AT_ONCE.map(({ id }) => id);

Deno.test("verify finds each schedule in a list that shows them one by one", () =>
  withSuite({ sandbox: withListing("per_schedule"), fixtures: THREE_AT_ONCE }, async (stack) => {
    await schedule(stack);
    const { checks, outcome, listing_mode } = await reconcile(stack, VERIFY);
    deepStrictEqual([outcome, listing_mode], ["succeeded", "per_schedule"]);
    deepStrictEqual(checks.verify.match_ids.future_ok, IDS);
    strictEqual(checks.verify.counts.future_missing, 0);
  }));

Deno.test("verify cancels a row whose schedule two lists lack, alerts once, and resolves the alert when the match is no longer wanted", () =>
  withSuite({ sandbox: withListing("per_schedule"), fixtures: THREE_AT_ONCE }, async (stack) => {
    await schedule(stack);
    await reconcile(stack, VERIFY);
    await later(stack, 10);
    await inDashboard(stack, "dashboard/cancel", { match_id: 1002 });

    // One list may be late or wrong.
    deepStrictEqual((await reconcile(stack, VERIFY)).checks.verify.match_ids.future_unknown, [
      1002,
    ]);
    strictEqual((await ledgerOf(stack, 1002)).status, "pending");
    await later(stack, 30);
    const dry = (await reconcile(stack, { ...VERIFY, dry_run: true })).checks.verify;
    deepStrictEqual([dry.match_ids.future_missing, dry.cancelled], [[1002], [1002]]);
    strictEqual((await ledgerOf(stack, 1002)).status, "pending");
    const { verify } = (await reconcile(stack, VERIFY)).checks;
    deepStrictEqual([verify.match_ids.future_missing, verify.cancelled], [[1002], [1002]]);
    const { status, cancel_reason } = await ledgerOf(stack, 1002);
    deepStrictEqual([status, cancel_reason], ["cancelled", "dashboard"]);

    await later(stack, 30);
    await reconcile(stack, VERIFY);
    const alert = { fingerprint: "schedule_missing:1002", severity: "critical" };
    deepStrictEqual(await alertsOf(stack, "schedule_missing"), [
      { ...alert, occurrences: 1, is_open: true },
    ]);
    deepStrictEqual((await schedule(stack)).skipped, { unchanged: 2, cancelled_by_dashboard: 1 });

    // Hours before the send, pre-flight keeps reporting it, under the same fingerprint, while it is wanted.
    await call(stack, "braze-preflight-check");
    deepStrictEqual(await alertsOf(stack, "schedule_missing"), [
      { ...alert, occurrences: 2, is_open: true },
    ]);
    await stack.sql`update public.matches set status = 'postponed' where id = 1002`;
    await call(stack, "braze-preflight-check");
    deepStrictEqual(await alertsOf(stack, "schedule_missing"), [
      { ...alert, occurrences: 2, is_open: false },
    ]);
  }));

for (const mode of BLIND_MODES) {
  Deno.test(`verify cancels nothing if Braze's list is ${mode}, since unknown is not absent`, () =>
    withSuite({ sandbox: withListing(mode), fixtures: THREE_AT_ONCE }, async (stack) => {
      await schedule(stack);
      await inDashboard(stack, "dashboard/cancel", { match_id: 1002 });
      for (let run = 0; run < 4; run++) {
        await later(stack, 30);
        const { verify } = (await reconcile(stack, VERIFY)).checks;
        deepStrictEqual(verify.match_ids.future_unknown, IDS);
      }
      strictEqual((await ledgerOf(stack, 1002)).status, "pending");
      deepStrictEqual(await alertsOf(stack, "schedule_missing"), []);
    }));
}

Deno.test("a list that cannot be read makes the run partial and every schedule unknown", () =>
  withSuite({ sandbox: withListing("per_schedule"), fixtures: THREE_AT_ONCE }, async (stack) => {
    await schedule(stack);
    set(stack, { faults: [{ endpoint: LISTING, kind: "status", status: 400 }] });
    const { outcome, listing_mode, checks } = await reconcile(stack, VERIFY);
    deepStrictEqual([outcome, listing_mode], ["partial", "unavailable"]);
    deepStrictEqual(checks.verify.match_ids.future_unknown, IDS);
  }));

Deno.test("verify cancels nothing for a stopped campaign, which may be resumed", () =>
  withSuite({ sandbox: withListing("per_schedule"), fixtures: THREE_AT_ONCE }, async (stack) => {
    await schedule(stack);
    await reconcile(stack, VERIFY);
    await later(stack, 10);
    await inDashboard(stack, "campaign", { state: "stopped" });
    // Something of the campaign is still listed, so the list still names schedules one by one.
    const order = stack.sandbox.model.schedules.all[0]!;
    stack.sandbox.model.schedules.create({ ...order, sendId: null }, stack.timeline.now());
    for (let run = 0; run < 3; run++) {
      await later(stack, 30);
      const { verify } = (await reconcile(stack, VERIFY)).checks;
      deepStrictEqual(verify.match_ids.future_unknown, IDS);
    }
    deepStrictEqual(
      await Promise.all(IDS.map(async (id) => (await ledgerOf(stack, id)).status)),
      ["pending", "pending", "pending"],
    );
  }));

Deno.test("verify separates past schedules with events from those without, and confirms what events prove", () =>
  withSuite({ sandbox: withListing("per_campaign"), fixtures: THREE_AT_ONCE }, async (stack) => {
    await schedule(stack);
    await stack.advanceTo(new Date("2024-12-07T13:59:30Z"));
    // The third never gets an event.
    const [third] = liveSchedules(stack, 1003);
    stack.sandbox.model.schedules.end(third!, "cancelled", stack.timeline.now());
    await stack.advanceTo(new Date("2024-12-07T14:20:00Z"));
    deepStrictEqual((await reconcile(stack, VERIFY)).checks.verify.match_ids.past_awaiting, [1003]);

    // As if the webhook had died between the event and its evidence.
    await stack.sql`
      update public.schedule_ledger
      set status = 'pending', sent_evidence = null, sent_confirmed_at = null where match_id = 1001`;
    await stack.advanceTo(new Date("2024-12-07T14:45:00Z"));
    const { verify } = (await reconcile(stack, VERIFY)).checks;
    deepStrictEqual(verify.match_ids.past_with_webhook, [1001, 1002]);
    deepStrictEqual(verify.match_ids.past_no_webhook, [1003]);
    deepStrictEqual(verify.match_ids.stale_pending, [1003]);
    deepStrictEqual(verify.confirmed, [1001]);
    const { status, sent_evidence } = await ledgerOf(stack, 1001);
    deepStrictEqual([status, sent_evidence], ["sent", "push"]);
  }));

for (const mode of LISTING_MODES) {
  Deno.test(`gaps reports why a match has no schedule, with an alert only where a person must act (${mode})`, () =>
    withSuite({ sandbox: withListing(mode), fixtures: THREE_AT_ONCE }, async (stack) => {
      await schedule(stack);
      const kickoffAt = "2024-12-07T18:00:00Z";
      await addFixture(stack, { id: 2001, home: "Lyon", away: "Nantes", kickoffAt });
      await addFixture(stack, { id: 2002, home: "Roma", away: "Lazio", kickoffAt });
      await addFixture(stack, {
        id: 2003,
        home: "Ajax",
        away: "PSV",
        kickoffAt: "2024-12-07T06:40:00Z",
      });
      await addFixture(stack, { id: 2004, home: "Porto", away: "Braga", kickoffAt });
      await addFixture(stack, {
        id: 2005,
        home: "Genk",
        away: "Gent",
        kickoffAt: "2024-12-30T18:00:00Z",
      });
      await stack.sql`delete from public.teams where name in ('Lyon', 'Nantes')`;
      await stack.sql`update public.teams set notify = false where name in ('Roma', 'Lazio')`;
      await stack.sql`update public.matches set updated_at = '2024-12-01T00:00:00Z'`;

      const first = (await reconcile(stack, GAPS)).checks.gaps;
      deepStrictEqual(
        first.gaps.map(({ match_id, reason }: Record<string, unknown>) => [match_id, reason])
          .sort(),
        [
          [2001, "unknown_team"],
          [2002, "no_audience"],
          [2003, "window_missed"],
          [2004, "never_planned"],
        ],
      );
      await reconcile(stack, GAPS);
      deepStrictEqual(
        (await alertsOf(stack, "schedule_gap")).map((
          alert,
        ) => [alert.fingerprint, alert.occurrences]),
        [["schedule_gap:2001", 2], ["schedule_gap:2003", 2], ["schedule_gap:2004", 2]],
      );

      await schedule(stack);
      await stack.sql`update public.matches set status = 'postponed' where id = 2001`;
      await later(stack, 60);
      deepStrictEqual((await reconcile(stack, GAPS)).checks.gaps.counts.alerted, 0);
      strictEqual(
        (await alertsOf(stack, "schedule_gap")).filter(({ is_open }) => is_open).length,
        0,
      );
    }));
}

Deno.test("gaps waits for a run of the scheduler before it reports a match as never planned", () =>
  withSuite({ sandbox: withListing("per_campaign") }, async (stack) => {
    await addFixture(stack, {
      id: 2004,
      home: "Porto",
      away: "Braga",
      kickoffAt: "2024-12-07T18:00:00Z",
    });
    await stack.sql`update public.matches set updated_at = ${stack.timeline.now()}`;
    const { counts } = (await reconcile(stack, GAPS)).checks.gaps;
    deepStrictEqual([counts.never_planned, counts.alerted], [1, 0]);
  }));
