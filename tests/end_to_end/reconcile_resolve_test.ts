/** braze-reconcile over the whole stack: calls without an answer, pushes without events, and manual confirmations. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import type { Stack } from "../../local/stack/stack.ts";
import { operatorToken } from "../../local/stack/keys.ts";
import {
  call,
  type FixtureRow,
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
  later,
  logsOf,
  reconcile,
  set,
  STATISTICS,
  UPDATE,
  withListing,
} from "../support/reconciling.ts";

const PER_SCHEDULE = { sandbox: withListing("per_schedule"), fixtures: THREE_AT_ONCE } as const;
const UNKNOWN = { checks: ["unknown_attempts"] };
const STALE = { checks: ["stale"] };
/** Braze sends pushes, but no events. */
const NO_EVENTS = { currents: { enabled: false } };

async function attemptsOf({ sql }: Stack, matchId: number, kind: string) {
  const rows = await sql`
    select outcome, resolved_as from public.schedule_attempts
    where match_id = ${matchId} and kind = ${kind} order by opened_at, id`;
  return rows.map(({ outcome, resolved_as }) => [outcome, resolved_as]);
}

async function scheduleOf({ sql }: Stack, matchId: number) {
  const [row] = await sql`
    select schedule.state, schedule.send_at_utc, schedule.moving_to_utc, ledger.send_at_utc as wanted_at
    from public.braze_schedules as schedule
    join public.schedule_ledger as ledger
      on ledger.id = schedule.ledger_id and ledger.generation = schedule.generation
    where ledger.match_id = ${matchId}`;
  return {
    state: row?.state,
    sendAt: row?.send_at_utc.toISOString(),
    movingTo: row?.moving_to_utc?.toISOString() ?? null,
    wantedAt: row?.wanted_at.toISOString(),
  };
}

for (
  const [what, kind, sendAt] of [
    ["was done", "timeout_after_effect", "2024-12-07T16:30:00.000Z"],
    ["was not done", "timeout_before_effect", "2024-12-07T14:00:00.000Z"],
  ] as const
) {
  Deno.test(`a move without an answer that ${what} is resolved by the send time that Braze lists`, () =>
    withSuite(PER_SCHEDULE, async (stack) => {
      await schedule(stack);
      await stack
        .sql`update public.matches set kickoff_at = '2024-12-07T17:30:00Z' where id = 1002`;
      set(stack, { faults: [{ endpoint: UPDATE, kind }] });
      deepStrictEqual((await schedule(stack)).done, { unknown: 1 });
      set(stack, { faults: [] });

      // So soon after the call, the list may be behind.
      strictEqual((await reconcile(stack, UNKNOWN)).checks.unknown_attempts.counts.resolved, 0);
      await later(stack, 10);
      const { counts } = (await reconcile(stack, UNKNOWN)).checks.unknown_attempts;
      deepStrictEqual([counts.resolved, counts.listed, counts.alerted], [1, 1, 0]);
      deepStrictEqual(await attemptsOf(stack, 1002, "update"), [["unknown", "listed"]]);
      deepStrictEqual(await scheduleOf(stack, 1002), {
        state: "live",
        sendAt,
        movingTo: null,
        wantedAt: sendAt,
      });
      await schedule(stack);
      strictEqual(
        liveSchedules(stack, 1002)[0]?.sendAt.toISOString(),
        "2024-12-07T16:30:00.000Z",
      );
    }));
}

for (
  const [what, kind, generations] of [
    ["took effect is deleted after two lists", "timeout_after_effect", [2]],
    ["was not done is live again", "timeout_before_effect", [2]],
  ] as const
) {
  Deno.test(`a schedule whose delete got no answer and ${what}`, () =>
    withSuite(PER_SCHEDULE, async (stack) => {
      await schedule(stack);
      await reconcile(stack, { checks: ["verify"] });
      set(stack, { faults: [{ endpoint: DELETE, kind }] });
      await stack.sql`update public.matches set away_team = 'Liverpool' where id = 1002`;
      deepStrictEqual((await schedule(stack)).done, { unknown: 1 });
      set(stack, { faults: [] });
      strictEqual((await scheduleOf(stack, 1002)).state, "deleting");

      await later(stack, 10);
      const first = (await reconcile(stack, UNKNOWN)).checks.unknown_attempts;
      if (kind === "timeout_after_effect") {
        deepStrictEqual([first.counts.resolved, first.counts.schedule_missed], [0, 1]);
        deepStrictEqual((await alertsOf(stack, "attempt_unknown")).map((one) => one.is_open), [
          true,
        ]);
        await later(stack, 10);
        const second = (await reconcile(stack, UNKNOWN)).checks.unknown_attempts;
        deepStrictEqual([second.counts.absent, second.counts.schedule_deleted], [1, 1]);
        strictEqual((await scheduleOf(stack, 1002)).state, "deleted");
        deepStrictEqual((await alertsOf(stack, "attempt_unknown")).map((one) => one.is_open), [
          false,
        ]);
      } else {
        deepStrictEqual([first.counts.listed, first.counts.schedule_live], [1, 1]);
        strictEqual((await scheduleOf(stack, 1002)).state, "live");
      }
      await schedule(stack);
      deepStrictEqual(
        liveSchedules(stack, 1002).map(({ triggerProperties }) => triggerProperties.generation),
        generations,
      );
    }));
}

for (const mode of BLIND_MODES) {
  Deno.test(`a delete without an answer under a list that is ${mode} stays open, with one alert, until a later delete is answered`, () =>
    withSuite({ sandbox: withListing(mode), fixtures: THREE_AT_ONCE }, async (stack) => {
      await schedule(stack);
      set(stack, { faults: [{ endpoint: DELETE, kind: "timeout_before_effect" }] });
      await stack.sql`update public.matches set status = 'postponed' where id = 1002`;
      await schedule(stack);
      set(stack, { faults: [] });
      for (let run = 0; run < 2; run++) {
        await later(stack, 10);
        strictEqual((await reconcile(stack, UNKNOWN)).checks.unknown_attempts.counts.unresolved, 1);
      }
      deepStrictEqual(
        (await alertsOf(stack, "attempt_unknown")).map((one) => [
          one.fingerprint,
          one.occurrences,
          one.is_open,
        ]),
        [["attempt_unknown:1002:1:delete", 2, true]],
      );
      deepStrictEqual((await schedule(stack)).done, { cancelled: 1 });
      const { counts } = (await reconcile(stack, UNKNOWN)).checks.unknown_attempts;
      strictEqual(counts.superseded, 1);
      deepStrictEqual((await alertsOf(stack, "attempt_unknown")).map((one) => one.is_open), [
        false,
      ]);
    }));
}

Deno.test("a count of zero from Braze, or no answer, resolves nothing", () =>
  withSuite({
    sandbox: withListing("per_campaign", NO_EVENTS),
    fixtures: THREE_AT_ONCE.slice(0, 1),
  }, async (stack) => {
    await schedule(stack);
    const [only] = liveSchedules(stack, 1001);
    stack.sandbox.model.schedules.end(only!, "cancelled", stack.timeline.now());
    await stack.advanceTo(new Date("2024-12-07T15:00:00Z"));
    const none = (await reconcile(stack, STALE)).checks.stale;
    deepStrictEqual([none.counts.open, none.open[0].braze_reported], [1, 0]);

    set(stack, { faults: [{ endpoint: STATISTICS, kind: "status", status: 500 }] });
    const unknown = (await reconcile(stack, STALE)).checks.stale;
    deepStrictEqual([unknown.counts.open, unknown.open[0].braze_reported], [1, null]);
    strictEqual((await ledgerOf(stack, 1001)).status, "pending");
  }));

Deno.test("a create without an answer is resolved by statistics once its time is past", () =>
  withSuite({
    sandbox: withListing("omit", NO_EVENTS),
    fixtures: THREE_AT_ONCE.slice(0, 1),
  }, async (stack) => {
    set(stack, { faults: [{ endpoint: CREATE, kind: "timeout_after_effect", times: 1 }] });
    deepStrictEqual((await schedule(stack)).done, { unknown: 1 });
    await stack.advanceTo(new Date("2024-12-07T14:40:00Z"));
    deepStrictEqual((await reconcile(stack)).checks.stale.counts.confirmed, 1);
    deepStrictEqual(await attemptsOf(stack, 1001, "create"), [["unknown", "proved_by_statistics"]]);
    strictEqual((await ledgerOf(stack, 1001)).sent_evidence, "statistics");
    await schedule(stack);
    deepStrictEqual(await openAlerts(stack, 1001), []);
  }));

Deno.test("statistics that an older schedule of the match may have caused resolve nothing for the current one", () =>
  withSuite({
    sandbox: withListing("omit", NO_EVENTS),
    fixtures: THREE_AT_ONCE.slice(0, 1),
  }, async (stack) => {
    await schedule(stack);
    await stack.advanceTo(new Date("2024-12-07T13:40:00Z"));
    // Deleted 20 minutes before its send, which Braze promises only to try.
    await stack.sql`update public.matches set status = 'postponed' where id = 1001`;
    deepStrictEqual((await schedule(stack)).done, { cancelled: 1 });
    await stack
      .sql`update public.matches set status = 'scheduled', kickoff_at = '2024-12-07T16:00:00Z' where id = 1001`;
    deepStrictEqual((await schedule(stack)).done, { created: 1 });
    await stack.advanceTo(new Date("2024-12-07T16:00:00Z"));
    const { stale } = (await reconcile(stack)).checks;
    deepStrictEqual(
      [stale.counts.confirmed, stale.open[0].unconfirmable],
      [0, "another_schedule_may_have_gone_out"],
    );
  }));

Deno.test("a push that nothing proves raises an alert after 30 minutes, critical after a day, until a person confirms it", () =>
  withSuite({
    sandbox: withListing("omit", { ...NO_EVENTS, statisticsLagSeconds: 30 * 24 * 3_600 }),
    fixtures: THREE_AT_ONCE.slice(0, 1),
  }, async (stack) => {
    await schedule(stack);
    const alertsAt = async (time: string) => {
      await stack.advanceTo(new Date(time));
      await reconcile(stack, STALE);
      return await alertsOf(stack, "stale_pending");
    };
    const alert = { fingerprint: "stale_pending:1001", is_open: true };
    deepStrictEqual(await alertsAt("2024-12-07T14:29:00Z"), []);
    deepStrictEqual(await alertsAt("2024-12-07T14:31:00Z"), [
      { ...alert, severity: "warning", occurrences: 1 },
    ]);
    deepStrictEqual(await alertsAt("2024-12-08T14:01:00Z"), [
      { ...alert, severity: "critical", occurrences: 2 },
    ]);

    const { checks, verbs } = await reconcile(stack, {
      mark_sent: [{ match_id: 1001, reason: "Seen on my own phone" }],
    });
    deepStrictEqual([checks, verbs[0].done], [{}, true]);
    const { status, sent_evidence } = await ledgerOf(stack, 1001);
    deepStrictEqual([status, sent_evidence], ["sent", "operator"]);
    const resolved = [{ ...alert, severity: "critical", occurrences: 2, is_open: false }];
    deepStrictEqual(await alertsOf(stack, "stale_pending"), resolved);
    deepStrictEqual(await alertsAt("2024-12-08T14:02:00Z"), resolved);
  }));

Deno.test("what cannot be done is refused match by match, with the reason", () =>
  withSuite({ sandbox: withListing("omit"), fixtures: THREE_AT_ONCE }, async (stack) => {
    await schedule(stack);
    const mark = (match_id: number) => ({ match_id, reason: "Because" });
    const refused = { verb: "mark_sent", done: false, next: null };
    deepStrictEqual((await reconcile(stack, { mark_sent: [mark(1001), mark(7)] })).verbs, [
      {
        ...refused,
        match_id: 1001,
        refused: "its push is not due before 2024-12-07 14:00 UTC",
      },
      { ...refused, match_id: 7, refused: "there is no ledger row of this match" },
    ]);
    await stack.advanceTo(new Date("2024-12-07T14:20:00Z"));
    const late = (await reconcile(stack, {
      mark_sent: [mark(1001)],
      undo: [{ ...mark(1002), action_id: 1 }],
    })).verbs;
    deepStrictEqual(late.map(({ verb, refused }: Record<string, string>) => [verb, refused]), [
      ["undo", "nobody did anything to it that is not undone"],
      ["mark_sent", "it is sent already (push)"],
    ]);
  }));

Deno.test("a manual confirmation is recorded with who, what and why, and its undo restores the previous state", () =>
  withSuite({
    sandbox: withListing("omit", NO_EVENTS),
    fixtures: THREE_AT_ONCE.slice(0, 1),
  }, async (stack) => {
    await schedule(stack);
    await stack.advanceTo(new Date("2024-12-07T15:00:00Z"));
    await stack.sql`update public.schedule_ledger set notes = 'As it was'`;
    const [before] = await stack.sql`select * from public.schedule_ledger`;
    const mark = { match_id: 1001, reason: "Support got calls" };

    const dry = await reconcile(stack, { dry_run: true, mark_sent: [mark] });
    strictEqual(dry.verbs[0].done, true);
    strictEqual((await ledgerOf(stack, 1001)).status, "pending");

    const token = await operatorToken({
      keys: stack.keys,
      issuer: `${stack.ready.api_url}/auth/v1`,
      now: stack.timeline.now(),
      role: "operator",
    });
    const response = await fetch(`${stack.ready.functions_url}/braze-reconcile`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ mark_sent: [mark] }),
    });
    strictEqual(response.status, 200, await response.text());
    const again = await reconcile(stack, { mark_sent: [mark] });
    strictEqual(again.verbs[0].refused, "it is marked as sent already");

    const [done] = await stack.sql`select id::int from public.operator_actions`;
    const undo = { match_id: 1001, action_id: done!.id, reason: "It was another match" };
    strictEqual((await reconcile(stack, { undo: [undo] })).verbs[0].done, true);
    const [after] = await stack.sql`select * from public.schedule_ledger`;
    deepStrictEqual({ ...after, updated_at: null }, { ...before, updated_at: null });
    // A second time, since the answer was lost.
    strictEqual((await reconcile(stack, { undo: [undo] })).verbs[0].done, true);
    strictEqual(
      (await reconcile(stack, { undo: [{ ...mark, action_id: 99 }] })).verbs[0].done,
      false,
    );

    const actions = await stack.sql`
      select action, actor_kind, actor_id is not null as is_named, reason, before ->> 'status' as before
      from public.operator_actions order by id`;
    deepStrictEqual(actions.map((action) => ({ ...action })), [
      {
        action: "mark_sent",
        actor_kind: "operator",
        is_named: true,
        reason: mark.reason,
        before: "pending",
      },
      {
        action: "undo",
        actor_kind: "secret_key",
        is_named: false,
        reason: undo.reason,
        before: "sent",
      },
    ]);
  }));

Deno.test("a manual confirmation that events have since proved cannot be undone", () =>
  withSuite({
    sandbox: withListing("omit", { currents: { delaySecondsMax: 0, waitSeconds: 3_600 } }),
    fixtures: THREE_AT_ONCE.slice(0, 1),
  }, async (stack) => {
    await schedule(stack);
    await stack.advanceTo(new Date("2024-12-07T14:30:00Z"));
    const mark = { match_id: 1001, reason: "Support got calls" };
    await reconcile(stack, { mark_sent: [mark] });
    await stack.advanceTo(new Date("2024-12-07T16:00:00Z"));
    const [done] = await stack.sql`select id::int as action_id from public.operator_actions`;
    const [{ refused }] = (await reconcile(stack, { undo: [{ ...mark, ...done }] })).verbs;
    strictEqual(
      refused,
      "events have proved since that it went out",
    );
    deepStrictEqual((await logsOf(stack, "confirmed_by_statistics")).length, 0);
  }));

const TEAMS = THREE_AT_ONCE.flatMap(({ home, away }) => [home, away]);
/** Eight matches whose pushes are due at 14:00. */
const EIGHT: readonly FixtureRow[] = Array.from({ length: 8 }, (_, place) => ({
  id: 2001 + place,
  home: TEAMS[place % TEAMS.length]!,
  away: TEAMS[(place + 1 + Math.floor(place / TEAMS.length)) % TEAMS.length]!,
  kickoffAt: "2024-12-07T15:00:00Z",
}));

async function askedOf({ sql }: Stack): Promise<number[]> {
  const rows = await sql<{ match_id: number }[]>`
    select match_id::int from public.schedule_ledger where statistics_at is not null order by 1`;
  return rows.map(({ match_id }) => match_id);
}

Deno.test("slow statistics are asked a few at a time after all cheap checks, and the next run begins with the others", () =>
  withSuite({
    sandbox: withListing("per_campaign", NO_EVENTS),
    fixtures: EIGHT,
    env: { RUN_DEADLINE_SECONDS: "10" },
  }, async (stack) => {
    await schedule(stack);
    await stack.advanceTo(new Date("2024-12-07T15:00:00Z"));
    set(stack, { faults: [{ endpoint: STATISTICS, kind: "latency", latencyMs: 9_500 }] });
    const first = await reconcile(stack);
    deepStrictEqual(
      [first.outcome, first.checks.stale.status, first.checks.stale.counts.confirmed],
      ["partial", "partial", 4],
    );
    deepStrictEqual(first.not_begun, ["counts"]);
    strictEqual(first.checks.counts.status, "not_begun");
    deepStrictEqual(await askedOf(stack), [2001, 2002, 2003, 2004]);
    for (
      const check of ["verify", "gaps", "orphans", "duplicates", "unknown_attempts", "quality"]
    ) {
      ok(["done", "not_judged"].includes(first.checks[check].status), check);
    }
    // No event has come for the others either, whether or not Braze could be asked.
    deepStrictEqual(
      (await alertsOf(stack, "stale_pending")).map(({ fingerprint }) => fingerprint),
      [2005, 2006, 2007, 2008].map((id) => `stale_pending:${id}`),
    );

    const second = await reconcile(stack);
    strictEqual(second.checks.stale.counts.confirmed, 4);
    deepStrictEqual(await askedOf(stack), EIGHT.map(({ id }) => id));
    strictEqual((await alertsOf(stack, "stale_pending")).every(({ is_open }) => !is_open), true);
  }));

Deno.test("a check that fails or takes too long does not end the others, and each says how it ended", () =>
  withSuite(
    { sandbox: withListing("per_campaign", NO_EVENTS), fixtures: THREE_AT_ONCE },
    async (stack) => {
      await schedule(stack);
      await stack.advanceTo(new Date("2024-12-07T15:00:00Z"));
      // As if the query had run into the time limit of the database.
      await stack.sql`
      create or replace function public.judge_event_quality(
        p_low_confidence_share_max numeric, p_now timestamptz
      ) returns jsonb language plpgsql set search_path = '' as $$
      begin
        raise exception 'canceling statement due to statement timeout' using errcode = '57014';
      end $$`;
      const answer = await call(stack, "braze-reconcile");
      strictEqual(answer.status, 200);
      const { outcome, checks, not_begun } = answer.body;
      deepStrictEqual([outcome, not_begun], ["failed", []]);
      strictEqual(checks.quality.status, "failed");
      match(checks.quality.error, /statement timeout/);
      for (
        const check of ["verify", "gaps", "unknown_attempts", "attribution", "stale", "counts"]
      ) {
        strictEqual(checks[check].status, "done", check);
      }
    },
  ));
