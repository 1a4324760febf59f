import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { minutes, scheduledMatch, withSuite } from "./fixtures.ts";

Deno.test(
  "a pending push is expected to reach what was measured last, a past one what was measured before it",
  withSuite(async (suite) => {
    const { sql, call } = suite;
    await scheduledMatch(suite);
    await sql`
      insert into public.teams (name, braze_attribute_value) values ('Home 1001', 'h'), ('Away 1001', 'a')`;
    const store = (now: Date, ...sizes: (readonly [string, number])[]) =>
      call<number>("store_audience_sizes", {
        p_sizes: sizes.map(([name, size]) => ({ name, size })),
        p_now: now,
      });
    const expected = async () => {
      const [row] = await sql`
        select expected_send_count, expected_send_count_min, expected_send_count_max from public.schedule_ledger`;
      return Object.values(row!);
    };
    strictEqual(await store(minutes(1), ["Home 1001", 300], ["Nobody", 1]), 1);
    deepStrictEqual(await expected(), [null, 300, null]);
    await store(minutes(2), ["Away 1001", 500]);
    deepStrictEqual(await expected(), [800, 500, 800]);
    await sql`update public.teams set notify = false where name = 'Away 1001'`;
    await store(minutes(3), ["Home 1001", 310]);
    deepStrictEqual(await expected(), [310, 310, 310]);
    await store(minutes(540), ["Home 1001", 900]);
    deepStrictEqual(await expected(), [310, 310, 310]);
  }),
);

Deno.test(
  "before a send its teams are measured again, once in six hours",
  withSuite(async (suite) => {
    const { sql, call } = suite;
    await scheduledMatch(suite);
    await sql`
      insert into public.teams (name, braze_attribute_value, braze_segment_id)
      values ('Home 1001', 'h', 's-h'), ('Elsewhere', 'e', 's-e')`;
    const names = async (now: Date, sendsUntil: Date | null) =>
      (await call<{ name: string }[]>("teams_to_measure", {
        p_now: now,
        p_sends_until: sendsUntil,
      }))
        .map(({ name }) => name);
    deepStrictEqual(await names(minutes(0), null), ["Elsewhere", "Home 1001"]);
    deepStrictEqual(await names(minutes(0), minutes(541)), ["Home 1001"]);
    deepStrictEqual(await names(minutes(0), minutes(540)), []);
    await call("store_audience_sizes", {
      p_sizes: [{ name: "Home 1001", size: 1 }],
      p_now: minutes(0),
    });
    deepStrictEqual(await names(minutes(360), minutes(541)), []);
    deepStrictEqual(await names(minutes(361), minutes(541)), ["Home 1001"]);
  }),
);
