import { deepStrictEqual, notStrictEqual, strictEqual } from "node:assert/strict";
import {
  type Claim,
  claim,
  endRun,
  LEASE_SECONDS,
  minutes,
  NOW,
  only,
  seconds,
  type Suite,
  withSuite,
} from "./fixtures.ts";

const SCHEDULED_AT = NOW;
const INVOCATION = "cron_braze-scheduler_2024-12-07T06:00:00Z";

/** What private.invoke_function leaves behind when pg_cron calls. */
async function calledByCron({ sql }: Suite): Promise<void> {
  await sql`
    insert into public.job_runs (function_name, scheduled_at, invocation_id, caller, outcome, called_at)
    values ('braze-scheduler', ${SCHEDULED_AT}, ${INVOCATION}, 'cron', 'called', ${NOW})`;
}

function claimScheduled(suite: Suite, args: Record<string, unknown> = {}): Promise<Claim> {
  return claim(suite, {
    p_caller: "cron",
    p_scheduled_at: SCHEDULED_AT,
    p_invocation_id: INVOCATION,
    ...args,
  });
}

async function outcomes({ sql }: Suite): Promise<string[]> {
  const rows = await sql<{ outcome: string }[]>`
    select outcome from public.job_runs order by called_at, outcome`;
  return rows.map((row) => row.outcome);
}

Deno.test(
  "claim_run() starts a run with a lease from the given time",
  withSuite(async (suite) => {
    const { claimed, reason, run_id } = await claim(suite);
    deepStrictEqual({ claimed, reason }, { claimed: true, reason: "claimed" });
    const run = only(await suite.sql`select * from public.job_runs where run_id = ${run_id}`);
    strictEqual(run.outcome, "running");
    deepStrictEqual(run.started_at, NOW);
    deepStrictEqual(run.lease_until, seconds(LEASE_SECONDS));
    strictEqual(run.scheduled_at, null);
  }),
);

Deno.test(
  "claim_run() claims the row that cron wrote, and each scheduled time once",
  withSuite(async (suite) => {
    await calledByCron(suite);
    const first = await claimScheduled(suite);
    strictEqual(first.claimed, true);
    const again = await claimScheduled(suite, { p_now: seconds(1) });
    deepStrictEqual(again, { claimed: false, reason: "already_claimed", run_id: first.run_id });
    await endRun(suite, first.run_id);
    strictEqual((await claimScheduled(suite, { p_now: seconds(2) })).reason, "already_claimed");
    deepStrictEqual(await outcomes(suite), ["succeeded"]);
  }),
);

Deno.test(
  "claim_run() refuses an invocation that cron did not record",
  withSuite(async (suite) => {
    await calledByCron(suite);
    for (
      const args of [
        { p_invocation_id: "cron_braze-scheduler_forged" },
        { p_scheduled_at: minutes(15) },
        { p_function: "braze-reconcile" },
      ]
    ) {
      deepStrictEqual(await claimScheduled(suite, args), {
        claimed: false,
        reason: "unknown_invocation",
        run_id: null,
      });
    }
    deepStrictEqual(await outcomes(suite), ["called"]);
  }),
);

Deno.test(
  "claim_run() refuses an overlapping run and names the running one",
  withSuite(async (suite) => {
    const running = await claim(suite);
    deepStrictEqual(await claim(suite, { p_now: seconds(1) }), {
      claimed: false,
      reason: "overlap",
      run_id: running.run_id,
    });
    strictEqual((await claim(suite, { p_function: "braze-reconcile" })).claimed, true);
  }),
);

Deno.test(
  "claim_run() ends an overlapping run as skipped, so that it does not count as unanswered",
  withSuite(async (suite) => {
    const running = await claim(suite);
    await calledByCron(suite);
    strictEqual((await claimScheduled(suite)).reason, "overlap");
    const skipped = only(
      await suite.sql`select * from public.job_runs where invocation_id = ${INVOCATION}`,
    );
    strictEqual(skipped.outcome, "skipped");
    deepStrictEqual(skipped.finished_at, NOW);
    deepStrictEqual(skipped.summary, { reason: "overlap", running: running.run_id });
  }),
);

Deno.test(
  "claim_run() counts a run as lost when its lease has run out, not a second before",
  withSuite(async (suite) => {
    const dead = await claim(suite);
    strictEqual(
      (await claim(suite, { p_now: seconds(LEASE_SECONDS - 1) })).reason,
      "overlap",
    );
    const next = await claim(suite, { p_now: seconds(LEASE_SECONDS) });
    strictEqual(next.claimed, true);
    notStrictEqual(next.run_id, dead.run_id);
    const lost = only(
      await suite.sql`select * from public.job_runs where run_id = ${dead.run_id}`,
    );
    strictEqual(lost.outcome, "lost");
    deepStrictEqual(lost.finished_at, seconds(LEASE_SECONDS));
    strictEqual(lost.error, "The lease ran out before the run ended");
  }),
);

Deno.test(
  "claim_run() allows dry runs before, during and after a run",
  withSuite(async (suite) => {
    strictEqual((await claim(suite, { p_dry_run: true })).claimed, true);
    strictEqual((await claim(suite)).claimed, true);
    strictEqual((await claim(suite, { p_dry_run: true })).claimed, true);
    strictEqual((await claim(suite)).reason, "overlap");
  }),
);

Deno.test(
  "claim_run() grants one of many concurrent claims",
  withSuite(async (suite) => {
    const claims = await Promise.all(Array.from({ length: 8 }, () => claim(suite)));
    strictEqual(claims.filter(({ claimed }) => claimed).length, 1);
    strictEqual(claims.filter(({ reason }) => reason === "overlap").length, 7);
  }),
);

/** The row of a scheduled time, minutes after the first one. */
async function calledLater({ sql }: Suite, after: number, functionName = "braze-scheduler") {
  const scheduledAt = minutes(after);
  const invocationId = `cron_${functionName}_${scheduledAt.toISOString()}`;
  await sql`
    insert into public.job_runs (function_name, scheduled_at, invocation_id, caller, outcome, called_at)
    values (${functionName}, ${scheduledAt}, ${invocationId}, 'cron', 'called', ${scheduledAt})`;
  return {
    p_function: functionName,
    p_scheduled_at: scheduledAt,
    p_invocation_id: invocationId,
    p_now: scheduledAt,
  };
}

Deno.test(
  "claim_run() skips a scheduled time that arrives after a later one of the same function has run",
  withSuite(async (suite) => {
    await calledByCron(suite);
    const other = await calledLater(suite, 5, "braze-reconcile");
    strictEqual((await claimScheduled(suite, other)).claimed, true);
    const later = await calledLater(suite, 5);
    const { run_id: newer } = await claimScheduled(suite, later);
    await endRun(suite, newer, minutes(6));
    deepStrictEqual(await claimScheduled(suite, { p_now: minutes(7) }), {
      claimed: false,
      reason: "older_slot",
      run_id: newer,
    });
    const [skipped] = await suite.sql`
      select outcome, summary from public.job_runs where invocation_id = ${INVOCATION}`;
    deepStrictEqual({ ...skipped }, {
      outcome: "skipped",
      summary: { reason: "older_slot", newer },
    });
  }),
);

Deno.test(
  "claim_run() runs a late scheduled time while later ones were only called, or failed to begin",
  withSuite(async (suite) => {
    await calledByCron(suite);
    await calledLater(suite, 5);
    strictEqual((await claimScheduled(suite, { p_now: minutes(7) })).claimed, true);
  }),
);
