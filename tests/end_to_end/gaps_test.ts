/**
 * The tracking gaps of the analysis: what goes unnoticed as long as the function that closes the gap does not run. What
 * that function finds and does is tested by topic:
 *
 * 1 Braze does not return the ids of a send when it is scheduled: preflight_test, correlation_test
 * 2 Events that cannot be distinguished: correlation_test
 * 3 Nothing compares the schedules in Braze with the ledger: count_audit_test
 * 4 The ledger does not know how many users a push reached: health_test, and here
 * 5 Between scheduling and sending nothing checks whether Braze will still send: preflight_test
 * 6 Braze holds more than one schedule of a match: reconcile_unmanaged_test, health_test
 * 7 Webhooks may never come: reconcile_settle_test, health_test
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { addDays, addHours } from "date-fns";
import type { Stack } from "../../local/stack/stack.ts";
import {
  duplicateByHand,
  inDashboard,
  LISTING_MODES,
  reconcile,
  set,
  STATISTICS,
  withListing,
} from "../support/reconciling.ts";
import {
  CLOCK,
  type FixtureRow,
  ledgerOf,
  liveSchedules,
  openAlerts,
  schedule,
  THREE_AT_ONCE,
  withSuite,
} from "../support/suite.ts";
import { openAlertsOf, reach, watch } from "../support/watchers.ts";

const SEND = "users.messages.pushnotification.Send";
const NAMED_MODES = ["per_schedule", "per_campaign"] as const;

/** Only the dispatch id in the events of the three sends distinguishes them, and no create returned one. */
function withLateIds(
  mode: typeof NAMED_MODES[number],
  test: (stack: Stack) => Promise<void>,
): () => Promise<void> {
  const switches = { createAnswersDispatchId: false, eventsCarrySendId: false };
  return () =>
    withSuite({
      fixtures: THREE_AT_ONCE,
      sandbox: withListing(mode, { ...switches, eventsCarryEcho: false }),
    }, async (stack) => {
      await schedule(stack);
      await reach(stack, "13:45");
      await test(stack);
    });
}

/** The pushes that are stored: how many are attributed, how many of these wrongly, and by what. */
async function attributionOf({ sql, sandbox }: Stack) {
  const events = await sql<{ event_id: string; method: string; match_id: string | null }[]>`
    select event_id, correlation_method as method, match_id from public.notification_sends
    where channel = 'push'`;
  ok(events.length > 0, "there are events to attribute");
  const truth = new Map(
    sandbox.model.groundTruth.entries.map((
      { id, triggerProperties },
    ) => [id, triggerProperties.match_id]),
  );
  const attributed = events.filter(({ match_id }) => match_id !== null);
  return {
    open: events.length - attributed.length,
    attributed: attributed.length,
    wrong: attributed.filter(({ event_id, match_id }) => match_id !== truth.get(event_id)).length,
    methods: [...new Set(events.map(({ method }) => method))],
  };
}

Deno.test(
  "gap 1: events with late ids stay unattributed while no check reads the ids",
  withLateIds("per_schedule", async (stack) => {
    await reach(stack, "15:30");
    strictEqual((await attributionOf(stack)).attributed, 0);
    strictEqual((await ledgerOf(stack, 1001)).status, "pending");
  }),
);

Deno.test(
  "gap 1: a list of campaigns shows no ids, so the check registers none and nothing is guessed",
  withLateIds("per_campaign", async (stack) => {
    strictEqual((await watch(stack, "braze-preflight-check")).ids_captured, 0);
    await reach(stack, "15:30");
    strictEqual((await attributionOf(stack)).attributed, 0);
  }),
);

Deno.test(
  "gap 1: with the ids that the check before the send registers, every event is attributed to its match",
  withLateIds("per_schedule", async (stack) => {
    strictEqual((await watch(stack, "braze-preflight-check")).ids_captured, 3);
    await reach(stack, "15:30");
    const { open, wrong, methods } = await attributionOf(stack);
    deepStrictEqual([open, wrong, methods], [0, 0, ["dispatch_id"]]);
  }),
);

/** The second day of the analysis. Each match has its own audience: Braze takes 10 creates a minute for one. */
const MATCHES = 152;
const KICKOFF_AT = addHours(addDays(CLOCK, 2), 9);
const fixtures = Array.from({ length: MATCHES }, (_, index): FixtureRow => ({
  id: 1_001 + index,
  home: `Home ${index}`,
  away: `Away ${index}`,
  kickoffAt: KICKOFF_AT.toISOString(),
}));

/** The scheduler has nothing to do, the ledger is as before, and no alert is raised. */
async function isUnnoticed(stack: Stack, matches: number): Promise<void> {
  deepStrictEqual((await schedule(stack)).skipped, { unchanged: matches });
  const [found] = await stack.sql`
    select (select count(*)::int from public.schedule_ledger where status = 'pending') as pending,
      (select count(*)::int from public.alerts) as alerts`;
  deepStrictEqual({ ...found }, { pending: matches, alerts: 0 });
}

Deno.test("gap 3: 152 in the ledger and 155 in Braze go unnoticed, until the audit counts them", () =>
  withSuite({
    fixtures,
    sandbox: { users: { count: 10 }, switches: { listingMode: "per_schedule" } },
    env: { RUN_DEADLINE_SECONDS: "140" },
  }, async (stack) => {
    await schedule(stack);
    const sendAt = addHours(KICKOFF_AT, -1).toISOString();
    for (const matchId of [1_001, 1_002, 1_003]) await duplicateByHand(stack, matchId, sendAt);
    await reach(stack, "06:20");
    await isUnnoticed(stack, MATCHES);

    const found = await watch(stack, "braze-count-audit");
    deepStrictEqual(
      [found.ledger_pending, found.braze_actual, found.delta, found.status],
      [152, 155, 3, "mismatch"],
    );
    deepStrictEqual(
      found.extra_in_braze.map((extra: { match_id: number }) => extra.match_id).sort(),
      [1_001, 1_002, 1_003],
    );
  }));

Deno.test("gap 3: one schedule too many and another one gone go unnoticed, since the counts are equal", () =>
  withSuite({ sandbox: withListing("per_schedule"), fixtures: THREE_AT_ONCE }, async (stack) => {
    await schedule(stack);
    await duplicateByHand(stack, 1001);
    await inDashboard(stack, "dashboard/cancel", { match_id: 1003 });
    await reach(stack, "06:20");
    await isUnnoticed(stack, 3);
  }));

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

/** Users reached, as the delivered events show, and pushes sent. */
function trueCountsOf({ sandbox }: Stack, matchId: number): Counted {
  const sends = sandbox.model.groundTruth.entries.filter(({ type, triggerProperties }) =>
    type === SEND && triggerProperties.match_id === String(matchId)
  );
  const users = new Set(sends.filter(({ lost }) => !lost).map(({ user }) => user.index));
  return { match_id: matchId, actual_send_count: users.size, braze_reported_count: sends.length };
}

for (const mode of LISTING_MODES) {
  Deno.test(`gap 4: the ledger says sent, but not to how many, until it is reconciled with the events and with Braze (${mode})`, () =>
    withSuite({
      sandbox: withListing(mode, { currents: { lossProbability: 0.2 } }),
      fixtures: THREE_AT_ONCE,
    }, async (stack) => {
      await schedule(stack);
      // Pre-flight counts, too.
      await reach(stack, "14:20");
      await stack.sql`
        update public.schedule_ledger set actual_send_count = null, counted_at = null`;
      const uncounted = { actual_send_count: null, braze_reported_count: null };
      deepStrictEqual(
        await countsOf(stack),
        THREE_AT_ONCE.map(({ id }) => ({ match_id: id, ...uncounted })),
      );

      const expected = THREE_AT_ONCE.map(({ id }) => trueCountsOf(stack, id));
      ok(expected.some(({ actual_send_count }) => actual_send_count! > 0));
      // What Braze does not report stays unknown, and does not count as zero.
      set(stack, { faults: [{ endpoint: STATISTICS, kind: "status", status: 500 }] });
      await reconcile(stack, { checks: ["counts"] });
      deepStrictEqual(
        await countsOf(stack),
        expected.map((counted) => ({ ...counted, braze_reported_count: null })),
      );
      set(stack, { faults: [] });
      strictEqual((await reconcile(stack)).checks.counts.counts.matches, 3);
      deepStrictEqual(await countsOf(stack), expected);

      // Derived, so a repetition changes nothing.
      const again = (await reconcile(stack, { checks: ["counts"] })).checks.counts;
      deepStrictEqual([again.counts.refreshed, again.counts.reported], [0, 3]);
      deepStrictEqual(await countsOf(stack), expected);
    }));
}

for (const mode of NAMED_MODES) {
  const onMatchday = { sandbox: withListing(mode), fixtures: THREE_AT_ONCE };

  Deno.test(`gap 5: a schedule cancelled in the dashboard stays pending past its time without the check (${mode})`, () =>
    withSuite(onMatchday, async (stack) => {
      await schedule(stack);
      await reach(stack, "13:46");
      await inDashboard(stack, "dashboard/cancel", { match_id: 1002 });
      await schedule(stack);
      await reach(stack, "14:30");
      await schedule(stack);
      strictEqual((await ledgerOf(stack, 1001)).status, "sent");
      strictEqual((await ledgerOf(stack, 1002)).status, "pending");
      deepStrictEqual(await openAlerts(stack, 1002), []);
    }));

  Deno.test(`gap 5: a campaign stopped before the match goes unnoticed without the check (${mode})`, () =>
    withSuite(onMatchday, async (stack) => {
      await schedule(stack);
      await reach(stack, "13:00");
      await inDashboard(stack, "campaign", { state: "stopped" });
      await reach(stack, "14:30");
      await schedule(stack);
      strictEqual((await ledgerOf(stack, 1001)).status, "pending");
      deepStrictEqual(await openAlerts(stack, 1001), []);
    }));
}

for (const mode of LISTING_MODES) {
  Deno.test(`gap 6: a second schedule of a match goes unnoticed, and its users get two pushes (${mode})`, () =>
    withSuite({ sandbox: withListing(mode), fixtures: THREE_AT_ONCE }, async (stack) => {
      await schedule(stack);
      await duplicateByHand(stack, 1002);
      await isUnnoticed(stack, 3);
      strictEqual(liveSchedules(stack, 1002).length, 2);

      await reach(stack, "14:20");
      strictEqual((await ledgerOf(stack, 1002)).status, "sent");
      const sent = stack.sandbox.model.schedules.all.filter(({ state, triggerProperties }) =>
        state === "sent" && triggerProperties.match_id === "1002"
      );
      strictEqual(sent.length, 2);
      deepStrictEqual(await openAlertsOf(stack, "double_push"), []);
    }));

  Deno.test(`gap 7: a push without events stays pending, a day later too, until Braze's own numbers confirm it (${mode})`, () =>
    withSuite({
      sandbox: withListing(mode, { currents: { enabled: false } }),
      fixtures: THREE_AT_ONCE,
    }, async (stack) => {
      await schedule(stack);
      await stack.advanceTo(new Date("2024-12-08T14:00:00Z"));
      for (const { id } of THREE_AT_ONCE) {
        strictEqual((await ledgerOf(stack, id)).status, "pending");
      }
      const { stale } = (await reconcile(stack)).checks;
      deepStrictEqual([stale.counts.stale, stale.counts.confirmed, stale.counts.open], [3, 3, 0]);
    }));
}
