/** braze-reconcile's checks `orphans` and `duplicates` over the whole stack: adopt, report and cancel, within the cap. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { Stack } from "../../local/stack/stack.ts";
import {
  addFixture,
  ledgerOf,
  liveSchedules,
  openAlerts,
  schedule,
  THREE_AT_ONCE,
  withSuite,
} from "../support/suite.ts";
import {
  alertsOf,
  BLIND_MODES,
  CREATE,
  DELETE,
  duplicateByHand,
  inDashboard,
  later,
  logsOf,
  reconcile,
  set,
  statesOf,
  withListing,
} from "../support/reconciling.ts";

const UNMANAGED = { checks: ["orphans", "duplicates"] };
const PER_SCHEDULE = { sandbox: withListing("per_schedule"), fixtures: THREE_AT_ONCE } as const;

async function attempts({ sql }: Stack) {
  const rows = await sql`
    select reason, match_id::int, braze_schedule_id, outcome, resolved_as
    from public.schedule_attempts where kind = 'delete' order by opened_at, id`;
  return rows.map((row) => ({ ...row }));
}

/** Makes a create for match 1001 that takes effect in Braze and gets no answer. */
async function loseACreate(stack: Stack): Promise<void> {
  set(stack, { faults: [{ endpoint: CREATE, kind: "timeout_after_effect", times: 1 }] });
  deepStrictEqual((await schedule(stack)).done, { unknown: 1, created: 2 });
  set(stack, { faults: [] });
}

Deno.test("a second schedule is reported with all ids before it is cancelled, and the match keeps its own", () =>
  withSuite(PER_SCHEDULE, async (stack) => {
    await schedule(stack);
    const [own] = liveSchedules(stack, 1002);
    const duplicate = await duplicateByHand(stack, 1002);

    const { checks, outcome } = await reconcile(stack, UNMANAGED);
    strictEqual(outcome, "succeeded");
    deepStrictEqual(checks.duplicates.found, [{
      schedule_id: duplicate,
      match_id: 1002,
      why: "second_schedule",
      send_at: "2024-12-07T14:00:00.000Z",
      cancelled: "cancelled",
    }]);
    deepStrictEqual(liveSchedules(stack, 1002).map(({ id }) => id), [own?.id]);

    const [log] = await logsOf(stack, "duplicate_count");
    strictEqual(log.reason, "Match 1002 has 2 schedules");
    deepStrictEqual(
      [log.details.match_id, log.details.duplicate_count, log.details.schedule_ids],
      [1002, 1, [own?.id, duplicate].sort()],
    );
    deepStrictEqual(await attempts(stack), [{
      reason: "duplicate",
      match_id: 1002,
      braze_schedule_id: duplicate,
      outcome: "succeeded",
      resolved_as: null,
    }]);
    ok(log.logged_at <= (await logsOf(stack, "duplicate_cancelled"))[0].logged_at);

    await later(stack, 30);
    deepStrictEqual((await reconcile(stack, UNMANAGED)).checks.duplicates.counts.found, 0);
    strictEqual((await ledgerOf(stack, 1002)).status, "pending");
  }));

Deno.test("a schedule without a ledger row is an orphan; schedules of other campaigns are ignored", () =>
  withSuite(PER_SCHEDULE, async (stack) => {
    await schedule(stack);
    const unknownMatch = await duplicateByHand(stack, 9_999);
    const { schedule_id: nameless } = await inDashboard(stack, "dashboard/create", {
      send_at: "2024-12-07T15:00:00Z",
    });
    await stack.sql`update public.matches set status = 'postponed' where id = 1003`;
    await schedule(stack);
    const unwanted = await duplicateByHand(stack, 1003);

    const { orphans, duplicates } = (await reconcile(stack, UNMANAGED)).checks;
    deepStrictEqual(
      orphans.found.map((one: Record<string, unknown>) => [one.schedule_id, one.why]).sort(),
      [
        [unknownMatch, "unknown_match"],
        [nameless, "unknown_match"],
        [unwanted, "not_wanted"],
      ].sort(),
    );
    strictEqual(duplicates.counts.found, 0);
    for (const id of [unknownMatch, nameless, unwanted]) {
      strictEqual(statesOf(stack)[id], "deleted");
    }
    strictEqual(liveSchedules(stack, 1001).length, 1);
    const deletes = await attempts(stack);
    // One of them is the scheduler's own.
    deepStrictEqual(
      deletes.map(({ reason }) => reason).sort(),
      ["orphan", "orphan", "orphan", "plan"],
    );
  }));

for (const mode of BLIND_MODES) {
  Deno.test(`nothing is cancelled or adopted where Braze's list is ${mode}, and the counts are unknown`, () =>
    withSuite({ sandbox: withListing(mode), fixtures: THREE_AT_ONCE }, async (stack) => {
      await loseACreate(stack);
      const duplicate = await duplicateByHand(stack, 1002);
      const { checks, outcome } = await reconcile(stack);
      deepStrictEqual(
        [checks.orphans.status, checks.orphans.counts, checks.duplicates.counts],
        ["not_judged", null, null],
      );
      strictEqual(outcome, "succeeded");
      strictEqual(statesOf(stack)[duplicate], "scheduled");
      deepStrictEqual(await attempts(stack), []);
      ok((await openAlerts(stack, 1001)).includes("create_unknown"));
    }));
}

Deno.test("a schedule whose create got no answer is adopted, and its alert resolves", () =>
  withSuite(PER_SCHEDULE, async (stack) => {
    await loseACreate(stack);
    deepStrictEqual(await openAlerts(stack, 1001), ["create_unknown"]);
    const [made] = liveSchedules(stack, 1001);

    const { checks } = await reconcile(stack);
    deepStrictEqual(checks.orphans.adopted, [
      { schedule_id: made?.id, match_id: 1001, generation: 1 },
    ]);
    deepStrictEqual([checks.gaps.counts.gaps, checks.orphans.counts.found], [0, 0]);
    const [row] = await stack.sql`
      select ledger.braze_schedule_id, ledger.dispatch_id, schedule.state, attempt.resolved_as
      from public.schedule_ledger as ledger
      join public.braze_schedules as schedule on schedule.ledger_id = ledger.id
      join public.schedule_attempts as attempt on attempt.ledger_id = ledger.id
      where ledger.match_id = 1001`;
    deepStrictEqual({ ...row }, {
      braze_schedule_id: made?.id,
      dispatch_id: made?.dispatchId,
      state: "live",
      resolved_as: "adopted",
    });
    deepStrictEqual(await openAlerts(stack, 1001), []);
    deepStrictEqual((await schedule(stack)).skipped, { unchanged: 3 });
    strictEqual(liveSchedules(stack, 1001).length, 1);

    await stack.advanceTo(new Date("2024-12-07T14:10:00Z"));
    strictEqual((await ledgerOf(stack, 1001)).status, "sent");
  }));

Deno.test("an adopted schedule of a match that is no longer wanted is cancelled as an orphan", () =>
  withSuite(PER_SCHEDULE, async (stack) => {
    await loseACreate(stack);
    await stack.sql`
      update public.schedule_ledger set status = 'cancelled', cancel_reason = 'operator' where match_id = 1001`;
    const { orphans } = (await reconcile(stack, UNMANAGED)).checks;
    deepStrictEqual([orphans.counts.adopted, orphans.counts.cancelled], [1, 1]);
    deepStrictEqual(liveSchedules(stack, 1001), []);
    const [schedule] = await stack.sql`
      select schedule.state from public.braze_schedules as schedule
      join public.schedule_ledger as ledger on ledger.id = schedule.ledger_id where ledger.match_id = 1001`;
    strictEqual(schedule?.state, "deleted");
  }));

Deno.test("an old generation that survives its delete is a duplicate; the current one stays", () =>
  withSuite(PER_SCHEDULE, async (stack) => {
    await schedule(stack);
    const [old] = liveSchedules(stack, 1002);
    await stack.sql`update public.matches set away_team = 'Liverpool' where id = 1002`;
    deepStrictEqual((await schedule(stack)).done, { recreated: 1 });
    // Braze confirmed the delete, but still holds the schedule.
    const survivor = stack.sandbox.model.schedules.find(old!.id)!;
    survivor.state = "scheduled";
    survivor.endedAt = null;

    await later(stack, 10);
    const { duplicates } = (await reconcile(stack, UNMANAGED)).checks;
    deepStrictEqual(
      duplicates.found.map((one: Record<string, unknown>) => [
        one.schedule_id,
        one.why,
        one.cancelled,
      ]),
      [[old?.id, "old_generation", "cancelled"]],
    );
    deepStrictEqual(
      liveSchedules(stack, 1002).map(({ triggerProperties }) => triggerProperties.generation),
      [2],
    );
  }));

Deno.test("a schedule made by hand is kept while it may be the only push of its match", () =>
  withSuite(PER_SCHEDULE, async (stack) => {
    set(stack, { faults: [{ endpoint: CREATE, kind: "timeout_before_effect", times: 1 }] });
    deepStrictEqual((await schedule(stack)).done, { unknown: 1, created: 2 });
    const rescue = await duplicateByHand(stack, 1001);
    const { orphans, duplicates } = (await reconcile(stack, UNMANAGED)).checks;
    deepStrictEqual(orphans.held, [rescue]);
    deepStrictEqual([orphans.counts.found, duplicates.counts.found], [0, 0]);
    strictEqual(statesOf(stack)[rescue], "scheduled");
  }));

Deno.test("more unmanaged schedules than one run may cancel: none is cancelled, an alert is raised and resolves later", () =>
  withSuite(PER_SCHEDULE, async (stack) => {
    await schedule(stack);
    const unmanaged = [];
    for (let id = 9_001; id <= 9_004; id++) unmanaged.push(await duplicateByHand(stack, id));
    for (let run = 0; run < 2; run++) {
      const { checks, outcome } = await reconcile(stack, UNMANAGED);
      deepStrictEqual(
        [outcome, checks.orphans.is_capped, checks.orphans.counts.cancelled],
        ["partial", true, 0],
      );
      deepStrictEqual(unmanaged.map((id) => statesOf(stack)[id]), Array(4).fill("scheduled"));
      await later(stack, 30);
    }
    deepStrictEqual(
      (await alertsOf(stack, "cancellation_limit_reached")).map((alert) => [
        alert.severity,
        alert.occurrences,
        alert.is_open,
      ]),
      [["critical", 2, true]],
    );
    deepStrictEqual(await attempts(stack), []);

    // One less is within the minimum that is always allowed.
    await inDashboard(stack, "dashboard/cancel", { schedule_id: unmanaged[0] });
    strictEqual((await reconcile(stack, UNMANAGED)).checks.orphans.counts.cancelled, 3);
    deepStrictEqual(
      (await alertsOf(stack, "cancellation_limit_reached")).map(({ is_open }) => is_open),
      [false],
    );
  }));

Deno.test("the absolute cap holds for any share: 0 switches cancellations off", () =>
  withSuite({ ...PER_SCHEDULE, env: { RECONCILE_CANCELS_MAX: "0" } }, async (stack) => {
    await schedule(stack);
    const duplicate = await duplicateByHand(stack, 1002);
    const { checks } = await reconcile(stack, UNMANAGED);
    deepStrictEqual([checks.duplicates.counts.found, checks.duplicates.is_capped], [1, true]);
    strictEqual(statesOf(stack)[duplicate], "scheduled");
  }));

Deno.test("more than ten duplicates in one run alert the admin, until a run without duplicates", () =>
  withSuite(
    { ...PER_SCHEDULE, env: { RECONCILE_CANCEL_SHARE_MAX: "1" } },
    async (stack) => {
      await schedule(stack);
      for (let copy = 0; copy < 11; copy++) await duplicateByHand(stack, 1001 + copy % 3);
      // As long as Braze refuses, it is one alert that counts up.
      set(stack, { faults: [{ endpoint: DELETE, kind: "status", status: 403 }] });
      strictEqual((await reconcile(stack, UNMANAGED)).checks.duplicates.counts.failed, 11);
      set(stack, { faults: [] });
      await later(stack, 30);
      strictEqual((await reconcile(stack, UNMANAGED)).checks.duplicates.counts.cancelled, 11);
      const [alert] = await stack.sql`
        select audience, severity, details from public.alerts where rule = 'many_duplicates'`;
      deepStrictEqual(
        [alert?.audience, alert?.severity, alert?.details.duplicates],
        ["admin", "critical", 11],
      );
      await later(stack, 30);
      await reconcile(stack, UNMANAGED);
      deepStrictEqual(
        (await alertsOf(stack, "many_duplicates")).map((one) => [one.occurrences, one.is_open]),
        [[2, false]],
      );
      for (const { id } of THREE_AT_ONCE) strictEqual(liveSchedules(stack, id).length, 1);
    },
  ));

Deno.test("duplicates on three successive days are reported to engineering, until a day without duplicates", () =>
  withSuite(
    { sandbox: withListing("per_schedule"), clock: new Date("2024-12-01T06:00:00Z") },
    async (stack) => {
      await addFixture(stack, {
        id: 1,
        home: "Arsenal",
        away: "Chelsea",
        kickoffAt: "2024-12-07T15:00:00Z",
      });
      await schedule(stack);
      const open: boolean[] = [];
      for (let day = 1; day <= 5; day++) {
        if (day <= 3) await duplicateByHand(stack, 1);
        await reconcile(stack, UNMANAGED);
        const alerts = await alertsOf(stack, "duplicates_three_days");
        open.push(alerts.some(({ is_open }) => is_open));
        await later(stack, 24 * 60);
      }
      deepStrictEqual(open, [false, false, true, true, false]);
      const [alert] = await stack.sql`
        select audience, occurrences from public.alerts where rule = 'duplicates_three_days'`;
      deepStrictEqual({ ...alert }, { audience: "engineering", occurrences: 2 });
    },
  ));

Deno.test("a dry run returns what it would adopt and cancel, and does neither", () =>
  withSuite(PER_SCHEDULE, async (stack) => {
    await loseACreate(stack);
    const duplicate = await duplicateByHand(stack, 1002);
    const before = statesOf(stack);
    const { checks, dry_run } = await reconcile(stack, { dry_run: true });
    deepStrictEqual(
      [dry_run, checks.orphans.counts.adopted, checks.duplicates.found[0].schedule_id],
      [true, 1, duplicate],
    );
    deepStrictEqual(statesOf(stack), before);
    deepStrictEqual(await attempts(stack), []);
    deepStrictEqual(await logsOf(stack, "duplicate_count"), []);
    deepStrictEqual(await openAlerts(stack, 1001), ["create_unknown"]);
  }));

Deno.test("a delete without an answer is resolved by later lists: a listed schedule is live, an absent one is deleted", () =>
  withSuite(PER_SCHEDULE, async (stack) => {
    await schedule(stack);
    const kept = await duplicateByHand(stack, 1001);
    const gone = await duplicateByHand(stack, 1002);
    // The client tries four times: the first unmanaged schedule's delete is never done, the second's is.
    set(stack, { faults: [{ endpoint: DELETE, kind: "timeout_before_effect", times: 4 }] });
    const first = (await reconcile(stack, { checks: ["duplicates"] })).checks.duplicates;
    const ends = first.found.map((
      one: Record<string, unknown>,
    ) => [one.schedule_id, one.cancelled]);
    strictEqual(ends.filter(([, end]: string[]) => end === "unknown").length >= 1, true, `${ends}`);
    set(stack, { faults: [] });
    for (let run = 0; run < 4; run++) {
      await later(stack, 30);
      await reconcile(stack);
    }
    for (const id of [kept, gone]) strictEqual(statesOf(stack)[id], "deleted");
    const left = (await attempts(stack)).filter(({ outcome, resolved_as }) =>
      outcome === "unknown" && resolved_as === null
    );
    deepStrictEqual(left, []);
    deepStrictEqual(
      (await alertsOf(stack, "attempt_unknown")).filter(({ is_open }) => is_open),
      [],
    );
  }));
