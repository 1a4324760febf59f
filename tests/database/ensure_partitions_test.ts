import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { event, ingest } from "./events.ts";
import { only, type Sql, type Suite, withSuite } from "./fixtures.ts";

/** Far from the partitions that the migration makes for today. */
const LEAP_DAY = "2028-02-29T12:00:00Z";

async function ensure({ sql }: Suite, now: string): Promise<number> {
  const [row] = await sql`select private.ensure_partitions(${now}) as made`;
  return Number(row?.made);
}

async function partitions({ sql }: Suite, year: string): Promise<unknown[]> {
  const rows = await sql`
    select partition_name, starts_at, ends_at from private.event_partitions
    where partition_name like ${`notification_sends_${year}%`} order by starts_at`;
  return rows.map(({ partition_name, starts_at, ends_at }) => [
    partition_name.replace("notification_sends_", ""),
    starts_at.toISOString().slice(0, 10),
    ends_at.toISOString().slice(0, 10),
  ]);
}

Deno.test(
  "ensure_partitions() creates whole UTC months from one behind to three ahead, once",
  withSuite(async (suite) => {
    await suite.sql`select set_config('timezone', 'Asia/Tokyo', false)`;
    strictEqual(await ensure(suite, LEAP_DAY), 5);
    deepStrictEqual(await partitions(suite, "2028"), [
      ["202801", "2028-01-01", "2028-02-01"],
      ["202802", "2028-02-01", "2028-03-01"],
      ["202803", "2028-03-01", "2028-04-01"],
      ["202804", "2028-04-01", "2028-05-01"],
      ["202805", "2028-05-01", "2028-06-01"],
    ]);
    strictEqual(await ensure(suite, LEAP_DAY), 0);
    strictEqual(await ensure(suite, "2028-03-01T00:00:00Z"), 1, "one month on, one more");
  }),
);

Deno.test(
  "ensure_partitions() creates days if the settings say so, as many as they say",
  withSuite(async (suite) => {
    await suite.sql`
      update private.settings
      set partition_by = 'day', partitions_ahead = 2, partitions_behind = 0`;
    strictEqual(await ensure(suite, LEAP_DAY), 3);
    deepStrictEqual(await partitions(suite, "2028"), [
      ["20280229", "2028-02-29", "2028-03-01"],
      ["20280301", "2028-03-01", "2028-03-02"],
      ["20280302", "2028-03-02", "2028-03-03"],
    ]);
  }),
);

Deno.test(
  "ensure_partitions() continues after the last month when it changes to days, and the reverse",
  withSuite(async (suite) => {
    await suite.sql`
      update private.settings set partitions_ahead = 1, partitions_behind = 0`;
    await ensure(suite, LEAP_DAY);
    await suite.sql`update private.settings set partition_by = 'day'`;
    strictEqual(await ensure(suite, "2028-03-30T00:00:00Z"), 0, "March is there as a month");
    strictEqual(await ensure(suite, "2028-03-31T00:00:00Z"), 1);
    await suite.sql`update private.settings set partition_by = 'month'`;
    // April has daily partitions already, so one partition for its remaining days replaces the month.
    strictEqual(await ensure(suite, "2028-04-01T00:00:00Z"), 2);
    deepStrictEqual(await partitions(suite, "2028"), [
      ["202802", "2028-02-01", "2028-03-01"],
      ["202803", "2028-03-01", "2028-04-01"],
      ["20280401", "2028-04-01", "2028-04-02"],
      ["20280402", "2028-04-02", "2028-05-01"],
      ["202805", "2028-05-01", "2028-06-01"],
    ]);
  }),
);

Deno.test(
  "ensure_partitions() gives each partition row level security, and the indexes of its parent",
  withSuite(async (suite) => {
    await ensure(suite, LEAP_DAY);
    const table = only(
      await suite.sql`
        select relrowsecurity, relispartition,
          (select count(*)::int from pg_index where indrelid = pg_class.oid) as indexes,
          (select count(*)::int from pg_index
            where indrelid = 'public.notification_sends'::regclass) as indexes_of_parent
        from pg_class where oid = 'private.notification_sends_202802'::regclass`,
    );
    strictEqual(table.relrowsecurity, true);
    strictEqual(table.relispartition, true);
    strictEqual(table.indexes, table.indexes_of_parent);
    const privileges = await suite.sql`
      select role from unnest(array['anon', 'authenticated', 'service_role']) as role
      where has_table_privilege(role, 'private.notification_sends_202802',
        'select, insert, update, delete, truncate, references, trigger')`;
    deepStrictEqual([...privileges], [], "it is reached through its parent only");
  }),
);

Deno.test(
  "ensure_partitions() creates the partition of events that had none",
  withSuite(async (suite) => {
    const leap = event("leap", { sent_at: new Date(LEAP_DAY) });
    strictEqual((await ingest(suite, { events: [leap] })).rejected, 1);
    await ensure(suite, LEAP_DAY);
    strictEqual((await ingest(suite, { events: [leap] })).recorded, 1);
  }),
);

Deno.test(
  "ensure_partitions() called twice concurrently creates each partition once",
  withSuite(async (suite) => {
    const made = await Promise.all([ensure(suite, LEAP_DAY), ensure(suite, LEAP_DAY)]);
    deepStrictEqual(made.sort(), [0, 5]);
  }),
);

/** A statement of another session that waits for a lock longer than this is held up. */
const LOCK_TIMEOUT = "200ms";

Deno.test(
  "ensure_partitions() neither waits for a running insert nor blocks one",
  withSuite(async ({ sql }) => {
    await inTwoSessions(sql, async (webhook, cron) => {
      await webhook.unsafe("begin");
      await insertEvent(webhook, "before");
      await cron.unsafe(`begin; set local lock_timeout = '${LOCK_TIMEOUT}'`);
      await cron`select private.ensure_partitions(${LEAP_DAY})`;

      // Not yet committed: an insert at this time must not wait.
      await webhook.unsafe(`set local lock_timeout = '${LOCK_TIMEOUT}'`);
      await insertEvent(webhook, "during");
      await webhook.unsafe("commit");
      await cron.unsafe("commit");
      await insertEvent(webhook, "after");
    });
    strictEqual((await sql`select 1 from public.notification_sends`).length, 3);
  }),
);

Deno.test(
  "a partition that is created in place does block inserts, which the test above would detect",
  withSuite(async ({ sql }) => {
    await inTwoSessions(sql, async (webhook, cron) => {
      await cron.unsafe(`
        begin;
        create table private.in_place partition of public.notification_sends
          for values from ('2028-02-01') to ('2028-03-01')`);
      await webhook.unsafe(`begin; set local lock_timeout = '${LOCK_TIMEOUT}'`);
      await rejects(insertEvent(webhook, "held up"), { code: "55P03" });
      await webhook.unsafe("rollback");
      await cron.unsafe("rollback");
    });
  }),
);

async function inTwoSessions(
  sql: Sql,
  run: (one: Sql, other: Sql) => Promise<void>,
): Promise<void> {
  const [one, other] = [await sql.reserve(), await sql.reserve()];
  try {
    await run(one, other);
  } finally {
    one.release();
    other.release();
  }
}

async function insertEvent(session: Sql, id: string): Promise<void> {
  await session`
    insert into public.notification_sends
      (sent_at, event_id, event_type, channel, received_at, time_kind, correlation_method, confidence,
        raw_payload)
    values ('2024-12-07', ${id}, 'send', 'push', '2024-12-07', 'send', 'no_candidate', 'none', '{}')`;
}
