import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { minutes, only, type Suite, withSuite } from "./fixtures.ts";
import { addDue, addEvent, DUE, type DueMatch, EVENING, openOf } from "./health.ts";

const FROM = minutes(0);

interface Found {
  readonly matches_judged: number;
  readonly matches: number;
  readonly users: number;
  readonly raised: number;
  readonly resolved: number;
}

function detect({ call }: Suite, from = FROM, until = EVENING, now = EVENING): Promise<Found> {
  return call("detect_double_pushes", { p_from: from, p_until: until, p_now: now });
}

/** The first and the second push of one user. */
async function twice(
  suite: Suite,
  match: DueMatch,
  user: string,
  second: Readonly<Record<string, unknown>>,
  both: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const one = { external_user_id: user, device_id: `${user}-phone`, ...both };
  await addEvent(suite, match, one);
  await addEvent(suite, match, { ...one, lateSeconds: 60, ...second });
}

Deno.test(
  "detect_double_pushes() alerts on a user who got two schedules of one match, with counts and at most 10 names",
  withSuite(async (suite) => {
    const match = await addDue(suite, 1, { generation: 2 });
    for (let user = 0; user < 12; user++) {
      await twice(suite, match, `user-${user}`, { generation: 2, device_id: "another" });
    }
    await addEvent(suite, match, { external_user_id: "once" });
    deepStrictEqual(await detect(suite), {
      matches_judged: 1,
      matches: 1,
      users: 12,
      raised: 1,
      resolved: 0,
    });
    const [alert] = await openOf(suite, "double_push");
    const { sample_users, ...details } = alert?.details ?? {};
    deepStrictEqual([alert?.fingerprint, details], ["double_push:1", {
      users: 12,
      sends: 24,
      generations: [1, 2],
      dispatch_ids: ["dispatch-1"],
      first_sent_at: "2024-12-07T14:00:00+00:00",
      last_sent_at: "2024-12-07T14:01:00+00:00",
    }]);
    strictEqual(Array.isArray(sample_users) && sample_users.length, 10);
    const { severity, match_id } = only(
      await suite.sql`select severity, match_id::int from public.alerts`,
    );
    deepStrictEqual([severity, match_id], ["critical", 1]);
  }),
);

for (
  const [what, second, matches] of [
    ["twice, 11 minutes apart", { lateSeconds: 660 }, 1],
    ["twice, 10 minutes apart, as Braze may report a slow send", { lateSeconds: 600 }, 0],
    ["once, and reported again with another time", {
      lateSeconds: 3_600,
      time_kind: "receipt",
    }, 0],
    ["once, and so did another one of the same user", { lateSeconds: 660, device_id: "tablet" }, 0],
  ] as const
) {
  Deno.test(
    `detect_double_pushes() finds ${matches} where no dispatch id is reported and a device got the push ${what}`,
    withSuite(async (suite) => {
      await twice(suite, await addDue(suite, 1), "user", second, { dispatch_id: null });
      strictEqual((await detect(suite)).matches, matches);
    }),
  );
}

Deno.test(
  "detect_double_pushes() alerts on a device that got two dispatches of one match, with or without a user id",
  withSuite(async (suite) => {
    await twice(suite, await addDue(suite, 1), "user", { dispatch_id: "second" });
    await twice(suite, await addDue(suite, 2), "nobody", { dispatch_id: "second" }, {
      external_user_id: null,
    });
    strictEqual((await detect(suite)).matches, 2);
  }),
);

Deno.test(
  "detect_double_pushes() raises nothing for repeated events of one send",
  withSuite(async (suite) => {
    const match = await addDue(suite, 1, { generation: 2 });
    const other = await addDue(suite, 2);
    const user = { external_user_id: "user", device_id: "phone" };
    await addEvent(suite, match, user);
    // Each device of a user, under one dispatch id or several.
    await addEvent(suite, match, { ...user, device_id: "tablet" });
    await addEvent(suite, match, { ...user, device_id: "watch", dispatch_id: "another" });
    // Other users, other dispatch ids.
    await addEvent(suite, match, { dispatch_id: "third" });
    // Repeated events of one send are not a second push.
    for (const event_type of ["open", "bounce", "abort"]) {
      await addEvent(suite, match, { ...user, event_type, generation: 2, dispatch_id: "another" });
    }
    await addEvent(suite, match, { ...user, channel: "webhook", generation: 2 });
    // A guess.
    await addEvent(suite, match, {
      ...user,
      generation: 2,
      confidence: "low",
      correlation_method: "time_window",
    });
    // Without ids.
    await addEvent(suite, match, { ...user, dispatch_id: null, generation: null });
    // The match of the evening.
    await addEvent(suite, other, { ...user, dispatch_id: "of the other" });
    deepStrictEqual(await detect(suite), {
      matches_judged: 2,
      matches: 0,
      users: 0,
      raised: 0,
      resolved: 0,
    });
  }),
);

Deno.test(
  "detect_double_pushes() finds the pair when only its second push lies in the window, and judges no other match",
  withSuite(async (suite) => {
    const match = await addDue(suite, 1, { generation: 2 });
    await twice(suite, match, "user", { generation: 2, lateSeconds: 3 * 3_600 });
    await twice(suite, await addDue(suite, 2, { generation: 2 }), "user", { generation: 2 });
    const found = await detect(suite, minutes(10 * 60), minutes(12 * 60));
    deepStrictEqual([found.matches_judged, found.matches], [1, 1]);
    deepStrictEqual((await openOf(suite, "double_push")).map(({ fingerprint }) => fingerprint), [
      "double_push:1",
    ]);
  }),
);

Deno.test(
  "detect_double_pushes() finds the pair of a match that was moved by days after its first push",
  withSuite(async (suite) => {
    const before = minutes(-5 * 24 * 60);
    const match = await addDue(suite, 1, { generation: 2 });
    const user = { external_user_id: "user" };
    await addEvent(suite, match, { ...user, due: before });
    await addEvent(suite, match, { ...user, generation: 2 });
    await suite.sql`
      update public.braze_schedules set send_at_utc = ${before}, first_event_at = ${before} where generation = 1`;
    strictEqual((await detect(suite)).matches, 1);
    // Both pushes reached the one user.
    await suite.call("refresh_send_counts", { p_from: FROM, p_until: EVENING, p_now: EVENING });
    const row = only(await suite.sql`select actual_send_count from public.schedule_ledger`);
    strictEqual(row.actual_send_count, 1);
  }),
);

Deno.test(
  "detect_double_pushes() raises one alert, counts it up, and resolves it when the events move to another match",
  withSuite(async (suite) => {
    const match = await addDue(suite, 1, { generation: 2 });
    const other = await addDue(suite, 2);
    await twice(suite, match, "user", { generation: 2 });
    strictEqual((await detect(suite)).raised, 1);
    strictEqual((await detect(suite)).raised, 0);
    const [alert] = await openOf(suite, "double_push");
    strictEqual(alert?.occurrences, 2);

    // No event of the match is left, but its open alert is still judged.
    await suite.sql`
      update public.notification_sends set match_id = 2, ledger_id = ${other.ledgerId}`;
    strictEqual((await detect(suite, minutes(20 * 60))).resolved, 0, "not in this window");
    await suite.sql`update public.notification_sends set generation = 1`;
    strictEqual((await detect(suite)).resolved, 1);
    strictEqual((await openOf(suite, "double_push")).length, 0);

    await suite
      .sql`update public.notification_sends set match_id = 1, ledger_id = ${match.ledgerId}`;
    await suite.sql`update public.notification_sends set generation = 2 where sent_at > ${DUE}`;
    strictEqual((await detect(suite)).raised, 1);
  }),
);

Deno.test(
  "detect_double_pushes() reopens a manually closed alert only when the count rises",
  withSuite(async (suite) => {
    const match = await addDue(suite, 1, { generation: 2 });
    await twice(suite, match, "user", { generation: 2 });
    await detect(suite);
    await suite.sql`update public.alerts set resolved_at = ${minutes(20 * 60)}`;
    const again = await detect(suite);
    deepStrictEqual([again.matches, again.raised], [1, 0]);
    await twice(suite, match, "another", { generation: 2 });
    strictEqual((await detect(suite)).raised, 1);
  }),
);

Deno.test(
  "concurrent detect_double_pushes() raise one alert",
  withSuite(async (suite) => {
    await twice(suite, await addDue(suite, 1, { generation: 2 }), "user", { generation: 2 });
    const answers = await Promise.all(Array.from({ length: 6 }, () => detect(suite)));
    strictEqual(answers.reduce((sum, { raised }) => sum + raised, 0), 1);
    strictEqual((await suite.sql`select 1 from public.alerts`).length, 1);
  }),
);
