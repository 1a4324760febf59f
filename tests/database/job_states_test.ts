import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { minutes, type Suite, withSuite } from "./fixtures.ts";

interface States {
  readonly cron_silent_since: string | null;
  readonly functions: readonly {
    readonly function_name: string;
    readonly period_minutes: number;
    readonly is_late: boolean;
  }[];
}

async function states({ call }: Suite, now: Date) {
  const { cron_silent_since, functions } = await call<States>("job_states", { p_now: now });
  return {
    silent: cron_silent_since,
    late: functions.flatMap(({ is_late, function_name }) => is_late ? [function_name] : []),
    functions: functions.length,
  };
}

Deno.test(
  "job_states() says since when cron calls nothing, and what has not succeeded within twice its period",
  withSuite(async (suite) => {
    const { sql } = suite;
    await sql`update private.job_periods set watched_since = ${minutes(0)}`;
    deepStrictEqual(await states(suite, minutes(10)), { silent: null, late: [], functions: 5 });
    // Nothing was ever called.
    strictEqual((await states(suite, minutes(11))).silent, "2024-12-07T06:00:00+00:00");
    deepStrictEqual((await states(suite, minutes(11))).late, [
      "braze-preflight-check",
      "braze-scheduler",
    ]);

    const run = (name: string, at: Date, outcome: string, caller = "cron") =>
      sql`
        insert into public.job_runs (function_name, caller, scheduled_at, outcome, called_at, finished_at)
        values (${name}, ${caller}, ${caller === "cron" ? at : null}, ${outcome}, ${at}, ${at})`;
    await run("braze-scheduler", minutes(20), "succeeded");
    await run("braze-preflight-check", minutes(20), "failed");
    // It counts from its first call.
    deepStrictEqual(await states(suite, minutes(30)), { silent: null, late: [], functions: 5 });
    await run("braze-scheduler", minutes(30), "succeeded");
    deepStrictEqual((await states(suite, minutes(31))).late, ["braze-preflight-check"]);
    // By hand is not by cron.
    await run("braze-scheduler", minutes(40), "succeeded", "secret_key");
    strictEqual((await states(suite, minutes(41))).silent, "2024-12-07T06:30:00+00:00");
    deepStrictEqual((await states(suite, minutes(41))).late, ["braze-preflight-check"]);
  }),
);
