import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { addMinutes } from "date-fns";
import {
  CAMPAIGN,
  minutes,
  type OpenedCreate,
  scheduledMatch,
  scheduleRow,
  seconds,
  type Suite,
  withSuite,
} from "./fixtures.ts";

const SCHEDULE = "schedule-1001-1";
/** The match of these tests sends 540 minutes after NOW, when it was scheduled. */
const SEND_AT = minutes(540);
const FAR = minutes(2_000);

interface Absent {
  readonly match_id: number;
  readonly generation: number;
  readonly is_current: boolean;
  readonly braze_schedule_id: string;
}

const listing = (schedule_id: string) => ({
  schedule_id,
  campaign_id: CAMPAIGN,
  send_at: SEND_AT,
});

/** The match ids that are absent now. */
async function note(
  { call }: Suite,
  listed: readonly string[],
  now: Date,
  until = FAR,
): Promise<number[]> {
  const absent = await call<Absent[]>("record_listing", {
    p_schedules: listed.map(listing),
    p_until: until,
    p_now: now,
  });
  return absent.map(({ match_id }) => match_id);
}

Deno.test(
  "record_listing() marks a listed schedule as absent when two successive lists lack it",
  withSuite(async (suite) => {
    await scheduledMatch(suite);
    deepStrictEqual(await note(suite, [SCHEDULE], minutes(10)), []);
    deepStrictEqual(await note(suite, ["another"], minutes(15)), [], "lacked once");
    deepStrictEqual(await note(suite, ["another"], minutes(20)), [1001], "lacked twice");
    deepStrictEqual(await note(suite, ["another"], minutes(25)), [1001], "and still");
  }),
);

Deno.test(
  "record_listing() returns which schedule is absent, and whether it is the current one",
  withSuite(async (suite) => {
    const { ledger_id } = await scheduledMatch(suite);
    await note(suite, [SCHEDULE], minutes(10));
    await note(suite, [], minutes(15));
    const result = await suite.call("record_listing", {
      p_schedules: [],
      p_until: FAR,
      p_now: minutes(20),
    });
    deepStrictEqual(result, [{
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
  "record_listing() counts two lists of the same moment as one",
  withSuite(async (suite) => {
    await scheduledMatch(suite);
    await note(suite, [SCHEDULE], minutes(10));
    await note(suite, [], minutes(15));
    deepStrictEqual(await note(suite, [], addMinutes(seconds(60), 15)), [], "a minute later");
    deepStrictEqual(await note(suite, [], addMinutes(seconds(61), 15)), [1001]);
  }),
);

Deno.test(
  "record_listing() starts over when a list shows the schedule again",
  withSuite(async (suite) => {
    await scheduledMatch(suite);
    await note(suite, [SCHEDULE], minutes(10));
    await note(suite, [], minutes(15));
    await note(suite, [SCHEDULE], minutes(20));
    deepStrictEqual(await note(suite, [], minutes(25)), []);
    deepStrictEqual(await note(suite, [], minutes(30)), [1001]);
  }),
);

Deno.test(
  "record_listing() draws no conclusion about a schedule that no list has shown",
  withSuite(async (suite) => {
    const match = await scheduledMatch(suite);
    for (const minute of [10, 15, 20]) deepStrictEqual(await note(suite, [], minutes(minute)), []);
    strictEqual((await scheduleRow(suite, match)).missed_at, null);
  }),
);

Deno.test(
  "record_listing() waits five minutes for a schedule to be listed, since Braze promises no faster read",
  withSuite(async (suite) => {
    const match = await scheduledMatch(suite);
    await note(suite, [SCHEDULE], minutes(1));
    deepStrictEqual(await note(suite, [], minutes(3)), []);
    deepStrictEqual(await note(suite, [], minutes(5)), [], "not lacked so far");
    strictEqual((await scheduleRow(suite, match)).missed_at, null);
    deepStrictEqual(await note(suite, [], minutes(6)), [], "lacked once");
    deepStrictEqual(await note(suite, [], minutes(8)), [1001]);
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
    `record_listing() draws no conclusion about a schedule that ${what}`,
    withSuite(async (suite) => {
      const match = await scheduledMatch(suite);
      await note(suite, [SCHEDULE], minutes(10));
      await note(suite, [], minutes(15));
      if (movingTo !== null) await moveTo(suite, match, movingTo);
      deepStrictEqual(await note(suite, [], minutes(now), until), []);
    }),
  );
}

Deno.test(
  "record_listing() keeps the schedules that are not ours, with the last listed time",
  withSuite(async (suite) => {
    await scheduledMatch(suite);
    const note = (send_at: Date | null, now: Date) =>
      suite.call("record_listing", {
        p_schedules: [listing(SCHEDULE), { ...listing("theirs"), send_at }],
        p_until: FAR,
        p_now: now,
      });
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
      }],
    );
  }),
);

Deno.test(
  "record_listing() has the events near a schedule that is not ours judged again, unless its time is ahead",
  withSuite(async (suite) => {
    for (const [schedule_id, minute] of [["past", 5], ["near", 24], ["ahead", 25]] as const) {
      await suite.call("record_listing", {
        p_schedules: [{ ...listing(schedule_id), send_at: minutes(minute) }],
        p_until: FAR,
        p_now: minutes(10),
      });
    }
    const queued = await suite.sql`
      select kind, value::timestamptz as at from private.rejudgements order by id`;
    deepStrictEqual(queued.map(({ kind, at }) => [kind, at]), [
      ["time", minutes(5)],
      ["time", minutes(24)],
    ]);
  }),
);
