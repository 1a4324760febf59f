/** Every function that pg_cron calls, by the command of its own job: one run for a scheduled time, with its result. */
import { deepStrictEqual } from "node:assert/strict";
import { CHECKS } from "../../supabase/functions/braze-reconcile/report.ts";
import { withStack } from "../support/database.ts";
import { withListing } from "../support/reconciling.ts";
import { addFixture, CLOCK, THREE_AT_ONCE } from "../support/suite.ts";

interface Called {
  /** When it runs here. The pushes are due at 14:00. */
  readonly at: string;
  // deno-lint-ignore no-explicit-any -- a test reads what it expects and fails if it is not there
  readonly found: (summary: any) => unknown;
  readonly wanted: unknown;
}

const CALLED: Readonly<Record<string, Called>> = {
  "braze-count-audit": {
    at: "20 7 * * *",
    found: ({ status, ledger_pending }) => [status, ledger_pending],
    wanted: ["in_sync", 3],
  },
  "braze-preflight-check": {
    at: "45 13 * * *",
    found: ({ checked, ok }) => [checked, ok],
    wanted: [3, 3],
  },
  "braze-reconcile": {
    at: "40 7 * * *",
    found: ({ checks }) => Object.keys(checks).sort(),
    wanted: CHECKS.toSorted(),
  },
  "braze-scheduler": { at: "15 6 * * *", found: ({ done }) => done, wanted: { created: 3 } },
  "webhook-health-rollup": {
    at: "35 3 * * *",
    found: ({ from, to }) => [from, to],
    wanted: ["2024-12-05", "2024-12-07"],
  },
};

Deno.test("pg_cron's signed call runs each function once for its scheduled time, even if it comes twice", () =>
  withStack({ clock: CLOCK, sandbox: withListing("per_schedule") }, async (stack) => {
    const { sql } = stack;
    for (const fixture of THREE_AT_ONCE) await addFixture(stack, fixture);
    const jobs = await sql<{ jobname: string; command: string }[]>`
      select jobname, command from cron.job where command like '%invoke_function%' order by jobname`;
    await sql`select cron.unschedule(jobname) from cron.job`;
    for (const { jobname, command } of jobs) {
      for (const name of [jobname, `${jobname} again`]) {
        await sql`select cron.schedule(${name}, ${CALLED[jobname]?.at ?? "* * * * *"}, ${command})`;
      }
    }
    await stack.advanceTo(new Date("2024-12-08T03:36:00Z"));

    const runs = await sql`
      select function_name as name, caller, outcome, summary,
        to_char(scheduled_at at time zone 'UTC', 'FMMI FMHH24 * * *') as at
      from public.job_runs order by function_name`;
    deepStrictEqual(
      runs.map(({ name, caller, outcome, at, summary }) => [
        name,
        caller,
        outcome,
        at,
        CALLED[name]?.found(summary),
      ]),
      Object.entries(CALLED).map(([name, { at, wanted }]) => [
        name,
        "cron",
        "succeeded",
        at,
        wanted,
      ]),
    );
  }));
