import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { ingest, reject } from "./events.ts";
import { minutes, NOW, type Suite, withSuite } from "./fixtures.ts";
import { openOf } from "./health.ts";

async function beat({ sql }: Suite, now: Date): Promise<{ raised: number; resolved: number }> {
  const [row] = await sql<{ changes: { raised: number; resolved: number } }[]>`
    select private.heartbeat(${now}) as changes`;
  if (row === undefined) throw new Error("Cannot beat: no answer came");
  return row.changes;
}

/** Watches only the scheduler, installed at NOW, as if it ran every quarter of an hour. */
async function watchScheduler({ sql }: Suite): Promise<void> {
  await sql`delete from private.job_periods where function_name <> 'braze-scheduler'`;
  await sql`update private.job_periods set watched_since = ${NOW}, period = '15 minutes'`;
}

async function addRun(
  { sql }: Suite,
  calledAt: Date,
  outcome: string,
  fields: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const run = {
    function_name: "braze-scheduler",
    caller: "secret_key",
    outcome,
    called_at: calledAt,
    finished_at: calledAt,
    ...fields,
  };
  await sql`insert into public.job_runs ${sql(run)}`;
}

async function stalled(suite: Suite): Promise<string[]> {
  return (await openOf(suite, "function_stalled")).map(({ fingerprint }) => fingerprint);
}

const STALLED = ["function_stalled:braze-scheduler"];

Deno.test(
  "heartbeat() watches the five timed functions, each by its own period",
  withSuite(async (suite) => {
    await suite.sql`update private.job_periods set watched_since = ${NOW}`;
    strictEqual((await beat(suite, minutes(10))).raised, 0);
    const raisedAt = async (minute: number) => {
      await beat(suite, minutes(minute));
      return (await stalled(suite)).map((fingerprint) => fingerprint.split(":")[1]);
    };
    deepStrictEqual(await raisedAt(11), ["braze-preflight-check", "braze-scheduler"]);
    deepStrictEqual(await raisedAt(60), ["braze-preflight-check", "braze-scheduler"]);
    deepStrictEqual(await raisedAt(61), [
      "braze-preflight-check",
      "braze-reconcile",
      "braze-scheduler",
    ]);
    strictEqual((await raisedAt(121)).length, 4);
    strictEqual((await raisedAt(2 * 1_440)).length, 4);
    deepStrictEqual((await raisedAt(2 * 1_440 + 1)).at(-1), "webhook-health-rollup");
  }),
);

Deno.test(
  "heartbeat() alerts after twice the period without a success, once, and resolves it with the next one",
  withSuite(async (suite) => {
    await watchScheduler(suite);
    await addRun(suite, minutes(15), "succeeded");
    await addRun(suite, minutes(30), "failed", { error: "boom" });
    await addRun(suite, minutes(45), "lost");
    strictEqual((await beat(suite, minutes(45))).raised, 0);
    deepStrictEqual(await beat(suite, minutes(46)), { raised: 1, resolved: 0 });
    deepStrictEqual(await beat(suite, minutes(51)), { raised: 0, resolved: 0 });
    const [alert] = await openOf(suite, "function_stalled");
    deepStrictEqual([alert?.fingerprint, alert?.occurrences, alert?.details.last_outcome], [
      STALLED[0],
      2,
      "lost",
    ]);
    const [row] = await suite.sql`select severity, audience from public.alerts`;
    deepStrictEqual([row?.severity, row?.audience], ["critical", "engineering"]);

    await addRun(suite, minutes(60), "partial");
    deepStrictEqual(await beat(suite, minutes(61)), { raised: 0, resolved: 1 });
  }),
);

Deno.test(
  "heartbeat() does not count a dry run, or a skipped, failed or unanswered call, as a success",
  withSuite(async (suite) => {
    await watchScheduler(suite);
    await addRun(suite, NOW, "succeeded");
    await addRun(suite, minutes(20), "succeeded", { dry_run: true });
    for (const outcome of ["skipped", "failed", "called", "lost"]) {
      await addRun(suite, minutes(25), outcome, { finished_at: null });
    }
    await beat(suite, minutes(31));
    deepStrictEqual(await stalled(suite), STALLED);
  }),
);

Deno.test(
  "heartbeat() counts a function that never succeeded from its first call, or from when it was first watched",
  withSuite(async (suite) => {
    await watchScheduler(suite);
    await beat(suite, minutes(30));
    deepStrictEqual(await stalled(suite), []);
    await addRun(suite, minutes(40), "called", { finished_at: null });
    await beat(suite, minutes(70));
    deepStrictEqual(await stalled(suite), []);
    await beat(suite, minutes(71));
    deepStrictEqual(await stalled(suite), STALLED);
  }),
);

Deno.test(
  "heartbeat() drops a function that is no longer watched",
  withSuite(async (suite) => {
    await watchScheduler(suite);
    await beat(suite, minutes(31));
    await suite.sql`delete from private.job_periods`;
    strictEqual((await beat(suite, minutes(36))).resolved, 1);
  }),
);

async function addAnswer(
  suite: Suite,
  id: number,
  answer: Readonly<Record<string, unknown>>,
  calledAt = NOW,
): Promise<void> {
  await addRun(suite, calledAt, "called", { request_id: id, function_name: `function-${id}` });
  const row = {
    id,
    status_code: null,
    timed_out: false,
    error_msg: null,
    created: calledAt,
    ...answer,
  };
  await suite.sql`insert into net._http_response ${suite.sql(row)}`;
}

Deno.test(
  "heartbeat() alerts on calls that timed out, broke or were not answered with 2xx, and ignores calls of other applications",
  withSuite(async (suite) => {
    await watchScheduler(suite);
    await addAnswer(suite, 1, { status_code: 202 });
    await addAnswer(suite, 2, { status_code: 200 });
    await suite
      .sql`insert into net._http_response (id, status_code, created) values (99, 500, ${NOW})`;
    strictEqual((await beat(suite, minutes(1))).raised, 0);

    await addAnswer(suite, 3, { status_code: 401 });
    await addAnswer(suite, 4, { timed_out: true, error_msg: "Timeout of 10000 ms reached" });
    await addAnswer(suite, 5, { error_msg: "Couldn't connect to server", timed_out: null });
    await addAnswer(suite, 6, { status_code: 503 });
    strictEqual((await beat(suite, minutes(1))).raised, 1);
    const [alert] = await openOf(suite, "pg_net_failures");
    deepStrictEqual(alert?.details, {
      failures: 4,
      timed_out: 1,
      status_codes: [401, 503],
      functions: ["function-3", "function-4", "function-5", "function-6"],
      an_error: "Timeout of 10000 ms reached",
      last_at: "2024-12-07T06:00:00+00:00",
    });

    strictEqual((await beat(suite, minutes(20))).raised, 0);
    strictEqual((await openOf(suite, "pg_net_failures"))[0]?.occurrences, 2);
  }),
);

Deno.test(
  "heartbeat() does not take an answer to another request for one of ours, when pg_net counts from 1 again",
  withSuite(async (suite) => {
    await suite.sql`delete from private.job_periods`;
    await addRun(suite, NOW, "called", { request_id: 7, function_name: "function-7" });
    // After a crash: the id of our call again, for a request of another application.
    await suite
      .sql`insert into net._http_response (id, status_code, created) values (7, 500, ${
      minutes(30)
    })`;
    strictEqual((await beat(suite, minutes(31))).raised, 0);
    await suite
      .sql`insert into net._http_response (id, status_code, created) values (7, 500, ${
      minutes(1)
    })`;
    strictEqual((await beat(suite, minutes(31))).raised, 1);
    deepStrictEqual((await openOf(suite, "pg_net_failures"))[0]?.details.failures, 1);
  }),
);

Deno.test(
  "heartbeat() resolves failures of calls once its window has none",
  withSuite(async (suite) => {
    await suite.sql`delete from private.job_periods`;
    await addAnswer(suite, 1, { status_code: 503 });
    await beat(suite, minutes(59));
    strictEqual((await openOf(suite, "pg_net_failures")).length, 1);
    deepStrictEqual(await beat(suite, minutes(60)), { raised: 0, resolved: 1 });
    // A window of another length.
    await suite.sql`update private.settings set call_failures_watched = '2 hours'`;
    deepStrictEqual(await beat(suite, minutes(60)), { raised: 1, resolved: 0 });
  }),
);

Deno.test(
  "heartbeat() alerts when less than one full interval of partitions lies ahead, also where there is a gap",
  withSuite(async (suite) => {
    await suite.sql`delete from private.job_periods`;
    const ranOut = async (now: Date) => {
      await beat(suite, now);
      return (await openOf(suite, "partitions_low")).length;
    };
    // Partitions of December to March were made.
    const last = new Date("2025-03-01T00:00:00Z");
    strictEqual(await ranOut(NOW), 0);
    strictEqual(await ranOut(last), 0);
    strictEqual(await ranOut(new Date(last.getTime() + 1)), 1);
    await suite.sql`select private.ensure_partitions(${last})`;
    strictEqual(await ranOut(new Date(last.getTime() + 1)), 0);

    await suite.sql`delete from private.event_partitions where starts_at = '2025-01-01Z'`;
    strictEqual(await ranOut(NOW), 1);
    await suite.sql`update private.settings set partition_by = 'day'`;
    strictEqual(await ranOut(NOW), 0);
  }),
);

Deno.test(
  "heartbeat() alerts if more is rejected within an hour than the setting allows, unless it was replayed",
  withSuite(async (suite) => {
    await suite.sql`delete from private.job_periods`;
    await suite.sql`update private.settings set rejects_an_hour_max = 2`;
    await ingest(suite, {
      rejects: ["{1", "{2", "{3"].map((body) => reject(body)),
      now: minutes(1),
    });
    const piledUp = async (now: Date) => {
      await beat(suite, now);
      return (await openOf(suite, "rejects_backlog")).map(({ details }) => details.rejects);
    };
    deepStrictEqual(await piledUp(minutes(60)), [3]);
    deepStrictEqual(await piledUp(minutes(61)), []);
    deepStrictEqual(await piledUp(minutes(60)), [3]);
    await suite.sql`update public.webhook_rejects set replayed_at = ${
      minutes(2)
    } where reason is not null`;
    deepStrictEqual(await piledUp(minutes(60)), []);
  }),
);

Deno.test(
  "heartbeat() judges rejects by their bytes too: one body may hold a hundred events",
  withSuite(async (suite) => {
    await suite.sql`delete from private.job_periods`;
    await suite.sql`update private.settings set reject_bytes_an_hour_max = 5000`;
    await ingest(suite, { rejects: [reject("{".repeat(5_000))], now: minutes(1) });
    await beat(suite, minutes(2));
    strictEqual((await openOf(suite, "rejects_backlog")).length, 0);
    await ingest(suite, { rejects: [reject("[")], now: minutes(1) });
    await beat(suite, minutes(2));
    deepStrictEqual(
      (await openOf(suite, "rejects_backlog")).map(({ details }) => details.bytes),
      [5_001],
    );
  }),
);

Deno.test(
  "heartbeat() raises no alert on an installation that is a few minutes old",
  withSuite(async (suite) => {
    const [row] = await suite.sql<{ installed: Date }[]>`
      select max(watched_since) as installed from private.job_periods`;
    ok(row);
    await suite.sql`select private.ensure_partitions(${row.installed})`;
    strictEqual((await beat(suite, new Date(row.installed.getTime() + 5 * 60_000))).raised, 0);
  }),
);
