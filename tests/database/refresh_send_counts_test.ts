import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { minutes, type Suite, withSuite } from "./fixtures.ts";
import { addDue, addEvent, EVENING } from "./health.ts";

function refresh({ call }: Suite, now = EVENING): Promise<number> {
  return call("refresh_send_counts", { p_from: minutes(0), p_until: minutes(24 * 60), p_now: now });
}

async function counts({ sql }: Suite): Promise<unknown[]> {
  const rows = await sql`
    select actual_send_count, send_count_delta from public.schedule_ledger order by match_id`;
  return rows.map((row) => [row.actual_send_count, row.send_count_delta]);
}

Deno.test(
  "refresh_send_counts() counts a user once over all devices and schedules, and omits low confidence",
  withSuite(async (suite) => {
    const match = await addDue(suite, 1, { generation: 2, expected_send_count: 10 });
    const user = { external_user_id: "user" };
    await addEvent(suite, match, user);
    await addEvent(suite, match, user);
    await addEvent(suite, match, { ...user, generation: 2 });
    await addEvent(suite, match, { external_user_id: null, device_id: "phone" });
    await addEvent(suite, match, { external_user_id: "opened", event_type: "open" });
    await addEvent(suite, match, { confidence: "low", correlation_method: "time_window" });
    strictEqual(await refresh(suite), 1);
    strictEqual(await refresh(suite), 0, "nothing changed since");
    deepStrictEqual(await counts(suite), [[2, -8]]);
  }),
);

Deno.test(
  "refresh_send_counts() stores 0 for a due match without events, and nothing for one that is cancelled or not due",
  withSuite(async (suite) => {
    await addDue(suite, 1);
    await addDue(suite, 2, { status: "cancelled", cancel_reason: "plan" });
    await addDue(suite, 3, { send_at_utc: minutes(23 * 60) });
    const sentAllTheSame = await addDue(suite, 4, { status: "cancelled", cancel_reason: "plan" });
    await addEvent(suite, sentAllTheSame);
    await refresh(suite);
    deepStrictEqual(await counts(suite), [[0, null], [null, null], [null, null], [1, null]]);
  }),
);

Deno.test(
  "refresh_send_counts() decreases when an attribution changes, and not when events are pruned",
  withSuite(async (suite) => {
    const match = await addDue(suite, 1);
    await addEvent(suite, match);
    await refresh(suite);
    await addDue(suite, 2, { actual_send_count: 900, send_at_utc: minutes(1) });
    await suite.sql`
      update public.notification_sends set match_id = null, ledger_id = null, confidence = 'none'`;
    await suite.sql`delete from private.event_partitions where starts_at < ${minutes(2)}`;
    strictEqual(await refresh(suite), 0, "before the first partition nothing is counted");
    await suite.sql`insert into private.event_partitions values (${minutes(2)}, ${EVENING}, 'p')`;
    strictEqual(await refresh(suite), 1);
    deepStrictEqual(await counts(suite), [[0, null], [900, null]]);
  }),
);
