import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { addMinutes } from "date-fns";
import {
  CAMPAIGN,
  ledgerRow,
  minutes,
  only,
  openCreate,
  type OpenedCreate,
  scheduledMatch,
  scheduleRow,
  seconds,
  type Suite,
  withSuite,
} from "./fixtures.ts";
import { doubts, FAR, look, openAlerts } from "./observing.ts";
import { schedules } from "./preflight.ts";

const SCHEDULE = "schedule-1001-1";
/** The match of these tests sends 540 minutes after NOW, when it was scheduled. */
const SEND_AT = minutes(540);

/** The match ids that are absent now. */
async function note(
  suite: Suite,
  listed: readonly string[],
  now: Date,
  until = FAR,
): Promise<number[]> {
  const { absent } = await look(suite, now, listed, { until });
  return absent.map(({ match_id }) => match_id);
}

Deno.test(
  "record_observation() finds a listed schedule absent when two later lists lack it",
  withSuite(async (suite) => {
    await scheduledMatch(suite);
    deepStrictEqual(await note(suite, [SCHEDULE], minutes(10)), []);
    deepStrictEqual(await note(suite, ["another"], minutes(15)), [], "lacked once");
    deepStrictEqual(await note(suite, ["another"], minutes(20)), [1001], "lacked twice");
    deepStrictEqual(await note(suite, ["another"], minutes(25)), [1001], "and still");
  }),
);

Deno.test(
  "record_observation() returns which schedule is absent, and whether it is the current one",
  withSuite(async (suite) => {
    const { ledger_id } = await scheduledMatch(suite);
    await look(suite, minutes(10), [SCHEDULE]);
    await look(suite, minutes(15), ["another"]);
    const { absent } = await look(suite, minutes(20), ["another"]);
    deepStrictEqual(absent, [{
      match_id: 1001,
      ledger_id,
      generation: 1,
      is_current: true,
      send_at: SEND_AT.toISOString().replace(".000Z", "+00:00"),
      braze_schedule_id: SCHEDULE,
    }]);
  }),
);

Deno.test(
  "record_observation() counts lists that are less than four minutes apart as one",
  withSuite(async (suite) => {
    await scheduledMatch(suite);
    await note(suite, [SCHEDULE], minutes(10));
    await note(suite, ["another"], minutes(15));
    deepStrictEqual(await note(suite, ["another"], addMinutes(seconds(239), 15)), []);
    deepStrictEqual(await note(suite, ["another"], addMinutes(seconds(240), 15)), [1001]);
  }),
);

Deno.test(
  "record_observation() starts over when a list shows the schedule again",
  withSuite(async (suite) => {
    await scheduledMatch(suite);
    await note(suite, [SCHEDULE], minutes(10));
    await note(suite, ["another"], minutes(15));
    await note(suite, [SCHEDULE], minutes(20));
    deepStrictEqual(await note(suite, ["another"], minutes(25)), []);
    deepStrictEqual(await note(suite, ["another"], minutes(30)), [1001]);
  }),
);

Deno.test(
  "record_observation() draws no conclusion about a schedule that no list has shown",
  withSuite(async (suite) => {
    const match = await scheduledMatch(suite);
    for (const minute of [10, 15, 20]) {
      deepStrictEqual(await note(suite, ["another"], minutes(minute)), []);
    }
    strictEqual((await scheduleRow(suite, match)).missed_at, null);
  }),
);

Deno.test(
  "record_observation() counts only lists that were requested five minutes after the schedule's last change",
  withSuite(async (suite) => {
    const match = await scheduledMatch(suite);
    await note(suite, [SCHEDULE], minutes(1));
    deepStrictEqual(await note(suite, ["another"], minutes(4)), [], "not lacked so far");
    strictEqual((await scheduleRow(suite, match)).missed_at, null);
    deepStrictEqual(await note(suite, ["another"], minutes(5)), [], "lacked once");
    // A move in between: what was lacked before it proves nothing.
    await suite.sql`update public.braze_schedules set updated_at = ${minutes(8)}`;
    deepStrictEqual(await note(suite, ["another"], minutes(10)), []);
    deepStrictEqual(await note(suite, ["another"], minutes(13)), [], "lacked once after it");
    deepStrictEqual(await note(suite, ["another"], minutes(17)), [1001]);
  }),
);

const moveTo = ({ sql }: Suite, { ledger_id }: OpenedCreate, at: Date) =>
  sql`update public.braze_schedules set moving_to_utc = ${at} where ledger_id = ${ledger_id}`;

for (
  const { what, until, now, movingTo } of [
    { what: "is due later than the list reaches", until: minutes(539), now: 20, movingTo: null },
    { what: "is due now", until: FAR, now: 540, movingTo: null },
    { what: "may be moved beyond the list", until: minutes(600), now: 20, movingTo: minutes(601) },
    { what: "may be moved to a time that is past", until: FAR, now: 20, movingTo: minutes(19) },
  ]
) {
  Deno.test(
    `record_observation() draws no conclusion about a schedule that ${what}`,
    withSuite(async (suite) => {
      const match = await scheduledMatch(suite);
      await note(suite, [SCHEDULE], minutes(10));
      await note(suite, ["another"], minutes(15));
      if (movingTo !== null) await moveTo(suite, match, movingTo);
      deepStrictEqual(await note(suite, ["another"], minutes(now), until), []);
    }),
  );
}

Deno.test(
  "record_observation() draws no conclusion from the list of another campaign",
  withSuite(async (suite) => {
    await scheduledMatch(suite);
    await look(suite, minutes(10), [SCHEDULE]);
    for (const minute of [15, 20, 25]) {
      const { absent } = await look(suite, minutes(minute), ["another"], { campaignId: "other" });
      deepStrictEqual(absent, []);
    }
  }),
);

Deno.test(
  "record_observation() finds nothing absent while its campaign is stopped, or was when it could last be read",
  withSuite(async (suite) => {
    const match = await scheduledMatch(suite);
    await look(suite, minutes(10), [SCHEDULE]);
    for (const minute of [15, 20, 25]) {
      const { absent } = await look(suite, minutes(minute), ["another"], { state: "stopped" });
      deepStrictEqual(absent, []);
    }
    // A campaign whose details cannot be read is as it was.
    const { absent } = await look(suite, minutes(30), ["another"], { state: "unknown" });
    deepStrictEqual(absent, []);
    strictEqual((await scheduleRow(suite, match)).state, "live");
  }),
);

/** Ten matches, due 500 to 509 minutes after NOW, whose schedules a list has shown. */
async function tenShown(suite: Suite): Promise<string[]> {
  await schedules(
    suite,
    Object.fromEntries(Array.from({ length: 10 }, (_, place) => [place + 1, 500 + place])),
  );
  const ids = Array.from({ length: 10 }, (_, place) => `schedule-${place + 1}-1`);
  await look(suite, minutes(10), ids);
  return ids;
}

for (
  const { missing, absencesMax, absent } of [
    { missing: 1, absencesMax: 5, absent: 1 },
    { missing: 2, absencesMax: 5, absent: 2 },
    { missing: 3, absencesMax: 5, absent: 0 },
    { missing: 2, absencesMax: 1, absent: 0 },
    { missing: 1, absencesMax: 1, absent: 1 },
  ]
) {
  Deno.test(
    `record_observation() finds ${absent} of ${missing} missing schedules absent, of 10 with at most ${absencesMax} and a fifth`,
    withSuite(async (suite) => {
      const ids = await tenShown(suite);
      const left = ids.slice(missing);
      await look(suite, minutes(15), left, { absencesMax });
      const observed = await look(suite, minutes(20), left, { absencesMax });
      deepStrictEqual(
        observed.absent.map(({ match_id }) => match_id),
        Array.from({ length: absent }, (_, place) => place + 1),
      );
      const held = absent === 0 ? ids.slice(0, missing).map((_, place) => place + 1) : [];
      deepStrictEqual(
        await doubts(suite),
        Object.fromEntries(held.map((matchId) => [matchId, "missing_with_many"])),
      );
      deepStrictEqual(
        await openAlerts(suite),
        held.length === 0 ? [] : [
          `absence_limit_reached:${CAMPAIGN}`,
          ...held.map((matchId) => `schedule_in_doubt:${matchId}`),
        ],
      );
    }),
  );
}

Deno.test(
  "record_observation() counts the absences of a day together, so that a list cannot lose all schedules one by one",
  withSuite(async (suite) => {
    const ids = await tenShown(suite);
    const gone: number[] = [];
    for (let minute = 15; minute <= 60; minute += 5) {
      const { absent } = await look(suite, minutes(minute), ids.slice((minute - 10) / 5));
      for (const { match_id, ledger_id, generation } of absent) {
        await suite.call("cancel_absent", {
          p_ledger_id: ledger_id,
          p_generation: generation,
          p_note: "Not found",
          p_now: minutes(minute),
        });
        gone.push(match_id);
      }
    }
    deepStrictEqual(gone, [1, 2]);
  }),
);

Deno.test(
  "record_observation() takes an absence back when a list shows the schedule, and the scheduler decides about its match",
  withSuite(async (suite) => {
    const match = await scheduledMatch(suite);
    await note(suite, [SCHEDULE], minutes(10));
    await note(suite, ["another"], minutes(15));
    await note(suite, ["another"], minutes(20));
    const cancel = (minute: number) =>
      suite.call("cancel_absent", {
        p_ledger_id: match.ledger_id,
        p_generation: 1,
        p_note: "Not found",
        p_now: minutes(minute),
      });
    strictEqual(await cancel(20), true);
    // Called off since: it must still be deleted if it turns up.
    await suite.sql`update public.matches set status = 'cancelled'`;

    await look(suite, minutes(25), [SCHEDULE]);
    const { status, cancel_reason } = await ledgerRow(suite, 1001);
    deepStrictEqual([status, cancel_reason], ["pending", null]);
    const { state, absent_at, missed_at } = await scheduleRow(suite, match);
    deepStrictEqual([state, absent_at, missed_at], ["live", null, null]);
    const log = only(
      await suite.sql`
        select match_id::int, details from public.scheduler_logs where action = 'absence_taken_back'`,
    );
    deepStrictEqual({ ...log }, {
      match_id: 1001,
      details: { generation: 1, is_pending_again: true },
    });
    strictEqual(await cancel(25), false, "a verdict that was taken back cancels nothing");
    // What was deleted by us stays deleted, whatever a late list shows.
    await suite.sql`update public.braze_schedules set state = 'deleted'`;
    await look(suite, minutes(30), [SCHEDULE]);
    strictEqual((await scheduleRow(suite, match)).state, "deleted");
  }),
);

Deno.test(
  "record_observation() stores an entry of the list once for as long as it stays the same",
  withSuite(async (suite) => {
    await look(suite, minutes(10), ["a", "b"]);
    await look(suite, minutes(15), ["a", "b"]);
    await look(suite, minutes(20), ["a", { schedule_id: "b", send_at: minutes(600) }]);
    const { schedules } = await look(suite, minutes(25), ["b"]);
    deepStrictEqual(schedules.map(({ schedule_id }) => schedule_id), ["b"]);
    const kept = await suite.sql`
      select braze_schedule_id as id, shown_from, shown_until from private.listed_schedules order by id, shown_from`;
    deepStrictEqual(kept.map((row) => ({ ...row })), [
      { id: "a", shown_from: minutes(10), shown_until: minutes(25) },
      { id: "b", shown_from: minutes(10), shown_until: minutes(20) },
      { id: "b", shown_from: minutes(20), shown_until: minutes(25) },
      { id: "b", shown_from: minutes(25), shown_until: null },
    ]);
  }),
);

Deno.test(
  "record_observation() stores a look once, however often its answer is lost",
  withSuite(async (suite) => {
    await scheduledMatch(suite);
    await look(suite, minutes(10), [SCHEDULE]);
    await look(suite, minutes(15), ["another"]);
    const runId = crypto.randomUUID();
    const first = await look(suite, minutes(20), ["another"], { runId });
    deepStrictEqual(await look(suite, minutes(20), ["another"], { runId }), first);
    const { count } = only(await suite.sql`select count(*)::int from public.braze_observations`);
    strictEqual(count, 3);
  }),
);

Deno.test(
  "record_observation() keeps the schedules that are not ours, with the last listed time",
  withSuite(async (suite) => {
    await scheduledMatch(suite);
    const note = (send_at: Date | null, now: Date) =>
      look(suite, now, [SCHEDULE, { schedule_id: "theirs", send_at }]);
    await note(minutes(100), minutes(10));
    await note(minutes(110), minutes(15));
    await note(null, minutes(20));
    deepStrictEqual(
      [...await suite.sql`select * from private.unmanaged_schedules`].map((row) => ({ ...row })),
      [{
        braze_schedule_id: "theirs",
        campaign_id: CAMPAIGN,
        send_at_utc: minutes(110),
        first_seen_at: minutes(10),
        last_seen_at: minutes(15),
        kept_at: null,
        double_push_accepted: false,
      }],
    );
  }),
);

Deno.test(
  "record_observation() has the events near a schedule that is not ours judged again, unless its time is ahead",
  withSuite(async (suite) => {
    await look(
      suite,
      minutes(10),
      ([["past", 5], ["near", 24], ["ahead", 25]] as const).map(([schedule_id, minute]) => ({
        schedule_id,
        send_at: minutes(minute),
      })),
    );
    const queued = await suite.sql`
      select kind, value::timestamptz as at from private.rejudgements order by at`;
    deepStrictEqual(queued.map(({ kind, at }) => [kind, at]), [
      ["time", minutes(5)],
      ["time", minutes(24)],
    ]);
  }),
);

Deno.test(
  "record_observation() doubts what a list has shown when it shows nothing, and cancels nothing",
  withSuite(async (suite) => {
    const opened = await schedules(suite, { 1: 500, 2: 510, 3: 520 });
    await look(suite, minutes(10), ["schedule-1-1", "schedule-2-1"]);
    for (const minute of [15, 20, 25]) {
      const { absent } = await look(suite, minutes(minute), [], { mode: "empty" });
      deepStrictEqual(absent, []);
      // No list has ever shown the third.
      deepStrictEqual(await doubts(suite), { 1: "list_empty", 2: "list_empty" });
      deepStrictEqual(await openAlerts(suite), [
        `listing_empty:${CAMPAIGN}`,
        "schedule_in_doubt:1",
        "schedule_in_doubt:2",
      ]);
    }
    strictEqual((await scheduleRow(suite, opened.get(1)!)).missed_at, null);
    await look(suite, minutes(30), [], { mode: "unavailable" });
    strictEqual((await openAlerts(suite)).length, 3, "a list that cannot be read mends nothing");
    await look(suite, minutes(35), ["schedule-1-1", "schedule-2-1"]);
    deepStrictEqual([await doubts(suite), await openAlerts(suite)], [{}, []]);
  }),
);

Deno.test(
  "record_observation() doubts all of a campaign that a list of campaigns has shown and shows no more",
  withSuite(async (suite) => {
    await schedules(suite, { 1: 500, 2: 510 });
    await look(suite, minutes(10), [], { mode: "empty" });
    deepStrictEqual(await doubts(suite), {}, "it has shown nothing so far");
    await look(suite, minutes(15), ["campaign"], { mode: "per_campaign", nextSend: minutes(500) });
    await look(suite, minutes(20), [], { mode: "empty" });
    deepStrictEqual(await doubts(suite), { 1: "list_empty", 2: "list_empty" });
  }),
);

Deno.test(
  "record_observation() tells each pending match while its campaign is stopped, at once and until it runs",
  withSuite(async (suite) => {
    await schedules(suite, { 1: 30, 2: 9_000 });
    await look(suite, minutes(10), [], { mode: "per_campaign", state: "running" });
    deepStrictEqual(await openAlerts(suite), []);
    await look(suite, minutes(15), [], { mode: "per_campaign", state: "stopped" });
    deepStrictEqual(await openAlerts(suite), ["campaign_stopped:1", "campaign_stopped:2"]);
    await look(suite, minutes(20), [], { mode: "per_campaign", state: "unknown" });
    deepStrictEqual(await openAlerts(suite), ["campaign_stopped:1", "campaign_stopped:2"]);
    // The push of the first was due in the meantime: nothing is mended by that.
    await look(suite, minutes(35), [], { mode: "per_campaign", state: "stopped" });
    deepStrictEqual(await openAlerts(suite), ["campaign_stopped:1", "campaign_stopped:2"]);
    await look(suite, minutes(40), [], { mode: "per_campaign", state: "running" });
    deepStrictEqual(await openAlerts(suite, "campaign_stopped"), ["campaign_stopped:1"]);
    // An event proves that it went out.
    await suite.sql`
      update public.schedule_ledger
      set status = 'sent', sent_evidence = 'push', sent_confirmed_at = ${minutes(41)}
      where match_id = 1`;
    await look(suite, minutes(45), [], { mode: "per_campaign", state: "running" });
    deepStrictEqual(await openAlerts(suite, "campaign_stopped"), []);
  }),
);

Deno.test(
  "record_observation() does not raise the alert of a stopped campaign again after a person closed it",
  withSuite(async (suite) => {
    await schedules(suite, { 1: 30 });
    await look(suite, minutes(15), [], { mode: "per_campaign", state: "stopped" });
    await suite.sql`update public.alerts set resolved_at = ${minutes(32)}`;
    await look(suite, minutes(35), [], { mode: "per_campaign", state: "stopped" });
    deepStrictEqual(await openAlerts(suite), []);
  }),
);

Deno.test(
  "record_observation() doubts every pending schedule of a campaign that was stopped and started, until a list shows it",
  withSuite(async (suite) => {
    await schedules(suite, { 1: 500, 2: 510, 3: 20 });
    await look(suite, minutes(10), ["schedule-1-1", "schedule-2-1"]);
    await look(suite, minutes(15), [], { mode: "empty", state: "stopped" });
    deepStrictEqual(await doubts(suite), {}, "a stopped campaign has its own alert");
    await look(suite, minutes(25), ["schedule-1-1"]);
    // The list of the same look may be older than the start.
    const all = { 1: "campaign_restarted", 2: "campaign_restarted" };
    deepStrictEqual(await doubts(suite), all);
    deepStrictEqual(await openAlerts(suite), [
      "campaign_stopped:3",
      "schedule_in_doubt:1",
      "schedule_in_doubt:2",
    ]);
    // Braze dropped the second: that is no cancellation by hand, and so no absence.
    for (const minute of [30, 35, 40]) {
      const { absent } = await look(suite, minutes(minute), ["schedule-1-1"]);
      deepStrictEqual(absent, []);
      deepStrictEqual(await doubts(suite), { 2: "campaign_restarted" });
    }
    strictEqual((await ledgerRow(suite, 2)).status, "pending");
  }),
);

Deno.test(
  "record_observation() does not doubt a schedule that was made after the campaign was last seen stopped",
  withSuite(async (suite) => {
    const opened = await schedules(suite, { 1: 500, 2: 510 });
    await look(suite, minutes(10), [], { mode: "per_campaign", state: "stopped" });
    await suite.sql`
      update public.braze_schedules set created_at = ${minutes(12)}
      where ledger_id = ${opened.get(2)!.ledger_id}`;
    await look(suite, minutes(15), [], { mode: "per_campaign" });
    deepStrictEqual(await doubts(suite), { 1: "campaign_restarted" });
  }),
);

Deno.test(
  "record_observation() keeps the alert about a doubt past the time of its send, until the push is proved",
  withSuite(async (suite) => {
    await schedules(suite, { 1: 30 });
    await look(suite, minutes(10), [], { mode: "per_campaign", state: "stopped" });
    await look(suite, minutes(15), [], { mode: "per_campaign" });
    await look(suite, minutes(40), [], { mode: "per_campaign" });
    deepStrictEqual(await openAlerts(suite, "schedule_in_doubt"), ["schedule_in_doubt:1"]);
    await suite.sql`
      update public.schedule_ledger
      set status = 'sent', sent_evidence = 'push', sent_confirmed_at = ${minutes(41)}`;
    await look(suite, minutes(45), [], { mode: "per_campaign" });
    deepStrictEqual(await openAlerts(suite), []);
  }),
);

/** Stores a list of campaigns of that minute, and returns what it proves. */
async function next(suite: Suite, minute: number, nextSend: Date | null) {
  await look(suite, minutes(minute), ["campaign"], { mode: "per_campaign", nextSend });
  const [row] = await suite.sql`
    select expected_next_send, next_send_agrees, next_send_is_trusted, unmanaged_send_expected
    from public.braze_observations order by began_at desc limit 1`;
  return [
    row!.expected_next_send,
    row!.next_send_agrees,
    row!.next_send_is_trusted,
    row!.unmanaged_send_expected,
  ];
}

Deno.test(
  "record_observation() trusts a list of campaigns after agreement at two different minutes",
  withSuite(async (suite) => {
    await schedules(suite, { 1: 30, 2: 60, 3: 90 });
    deepStrictEqual(await next(suite, 10, minutes(30)), [minutes(30), true, false, false]);
    deepStrictEqual(await next(suite, 15, minutes(30)), [minutes(30), true, false, false]);
    // Of several in a minute it says nothing: only the minute is compared.
    deepStrictEqual(await next(suite, 31, addMinutes(seconds(20), 60)), [
      minutes(60),
      true,
      true,
      false,
    ]);
    // Trust ends with a list that shows nothing.
    await look(suite, minutes(40), [], { mode: "empty" });
    deepStrictEqual(await next(suite, 45, minutes(60)), [minutes(60), true, false, false]);
  }),
);

/** A trusted list: it agreed at the minutes of matches 1 and 2, and 3 and 4 are due at 90 and 91. */
async function trusted(suite: Suite): Promise<Map<number, OpenedCreate>> {
  const opened = await schedules(suite, { 1: 30, 2: 40, 3: 90, 4: 91 });
  await next(suite, 10, minutes(30));
  await next(suite, 35, minutes(40));
  return opened;
}

Deno.test(
  "record_observation() doubts all of a minute when the next send is later, twice, and trusts the list no more",
  withSuite(async (suite) => {
    await trusted(suite);
    await suite
      .sql`update public.schedule_ledger set status = 'sent', sent_evidence = 'push', sent_confirmed_at = ${
      minutes(41)
    } where match_id in (1, 2)`;
    deepStrictEqual(await next(suite, 45, minutes(91)), [minutes(90), false, true, false]);
    deepStrictEqual(await doubts(suite), {}, "once may be a late read");
    deepStrictEqual(await next(suite, 50, minutes(91)), [minutes(90), false, false, false]);
    deepStrictEqual(await doubts(suite), { 3: "next_send_later" });
    deepStrictEqual(await openAlerts(suite), ["schedule_in_doubt:3"]);
    await next(suite, 55, minutes(91));
    deepStrictEqual(await doubts(suite), { 3: "next_send_later" }, "and still");
    // It raises alerts, nothing else; and it mends itself.
    strictEqual((await ledgerRow(suite, 3)).status, "pending");
    await next(suite, 60, minutes(90));
    deepStrictEqual([await doubts(suite), await openAlerts(suite)], [{}, []]);
  }),
);

Deno.test(
  "record_observation() doubts nothing by a list of campaigns that is not trusted",
  withSuite(async (suite) => {
    await schedules(suite, { 1: 90, 2: 91 });
    for (const minute of [10, 15, 20]) await next(suite, minute, minutes(91));
    deepStrictEqual(await doubts(suite), {});
  }),
);

Deno.test(
  "record_observation() tells of a next send at which no schedule of ours was ever planned, until the list shows another",
  withSuite(async (suite) => {
    await trusted(suite);
    const fingerprint = `unmanaged_send_expected:${CAMPAIGN}:2024-12-07T07:10`;
    deepStrictEqual(await next(suite, 45, minutes(70)), [minutes(90), false, false, true]);
    deepStrictEqual(await openAlerts(suite), [fingerprint]);
    deepStrictEqual(await next(suite, 50, minutes(70)), [minutes(90), false, false, true]);
    await next(suite, 55, minutes(90));
    deepStrictEqual(await openAlerts(suite), [], "somebody took it back");
  }),
);

Deno.test(
  "record_observation() keeps telling of an unmanaged send whose time has passed",
  withSuite(async (suite) => {
    await trusted(suite);
    await next(suite, 45, minutes(50));
    await next(suite, 55, minutes(90));
    deepStrictEqual(await openAlerts(suite), [
      `unmanaged_send_expected:${CAMPAIGN}:2024-12-07T06:50`,
    ]);
  }),
);

for (
  const [what, listed, prepare] of [
    ["is past", 44, null],
    ["has no zone", null, null],
    ["is one that a schedule of ours has left", 80, "moved"],
    ["comes after an unknown create", 91, "creating"],
  ] as const
) {
  Deno.test(
    `record_observation() compares nothing where the next send ${what}`,
    withSuite(async (suite) => {
      const opened = await trusted(suite);
      if (prepare === "moved") {
        const { ledger_id } = opened.get(4)!;
        await suite.sql`update public.braze_schedules set send_at_utc = ${
          minutes(80)
        } where ledger_id = ${ledger_id}`;
        await suite.sql`update public.braze_schedules set send_at_utc = ${
          minutes(91)
        } where ledger_id = ${ledger_id}`;
      }
      if (prepare === "creating") {
        await suite.sql`
          insert into public.matches (id, competition, home_team, away_team, kickoff_at)
          values (9, 'League', 'A', 'B', ${minutes(145)})`;
        const { run_id } = only(await suite.sql`select run_id from public.job_runs`);
        await openCreate(suite, run_id, 9, { p_send_at: minutes(85) });
      }
      for (const minute of [45, 50, 55]) {
        const at = listed === null ? null : minutes(listed);
        const [, agrees] = await next(suite, minute, at);
        strictEqual(agrees, null);
      }
      deepStrictEqual([await doubts(suite), await openAlerts(suite)], [{}, []]);
    }),
  );
}
