import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { minutes, only, type Suite, withSuite } from "./fixtures.ts";
import { addDue, addEvent, DUE, type DueMatch, EVENING, openOf, recountAll } from "./health.ts";

/** How many users of all matches got more than one push. */
async function detect(suite: Suite, now = EVENING): Promise<number> {
  const counted = await recountAll(suite, now);
  return counted.reduce((sum, { double_push_users }) => sum + (double_push_users ?? 0), 0);
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
  "detect_double_push() alerts on a user who got two schedules of one match, with counts and at most 10 names",
  withSuite(async (suite) => {
    const match = await addDue(suite, 1, { generation: 2 });
    for (let user = 0; user < 12; user++) {
      await twice(suite, match, `user-${user}`, { generation: 2, device_id: "another" });
    }
    await addEvent(suite, match, { external_user_id: "once" });
    strictEqual(await detect(suite), 12);
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
    `detect_double_push() finds ${matches} where no dispatch id is reported and a device got the push ${what}`,
    withSuite(async (suite) => {
      await twice(suite, await addDue(suite, 1), "user", second, { dispatch_id: null });
      strictEqual(await detect(suite), matches);
    }),
  );
}

Deno.test(
  "detect_double_push() alerts on a device that got two dispatches of one match, with or without a user id",
  withSuite(async (suite) => {
    await twice(suite, await addDue(suite, 1), "user", { dispatch_id: "second" });
    await twice(suite, await addDue(suite, 2), "nobody", { dispatch_id: "second" }, {
      external_user_id: null,
    });
    strictEqual(await detect(suite), 2);
  }),
);

Deno.test(
  "detect_double_push() raises nothing for repeated events of one send",
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
    strictEqual(await detect(suite), 0);
  }),
);

Deno.test(
  "detect_double_push() knows an anonymous user by Braze's user id, on any device",
  withSuite(async (suite) => {
    const match = await addDue(suite, 1, { generation: 2 });
    await twice(suite, match, "user", { generation: 2, device_id: "another" }, {
      external_user_id: null,
      braze_user_id: "b-1",
    });
    strictEqual(await detect(suite), 1);
  }),
);

Deno.test(
  "detect_double_push() judges each intent of a match by itself",
  withSuite(async (suite) => {
    const match = await addDue(suite, 1, { generation: 2, replaced_at: EVENING });
    await twice(suite, match, "user", { generation: 2 });
    const again = only(
      await suite.sql<{ id: string }[]>`
        insert into public.schedule_ledger
          (match_id, intent, campaign_id, generation, signature, send_at_utc, created_at, updated_at)
        select match_id, 2, campaign_id, 2, signature, send_at_utc, created_at, updated_at
        from public.schedule_ledger returning id`,
    );
    strictEqual(await detect(suite), 1);
    await twice(suite, { matchId: 1, ledgerId: again.id }, "user", { generation: 2 });
    strictEqual(await detect(suite), 2);
    deepStrictEqual((await openOf(suite, "double_push")).map(({ fingerprint }) => fingerprint), [
      "double_push:1",
      "double_push:1:2",
    ]);
  }),
);

Deno.test(
  "detect_double_push() finds the pair of a match that was moved by days after its first push",
  withSuite(async (suite) => {
    const before = minutes(-5 * 24 * 60);
    const match = await addDue(suite, 1, { generation: 2, created_at: minutes(-6 * 24 * 60) });
    const user = { external_user_id: "user" };
    await addEvent(suite, match, { ...user, due: before });
    await addEvent(suite, match, { ...user, generation: 2 });
    await suite.sql`
      update public.braze_schedules set send_at_utc = ${before}, first_event_at = ${before} where generation = 1`;
    strictEqual(await detect(suite), 1);
    // Both pushes reached the one user.
    const row = only(await suite.sql`select actual_send_count from public.schedule_ledger`);
    strictEqual(row.actual_send_count, 1);
  }),
);

Deno.test(
  "detect_double_push() raises one alert, counts it up, and resolves it when the events move to another match",
  withSuite(async (suite) => {
    const match = await addDue(suite, 1, { generation: 2 });
    const other = await addDue(suite, 2);
    await twice(suite, match, "user", { generation: 2 });
    await detect(suite);
    await detect(suite);
    const [alert] = await openOf(suite, "double_push");
    strictEqual(alert?.occurrences, 2);

    await suite.sql`
      update public.notification_sends set match_id = 2, ledger_id = ${other.ledgerId}, generation = 1`;
    strictEqual(await detect(suite), 0);
    strictEqual((await openOf(suite, "double_push")).length, 0);

    await suite
      .sql`update public.notification_sends set match_id = 1, ledger_id = ${match.ledgerId}`;
    await suite.sql`update public.notification_sends set generation = 2 where sent_at > ${DUE}`;
    await detect(suite);
    strictEqual((await openOf(suite, "double_push")).length, 1);
  }),
);

Deno.test(
  "detect_double_push() reopens a manually closed alert only when the numbers change",
  withSuite(async (suite) => {
    const match = await addDue(suite, 1, { generation: 2 });
    await twice(suite, match, "user", { generation: 2 });
    await detect(suite);
    await suite.sql`update public.alerts set resolved_at = ${minutes(20 * 60)}`;
    strictEqual(await detect(suite), 1);
    strictEqual((await openOf(suite, "double_push")).length, 0);
    await twice(suite, match, "another", { generation: 2 });
    await detect(suite);
    strictEqual((await openOf(suite, "double_push")).length, 1);
  }),
);

Deno.test(
  "concurrent recount_match() raise one alert",
  withSuite(async (suite) => {
    await twice(suite, await addDue(suite, 1, { generation: 2 }), "user", { generation: 2 });
    await Promise.all(Array.from({ length: 6 }, () => detect(suite)));
    strictEqual((await suite.sql`select 1 from public.alerts`).length, 1);
  }),
);
