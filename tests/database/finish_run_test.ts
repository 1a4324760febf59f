import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  claim,
  LEASE_SECONDS,
  only,
  seconds,
  startRun,
  type Suite,
  withSuite,
} from "./fixtures.ts";

function finish({ call }: Suite, runId: string, args: Record<string, unknown> = {}) {
  return call<{ run_id: string; outcome: string | null }>("finish_run", {
    p_run_id: runId,
    p_outcome: "partial",
    p_summary: { created: 3 },
    p_now: seconds(30),
    ...args,
  });
}

Deno.test(
  "finish_run() keeps outcome, summary and time, and lets the next run start",
  withSuite(async (suite) => {
    const runId = await startRun(suite);
    deepStrictEqual(await finish(suite, runId), { run_id: runId, outcome: "partial" });
    const run = only(await suite.sql`select * from public.job_runs where run_id = ${runId}`);
    deepStrictEqual(run.summary, { created: 3 });
    deepStrictEqual(run.finished_at, seconds(30));
    strictEqual(run.error, null);
    strictEqual((await claim(suite, { p_now: seconds(31) })).claimed, true);
  }),
);

Deno.test(
  "finish_run() keeps the error of a run that failed",
  withSuite(async (suite) => {
    const runId = await startRun(suite);
    await finish(suite, runId, { p_outcome: "failed", p_error: "Braze was away" });
    const run = only(await suite.sql`select * from public.job_runs where run_id = ${runId}`);
    deepStrictEqual([run.outcome, run.error], ["failed", "Braze was away"]);
  }),
);

Deno.test(
  "finish_run() called again keeps the first outcome",
  withSuite(async (suite) => {
    const runId = await startRun(suite);
    await finish(suite, runId);
    await finish(suite, runId, { p_outcome: "succeeded", p_now: seconds(40), p_summary: {} });
    const run = only(await suite.sql`select * from public.job_runs where run_id = ${runId}`);
    deepStrictEqual(
      [run.outcome, run.finished_at, run.summary],
      ["partial", seconds(30), { created: 3 }],
    );
  }),
);

Deno.test(
  "finish_run() keeps a run that outlived its lease as lost, with its summary",
  withSuite(async (suite) => {
    const runId = await startRun(suite);
    await claim(suite, { p_now: seconds(LEASE_SECONDS) });
    deepStrictEqual(await finish(suite, runId, { p_now: seconds(LEASE_SECONDS + 5) }), {
      run_id: runId,
      outcome: "lost",
    });
    const run = only(await suite.sql`select * from public.job_runs where run_id = ${runId}`);
    deepStrictEqual(run.summary, { created: 3 });
    strictEqual(run.error, "The lease ran out before the run ended");
  }),
);
