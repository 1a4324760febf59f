import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { addMinutes } from "date-fns";
import { type Suite, withSuite } from "./fixtures.ts";
import { addDue, addEvent, DUE, type DueMatch, recountAll } from "./health.ts";

const after = (count: number) => addMinutes(DUE, count);

async function judge(suite: Suite, now = after(60)): Promise<unknown> {
  await recountAll(suite, now);
  return await suite.call("raise_number_harms", { p_now: now });
}

async function open({ sql }: Suite): Promise<[string, string, string][]> {
  const rows = await sql<{ fingerprint: string; severity: string; title: string; kind: string }[]>`
    select fingerprint, severity, title, kind from public.alerts where resolved_at is null order by fingerprint`;
  strictEqual(rows.every(({ kind }) => kind === "harm"), true);
  return rows.map(({ fingerprint, severity, title }) => [
    fingerprint,
    severity,
    title.replace("Match 1 Home 1–Away 1: ", ""),
  ]);
}

async function add(
  suite: Suite,
  match: DueMatch,
  count: number,
  fields: Parameters<typeof addEvent>[2] = {},
): Promise<void> {
  for (let index = 0; index < count; index++) await addEvent(suite, match, fields);
}

const abort = (abort_type: string) => ({
  event_type: "abort",
  time_kind: "occurrence",
  raw_payload: { properties: { abort_type } },
});

/** Expected to reach 100 users or more; Braze was asked for its count after an hour. */
const EXPECTED = {
  expected_send_count_min: 100,
  expected_send_count_max: 150,
  expected_source: "teams.audience_size",
  status: "sent",
  sent_evidence: "push",
  sent_confirmed_at: DUE,
  statistics_at: after(50),
};

Deno.test(
  "a push that reached fewer users than expected is a harm, beyond the limit and from three quarters of an hour on",
  withSuite(async (suite) => {
    const match = await addDue(suite, 1, { ...EXPECTED, braze_reported_count: 90 });
    await add(suite, match, 90);
    await judge(suite);
    deepStrictEqual(await open(suite), []);
    await suite.sql`delete from public.notification_sends where external_user_id = (
      select max(external_user_id) from public.notification_sends)`;
    await judge(suite, after(44));
    deepStrictEqual(await open(suite), []);
    await judge(suite);
    deepStrictEqual(await open(suite), [[
      "push_short:1:1:1",
      "warning",
      "89 users were reached, at least 100 were expected",
    ]]);
    // Those that Braze aborted on purpose are told by their own rule.
    await add(suite, match, 1, abort("quiet_hours"));
    deepStrictEqual(await judge(suite), { raised: 0, resolved: 1 });
  }),
);

for (
  const [what, fields] of [
    ["whose events are missing", { braze_reported_count: 100 }],
    ["of which Braze gave no count yet", { braze_reported_count: null }],
    ["of which Braze gave its count too early", { statistics_at: after(44) }],
    ["of which nothing is expected", { expected_send_count_min: null }],
    ["that was called off", {
      status: "cancelled",
      cancel_reason: "plan",
      sent_evidence: null,
      sent_confirmed_at: null,
    }],
  ] as const
) {
  Deno.test(
    `a push ${what} is not called short`,
    withSuite(async (suite) => {
      const match = await addDue(suite, 1, { ...EXPECTED, braze_reported_count: 50, ...fields });
      await add(suite, match, 50);
      await judge(suite);
      deepStrictEqual(await open(suite), []);
    }),
  );
}

Deno.test(
  "a push is short without Braze's count when no more events can come, and while Braze sends on it is not judged",
  withSuite(async (suite) => {
    const match = await addDue(suite, 1, EXPECTED);
    await add(suite, match, 40);
    await judge(suite, after(24 * 60 - 1));
    deepStrictEqual(await open(suite), []);
    await add(suite, match, 1, { lateSeconds: 23.9 * 3_600 });
    await judge(suite, after(24 * 60));
    deepStrictEqual(await open(suite), []);
    await judge(suite, after(25 * 60));
    deepStrictEqual((await open(suite)).map(([, severity]) => severity), ["critical"]);
  }),
);

Deno.test(
  "bounces are a harm beyond their share, of enough users",
  withSuite(async (suite) => {
    const match = await addDue(suite, 1);
    await add(suite, match, 19);
    await add(suite, match, 6, { event_type: "bounce" });
    await judge(suite, after(5));
    deepStrictEqual(await open(suite), []);
    await add(suite, match, 1);
    await judge(suite, after(5));
    deepStrictEqual(await open(suite), [[
      "push_bounced:1:1:1",
      "warning",
      "the push bounced for 6 of 20 users",
    ]]);
    await add(suite, match, 10);
    deepStrictEqual(await judge(suite, after(5)), { raised: 0, resolved: 1 });
  }),
);

Deno.test(
  "where Braze aborted every push it is said so, with Braze's reasons, and for a share of them too",
  withSuite(async (suite) => {
    const match = await addDue(suite, 1);
    await add(suite, match, 3, abort("frequency_capped"));
    await judge(suite, after(5));
    deepStrictEqual(await open(suite), [[
      "push_aborted:1:1:1",
      "critical",
      "nobody was pushed: 3 aborts, frequency_capped",
    ]]);
    await add(suite, match, 2, abort("quiet_hours"));
    await judge(suite, after(5));
    strictEqual(
      (await open(suite))[0]?.[2],
      "nobody was pushed: 5 aborts, 3 frequency_capped, 2 quiet_hours",
    );
    await add(suite, match, 15);
    await judge(suite, after(5));
    deepStrictEqual((await open(suite))[0], [
      "push_aborted:1:1:1",
      "warning",
      "5 of 20 users got no push, since Braze aborted it: 3 frequency_capped, 2 quiet_hours",
    ]);
    await add(suite, match, 5);
    deepStrictEqual(await judge(suite, after(5)), { raised: 0, resolved: 1 });
  }),
);

Deno.test(
  "aborts of an older schedule, of a held one and of a match that is off are wanted",
  withSuite(async (suite) => {
    await add(suite, await addDue(suite, 1, { generation: 2 }), 30, abort("liquid_abort_message"));
    const held = await addDue(suite, 2);
    await suite.sql`
      insert into private.schedule_holds (ledger_id, generation, users, held_at)
      values (${held.ledgerId}, 1, 10, ${DUE})`;
    const off = await addDue(suite, 3);
    await suite.sql`update public.matches set status = 'postponed' where id = 3`;
    for (const match of [held, off]) await add(suite, match, 30, abort("liquid_abort_message"));
    await judge(suite);
    deepStrictEqual(await open(suite), []);
  }),
);

Deno.test(
  "Braze is late when it sends half of the pushes late, and critical after the kick-off",
  withSuite(async (suite) => {
    const match = await addDue(suite, 1);
    await add(suite, match, 10);
    await add(suite, match, 10, { lateSeconds: 901 });
    await judge(suite, after(20));
    deepStrictEqual(await open(suite), []);
    await add(suite, match, 1, { lateSeconds: 1_560 });
    await judge(suite, after(30));
    deepStrictEqual(await open(suite), [[
      "push_late:1:1:1",
      "warning",
      "Braze sent half of the pushes more than 15 minutes late (due 2024-12-07 14:00 UTC)",
    ]]);
    await add(suite, match, 60, { lateSeconds: 3_600 });
    await judge(suite, after(90));
    deepStrictEqual((await open(suite))[0]?.[1], "critical");
  }),
);

Deno.test(
  "a harm that a person closed is not raised again, one that events disproved is",
  withSuite(async (suite) => {
    const match = await addDue(suite, 1);
    await add(suite, match, 20);
    await add(suite, match, 20, { event_type: "bounce" });
    deepStrictEqual(await judge(suite), { raised: 1, resolved: 0 });
    deepStrictEqual(await judge(suite), { raised: 0, resolved: 0 });
    await suite.sql`update public.alerts set resolved_at = ${after(61)}`;
    deepStrictEqual(await judge(suite, after(62)), { raised: 0, resolved: 0 });
    await suite.sql`update public.alerts set details = '{"no_longer_seen": true}'`;
    deepStrictEqual(await judge(suite, after(63)), { raised: 1, resolved: 0 });
  }),
);

Deno.test(
  "more events than Braze counts are a harm, from statistics of six hours after the send on",
  withSuite(async (suite) => {
    const asked = async (reported: number, minutes: number) => {
      await suite.sql`
        update public.schedule_ledger
        set braze_reported_count = ${reported}, statistics_at = ${after(minutes)}`;
      await judge(suite, after(minutes));
      return await open(suite);
    };
    const match = await addDue(suite, 1, { ...EXPECTED, expected_send_count_min: null });
    await add(suite, match, 420);
    // They may be late, or this send id is none that Braze counts.
    deepStrictEqual(await asked(300, 359), []);
    deepStrictEqual(await asked(0, 360), []);
    // Equality is not promised.
    deepStrictEqual(await asked(400, 360), []);
    deepStrictEqual(await asked(399, 360), [[
      "push_surplus:1:1:1",
      "warning",
      "420 push events are tied to it, but Braze counts 399 pushes of its send id: the others are of another push",
    ]]);
    deepStrictEqual((await asked(210, 390)).map(([, severity]) => severity), ["critical"]);
    deepStrictEqual(await asked(420, 420), []);
  }),
);
