/**
 * braze-reconcile's checks `orphans` and `duplicates` over the whole stack: adopt, report, hold and tell; and cancel what
 * is certainly second, within the cap.
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import type { Stack } from "../../local/stack/stack.ts";
import {
  addFixture,
  call,
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

/** What pre-flight does every five minutes. */
async function look(stack: Stack): Promise<void> {
  await call(stack, "braze-preflight-check");
}

interface Told {
  readonly schedule_id: string;
  readonly match_id: number | null;
  readonly severity: string;
  readonly why: string;
  readonly title: string;
  readonly is_open: boolean;
}

async function told({ sql }: Stack): Promise<Told[]> {
  const rows = await sql<Told[]>`
    select details ->> 'schedule_id' as schedule_id, match_id::int, severity, details ->> 'why' as why, title,
      resolved_at is null as is_open
    from public.alerts where rule = 'unmanaged_schedule' order by id`;
  return rows.map((row) => ({ ...row }));
}

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

Deno.test("a second schedule made by hand is reported with all ids and told with its match, and stays until a person decides", () =>
  withSuite(PER_SCHEDULE, async (stack) => {
    await schedule(stack);
    const [own] = liveSchedules(stack, 1002);
    const duplicate = await duplicateByHand(stack, 1002);
    await look(stack);

    const { checks, outcome } = await reconcile(stack, UNMANAGED);
    strictEqual(outcome, "succeeded");
    deepStrictEqual(checks.duplicates.found, [{
      schedule_id: duplicate,
      match_id: 1002,
      why: "second_schedule",
      send_at: "2024-12-07T14:00:00.000Z",
      cancelled: null,
    }]);
    deepStrictEqual(checks.duplicates.held, [duplicate]);
    deepStrictEqual(
      liveSchedules(stack, 1002).map(({ id }) => id).sort(),
      [own?.id, duplicate].sort(),
    );
    deepStrictEqual(await attempts(stack), []);

    const [log] = await logsOf(stack, "duplicate_count");
    strictEqual(log.reason, "Match 1002 has 2 schedules");
    deepStrictEqual(
      [log.details.match_id, log.details.duplicate_count, log.details.schedule_ids],
      [1002, 1, [own?.id, duplicate].sort()],
    );
    const [alert] = await told(stack);
    deepStrictEqual(
      [alert?.schedule_id, alert?.severity, alert?.why, alert?.is_open],
      [duplicate, "critical", "second_schedule", true],
    );
    match(
      alert!.title,
      /^Match 1002 Arsenal–Chelsea: Braze holds a schedule that the suite did not make, due 2024-12-07 14:00 UTC/,
    );
    // It was gone before its time.
    await inDashboard(stack, "dashboard/cancel", { schedule_id: duplicate });
    await look(stack);
    deepStrictEqual((await told(stack)).map(({ is_open }) => is_open), [false]);
    strictEqual((await reconcile(stack, UNMANAGED)).checks.duplicates.counts.found, 0);
    strictEqual((await ledgerOf(stack, 1002)).status, "pending");
  }));

Deno.test("an alert on a schedule that was still listed before its time stays after it", () =>
  withSuite(PER_SCHEDULE, async (stack) => {
    await schedule(stack);
    const stray = await duplicateByHand(stack, 1002, "2024-12-07T07:00:00Z");
    await look(stack);
    deepStrictEqual((await told(stack)).map(({ schedule_id }) => schedule_id), [stray]);
    await stack.advanceTo(new Date("2024-12-07T07:30:00Z"));
    await look(stack);
    deepStrictEqual((await told(stack)).map(({ is_open }) => is_open), [true]);
  }));

Deno.test("a first start deletes nothing that Braze holds: it tells each schedule, with its match", () =>
  withSuite({ ...PER_SCHEDULE, env: { RECONCILE_CANCEL_SHARE_MAX: "1" } }, async (stack) => {
    const known = await duplicateByHand(stack, 1001);
    const unknownMatch = await duplicateByHand(stack, 9_999);
    await look(stack);
    for (let run = 0; run < 3; run++) {
      await reconcile(stack);
      await later(stack, 30);
    }
    for (const id of [known, unknownMatch]) strictEqual(statesOf(stack)[id], "scheduled");
    deepStrictEqual(
      (await told(stack)).map(({ schedule_id, severity, why, match_id }) => [
        schedule_id,
        severity,
        why,
        match_id,
      ]).sort(),
      [
        [known, "warning", "only_schedule", 1001],
        [unknownMatch, "warning", "unknown_match", 9_999],
      ].sort(),
    );
    await schedule(stack);
    await later(stack, 10);
    await look(stack);
    await reconcile(stack);
    for (const id of [known, unknownMatch]) strictEqual(statesOf(stack)[id], "scheduled");
    strictEqual(
      (await told(stack)).find(({ schedule_id }) => schedule_id === known)?.severity,
      "critical",
    );
  }));
Deno.test("schedules of unknown and unwanted matches are held and told; schedules of other campaigns are ignored", () =>
  withSuite(PER_SCHEDULE, async (stack) => {
    await schedule(stack);
    const unknownMatch = await duplicateByHand(stack, 9_999);
    const { schedule_id: nameless } = await inDashboard(stack, "dashboard/create", {
      send_at: "2024-12-07T15:00:00Z",
    });
    await stack.sql`update public.matches set status = 'postponed' where id = 1003`;
    await schedule(stack);
    const unwanted = await duplicateByHand(stack, 1003);
    await look(stack);

    const { orphans, duplicates } = (await reconcile(stack, UNMANAGED)).checks;
    const found = [
      [unknownMatch, "unknown_match"],
      [nameless, "unknown_match"],
      [unwanted, "not_wanted"],
    ].sort();
    deepStrictEqual(
      orphans.found.map((one: Record<string, unknown>) => [one.schedule_id, one.why]).sort(),
      found,
    );
    strictEqual(duplicates.counts.found, 0);
    for (const [id] of found) strictEqual(statesOf(stack)[id!], "scheduled");
    deepStrictEqual(
      (await told(stack)).map(({ schedule_id, why }) => [schedule_id, why]).sort(),
      found,
    );
    // The scheduler's own.
    deepStrictEqual((await attempts(stack)).map(({ reason }) => reason), ["plan"]);
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

Deno.test("a schedule that is adopted after its match was called off is deleted by the scheduler", () =>
  withSuite(PER_SCHEDULE, async (stack) => {
    await loseACreate(stack);
    await stack.sql`
      update public.schedule_ledger set status = 'cancelled', cancel_reason = 'plan' where match_id = 1001`;
    await stack.sql`update public.matches set status = 'cancelled' where id = 1001`;
    const { orphans } = (await reconcile(stack, UNMANAGED)).checks;
    strictEqual(orphans.counts.adopted, 1);
    strictEqual((await ledgerOf(stack, 1001)).status, "pending");
    await schedule(stack);
    deepStrictEqual(liveSchedules(stack, 1001), []);
    deepStrictEqual((await attempts(stack)).map(({ reason }) => reason), ["plan"]);
    strictEqual((await ledgerOf(stack, 1001)).status, "cancelled");
  }));

Deno.test("a schedule of a match that is off, whose delete Braze refused and which a list shows again, is deleted", () =>
  withSuite(PER_SCHEDULE, async (stack) => {
    await schedule(stack);
    await later(stack, 10);
    await stack.sql`update public.matches set status = 'postponed' where id = 1001`;
    set(stack, { faults: [{ endpoint: DELETE, kind: "status", status: 404, times: 1 }] });
    await schedule(stack);
    set(stack, { faults: [] });
    strictEqual((await ledgerOf(stack, 1001)).status, "cancelled");
    await later(stack, 10);
    await look(stack);
    await reconcile(stack);
    strictEqual(liveSchedules(stack, 1001).length, 1);
    await schedule(stack);
    deepStrictEqual(liveSchedules(stack, 1001), []);
    await schedule(stack);
    deepStrictEqual(await openAlerts(stack, 1001), []);
  }));

Deno.test("a schedule of a match that a person cancelled is told as long as Braze lists it", () =>
  withSuite(PER_SCHEDULE, async (stack) => {
    await schedule(stack);
    await stack.sql`
      update public.schedule_ledger set status = 'cancelled', cancel_reason = 'operator' where match_id = 1001`;
    await later(stack, 10);
    await look(stack);
    deepStrictEqual(
      (await told(stack)).map(({ match_id, why, severity }) => [match_id, why, severity]),
      [[1001, "not_wanted", "critical"]],
    );
  }));

/** Match 1002 has a live second generation, and Braze still holds the first one, whose delete it confirmed. */
async function survive(stack: Stack, id = 1002): Promise<string> {
  const [old] = liveSchedules(stack, id);
  await stack.sql`update public.matches set away_team = 'Liverpool' where id = ${id}`;
  deepStrictEqual((await schedule(stack)).done, { recreated: 1 });
  const survivor = stack.sandbox.model.schedules.find(old!.id)!;
  survivor.state = "scheduled";
  survivor.endedAt = null;
  return survivor.id;
}

Deno.test("an old generation that survives its delete is cancelled while the list shows the current one, which stays", () =>
  withSuite(PER_SCHEDULE, async (stack) => {
    await schedule(stack);
    const old = await survive(stack);
    await later(stack, 10);
    const { duplicates } = (await reconcile(stack, UNMANAGED)).checks;
    deepStrictEqual(
      duplicates.found.map((one: Record<string, unknown>) => [
        one.schedule_id,
        one.why,
        one.cancelled,
      ]),
      [[old, "old_generation", "cancelled"]],
    );
    deepStrictEqual(
      liveSchedules(stack, 1002).map(({ triggerProperties }) => triggerProperties.generation),
      [2],
    );
    deepStrictEqual(
      (await attempts(stack)).map(({ reason }) => reason),
      ["plan", "duplicate"],
    );
    deepStrictEqual(await told(stack), []);
  }));

Deno.test("an old generation is held and told while the list does not show the current one", () =>
  withSuite(PER_SCHEDULE, async (stack) => {
    await schedule(stack);
    const old = await survive(stack);
    const [current] = liveSchedules(stack, 1002).filter(({ id }) => id !== old);
    await inDashboard(stack, "dashboard/cancel", { schedule_id: current!.id });
    await later(stack, 10);
    await look(stack);
    const { duplicates } = (await reconcile(stack, UNMANAGED)).checks;
    deepStrictEqual(duplicates.held, [old]);
    strictEqual(statesOf(stack)[old], "scheduled");
    deepStrictEqual((await told(stack)).map(({ schedule_id }) => schedule_id), [old]);
  }));

Deno.test("nothing is cancelled before the scheduler has planned all matches once", () =>
  withSuite(PER_SCHEDULE, async (stack) => {
    await schedule(stack);
    const old = await survive(stack);
    await later(stack, 10);
    await look(stack);
    // As after a run for one match, a dry run and a run that had to leave something.
    await stack.sql`
      update public.job_runs set summary = summary || '{"match_ids": [1002]}'
      where function_name = 'braze-scheduler'`;
    await stack.sql`
      insert into public.job_runs (function_name, caller, outcome, dry_run, called_at, finished_at)
      values
        ('braze-scheduler', 'secret_key', 'partial', false, now(), '2024-12-07T06:00:00Z'),
        ('braze-scheduler', 'secret_key', 'succeeded', true, now(), '2024-12-07T06:00:00Z')`;
    deepStrictEqual((await reconcile(stack, UNMANAGED)).checks.duplicates.held, [old]);
    strictEqual(statesOf(stack)[old], "scheduled");
    await schedule(stack);
    strictEqual((await reconcile(stack, UNMANAGED)).checks.duplicates.counts.cancelled, 1);
  }));

Deno.test("a run for some matches says so in its summary", () =>
  withSuite(PER_SCHEDULE, async (stack) => {
    const { body } = await call(stack, "braze-scheduler", { match_ids: [1001] });
    deepStrictEqual(body.match_ids, [1001]);
    strictEqual("match_ids" in await schedule(stack), false);
  }));

Deno.test("a schedule made by hand is held while it may be the only push of its match", () =>
  withSuite(PER_SCHEDULE, async (stack) => {
    set(stack, { faults: [{ endpoint: CREATE, kind: "timeout_before_effect", times: 1 }] });
    deepStrictEqual((await schedule(stack)).done, { unknown: 1, created: 2 });
    const rescue = await duplicateByHand(stack, 1001);
    await look(stack);
    const { orphans, duplicates } = (await reconcile(stack, UNMANAGED)).checks;
    deepStrictEqual(orphans.held, [rescue]);
    deepStrictEqual([orphans.counts.found, duplicates.counts.found], [0, 0]);
    strictEqual(statesOf(stack)[rescue], "scheduled");
    deepStrictEqual((await told(stack)).map(({ why }) => why), ["only_schedule"]);
  }));

Deno.test("more old schedules than one run may cancel: none is cancelled, an alert is raised and resolves later", () =>
  withSuite(PER_SCHEDULE, async (stack) => {
    await schedule(stack);
    const old = [await survive(stack, 1002), await survive(stack, 1003)];
    await later(stack, 10);
    for (let run = 0; run < 2; run++) {
      await look(stack);
      const { checks, outcome } = await reconcile(stack, UNMANAGED);
      deepStrictEqual(
        [outcome, checks.duplicates.is_capped, checks.duplicates.counts.cancelled],
        ["partial", true, 0],
      );
      deepStrictEqual(old.map((id) => statesOf(stack)[id]), ["scheduled", "scheduled"]);
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
    // One is always allowed.
    await inDashboard(stack, "dashboard/cancel", { schedule_id: old[0] });
    await look(stack);
    strictEqual((await reconcile(stack, UNMANAGED)).checks.duplicates.counts.cancelled, 1);
    deepStrictEqual(
      (await alertsOf(stack, "cancellation_limit_reached")).map(({ is_open }) => is_open),
      [false],
    );
  }));

Deno.test("the absolute cap holds for any share: 0 switches cancellations off", () =>
  withSuite({ ...PER_SCHEDULE, env: { RECONCILE_CANCELS_MAX: "0" } }, async (stack) => {
    await schedule(stack);
    const old = await survive(stack);
    await later(stack, 10);
    const { checks } = await reconcile(stack, UNMANAGED);
    deepStrictEqual([checks.duplicates.counts.found, checks.duplicates.is_capped], [1, true]);
    strictEqual(statesOf(stack)[old], "scheduled");
  }));

Deno.test("more than ten duplicates in one run alert the admin, until a run without duplicates", () =>
  withSuite(PER_SCHEDULE, async (stack) => {
    await schedule(stack);
    const copies = [];
    for (let copy = 0; copy < 11; copy++) {
      copies.push(await duplicateByHand(stack, 1001 + copy % 3));
    }
    await reconcile(stack, UNMANAGED);
    await later(stack, 30);
    await reconcile(stack, UNMANAGED);
    const [alert] = await stack.sql`
      select audience, severity, details from public.alerts where rule = 'many_duplicates'`;
    deepStrictEqual(
      [alert?.audience, alert?.severity, alert?.details.duplicates],
      ["admin", "critical", 11],
    );
    for (const schedule_id of copies) await inDashboard(stack, "dashboard/cancel", { schedule_id });
    await later(stack, 30);
    await reconcile(stack, UNMANAGED);
    deepStrictEqual(
      (await alertsOf(stack, "many_duplicates")).map((one) => [one.occurrences, one.is_open]),
      [[2, false]],
    );
    for (const { id } of THREE_AT_ONCE) strictEqual(liveSchedules(stack, id).length, 1);
  }));

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
        const copy = day <= 3 ? await duplicateByHand(stack, 1) : null;
        await reconcile(stack, UNMANAGED);
        if (copy !== null) await inDashboard(stack, "dashboard/cancel", { schedule_id: copy });
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

Deno.test("a delete without an answer is resolved by later lists, and repeated while the schedule is listed", () =>
  withSuite(PER_SCHEDULE, async (stack) => {
    await schedule(stack);
    const old = await survive(stack);
    await later(stack, 10);
    // The client tries four times.
    set(stack, { faults: [{ endpoint: DELETE, kind: "timeout_before_effect", times: 4 }] });
    const first = (await reconcile(stack, { checks: ["duplicates"] })).checks.duplicates;
    deepStrictEqual(first.found.map((one: Record<string, unknown>) => one.cancelled), ["unknown"]);
    set(stack, { faults: [] });
    for (let run = 0; run < 4; run++) {
      await later(stack, 30);
      await schedule(stack);
      await reconcile(stack);
    }
    strictEqual(statesOf(stack)[old], "deleted");
    const left = (await attempts(stack)).filter(({ outcome, resolved_as }) =>
      outcome === "unknown" && resolved_as === null
    );
    deepStrictEqual(left, []);
    deepStrictEqual(
      (await alertsOf(stack, "attempt_unknown")).filter(({ is_open }) => is_open),
      [],
    );
  }));
