import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  close,
  minutes,
  NOW,
  only,
  openCreate,
  scheduledMatch,
  seconds,
  type Suite,
  withSuite,
} from "./fixtures.ts";
import { openUpdate } from "./changes.ts";
import { queue, queued } from "./rejudging.ts";

/** Matches send 540 minutes after NOW. */
const SEND_AT = minutes(540);
const MOVED_TO = minutes(600);

async function times({ sql }: Suite) {
  const rows = await sql`
    select generation, send_at_utc, left_at from private.schedule_times order by generation, send_at_utc`;
  return rows.map(({ generation, send_at_utc, left_at }) => [generation, send_at_utc, left_at]);
}

const deletedAt = async ({ sql }: Suite) =>
  only(await sql`select deleted_at from public.braze_schedules`).deleted_at;

Deno.test(
  "keep_schedule_times() keeps the time of a new schedule, also of one that Braze has not answered",
  withSuite(async (suite) => {
    const { runId } = await scheduledMatch(suite);
    await suite.sql`update public.braze_schedules set state = 'deleted'`;
    await openCreate(suite, runId, 1001, { p_send_at: MOVED_TO });
    deepStrictEqual(await times(suite), [[1, SEND_AT, null], [2, MOVED_TO, null]]);
  }),
);

for (
  const [outcome, expected] of [
    ["succeeded", [[1, SEND_AT, seconds(9)], [1, MOVED_TO, null]]],
    ["failed", [[1, SEND_AT, null], [1, MOVED_TO, seconds(9)]]],
    ["unknown", [[1, SEND_AT, null], [1, MOVED_TO, null]]],
  ] as const
) {
  Deno.test(
    `keep_schedule_times() keeps both times of a move that ${outcome}, and since when one is left`,
    withSuite(async (suite) => {
      const target = await scheduledMatch(suite);
      const { attempt_id } = await openUpdate(suite, target);
      deepStrictEqual(await times(suite), [[1, SEND_AT, null], [1, MOVED_TO, null]], "under way");
      await close(suite, attempt_id, outcome, {}, seconds(9));
      deepStrictEqual(await times(suite), expected);
    }),
  );
}

Deno.test(
  "keep_schedule_times() takes a time up again that the schedule had left",
  withSuite(async (suite) => {
    await scheduledMatch(suite);
    const move = (at: Date, now: Date) =>
      suite.sql`update public.braze_schedules set send_at_utc = ${at}, updated_at = ${now}`;
    await move(MOVED_TO, seconds(1));
    await move(SEND_AT, seconds(2));
    deepStrictEqual(await times(suite), [[1, SEND_AT, null], [1, MOVED_TO, seconds(2)]]);
  }),
);

Deno.test(
  "keep_schedule_times() notes when a schedule was deleted, once, also under a proof",
  withSuite(async (suite) => {
    await scheduledMatch(suite);
    const set = (fields: Record<string, unknown>) =>
      suite.sql`update public.braze_schedules set ${suite.sql(fields)}`;
    await set({ state: "deleting", updated_at: seconds(1) });
    strictEqual(await deletedAt(suite), null);
    await set({ state: "completed", state_before_proof: "deleted", updated_at: seconds(2) });
    deepStrictEqual(await deletedAt(suite), seconds(2));
    await set({ state: "deleted", state_before_proof: null, updated_at: seconds(3) });
    deepStrictEqual(await deletedAt(suite), seconds(2));
    await set({ state: "live", updated_at: seconds(4) });
    strictEqual(await deletedAt(suite), null, "it is back");
    await set({ state: "deleted", updated_at: seconds(5) });
    deepStrictEqual(await deletedAt(suite), seconds(5));
  }),
);

Deno.test(
  "keep_schedule_times() has events judged again that a changed schedule may explain",
  withSuite(async (suite) => {
    const { ledger_id } = await scheduledMatch(suite);
    const asked = async (fields: Record<string, unknown>) => {
      await queue(suite, [], NOW);
      await suite.sql`update public.braze_schedules set ${suite.sql(fields)}`;
      return await queued(suite);
    };
    const always = [`ledger ${ledger_id}`, "schedule_id schedule-1001-1"];
    deepStrictEqual(await asked({ moving_to_utc: MOVED_TO }), always);
    deepStrictEqual(await asked({ state: "deleted" }), always);
    deepStrictEqual(await asked({ listed_at: NOW }), [], "no verdict depends on it");
    deepStrictEqual(await asked({ state: "live" }), always);
    deepStrictEqual(await asked({ state: "completed" }), [], "it was live");
    // Events near a time are judged again only when there can be any.
    const [first, second, ...more] = await asked({ updated_at: minutes(526), moving_to_utc: null });
    deepStrictEqual([first, second, more.length], [...always, 1]);
    deepStrictEqual(more[0]?.startsWith("time "), true);
  }),
);

Deno.test(
  "keep_schedule_times() has the events of a campaign judged again when its first schedule is made",
  withSuite(async (suite) => {
    const { runId } = await scheduledMatch(suite);
    deepStrictEqual((await queued(suite)).filter((fact) => fact.startsWith("campaign")), [
      "campaign campaign-1",
    ]);
    await queue(suite, [], NOW);
    await suite.sql`update public.braze_schedules set state = 'deleted'`;
    await openCreate(suite, runId, 1001);
    deepStrictEqual((await queued(suite)).filter((fact) => fact.startsWith("campaign")), []);
  }),
);
