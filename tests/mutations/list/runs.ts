/** One run at a time, each scheduled time once; attempts that a dead run left open are unknown. */
import type { Mutation } from "../mutation.ts";

const CLAIM_RUN = "supabase/schemas/20_runs/claim_run.sql";
const CLAIMING = "tests/database/claim_run_test.ts";
const DATABASE_OPENING = "tests/database/open_create_test.ts";
const HANDLER = "tests/unit/braze-scheduler/handler_test.ts";

export const RUNS: readonly Mutation[] = [
  {
    name: "lease-of-each-call",
    rule: "A run that may have a successor opens no call to Braze",
    file: "supabase/schemas/20_runs/hold_lease.sql",
    find: "and run.outcome = 'running' and run.lease_until > p_now and not run.dry_run;",
    replace: "and not run.dry_run;",
    tests: [DATABASE_OPENING],
  },
  {
    name: "overlap",
    rule: "Two runs of a function do not overlap: by the claim, and by an index",
    file: CLAIM_RUN,
    find: "    if v_running is not null then\n",
    replace: "    if false then\n",
    also: [{
      file: "supabase/schemas/20_runs/tables.sql",
      find: "create unique index one_run_at_a_time_idx",
      replace: "create index one_run_at_a_time_idx",
    }],
    tests: [CLAIMING],
  },
  {
    name: "scheduled-time-called-twice",
    rule: "A scheduled time that pg_cron runs twice is called once",
    file: "supabase/schemas/20_runs/invoke_function.sql",
    find: "    return null;\n",
    replace: "    null;\n",
    tests: ["tests/database/invoke_function_test.ts"],
  },
  {
    name: "signed-call-replayed",
    rule: "A replayed signed call does not run again",
    file: CLAIM_RUN,
    find: "    if v_outcome <> 'called' then\n",
    replace: "    if v_outcome = 'running' then\n",
    tests: [CLAIMING],
  },
  {
    name: "older-slot",
    rule: "A scheduled time does not run after a later one",
    file: CLAIM_RUN,
    find: " and newer.started_at is not null\n",
    replace: " and false\n",
    tests: [CLAIMING],
  },
  {
    name: "older-slot-than-one-that-ran",
    rule: "A scheduled time is not skipped for a later one that was only called",
    file: CLAIM_RUN,
    find: " and newer.started_at is not null\n",
    replace: "\n",
    tests: [CLAIMING],
  },
  {
    name: "planned-with-the-scheduled-time",
    rule: "A run that wakes some hundred milliseconds late plans with its scheduled time",
    file: "supabase/functions/_shared/function/cron_function.ts",
    find: "lateMs <= LATE_MS_MAX ? caller.scheduledAt : now",
    replace: "lateMs <= 0 ? caller.scheduledAt : now",
    tests: [HANDLER],
  },
  {
    name: "late-runs-plan-with-the-clock",
    rule: "A run that wakes minutes late does not plan with the past",
    file: "supabase/functions/_shared/function/cron_function.ts",
    find: "lateMs >= 0 && lateMs <= LATE_MS_MAX ?",
    replace: "lateMs >= 0 ?",
    tests: [HANDLER],
  },
  {
    name: "minute-of-the-scheduler",
    rule: "The last run before a freeze window has time to work",
    file: "supabase/schemas/70_alerts/tables.sql",
    find: "'4-59/5 * * * *'",
    replace: "'*/5 * * * *'",
    tests: ["tests/end_to_end/fixtures_test.ts"],
    filter: "pg_cron",
  },
  {
    name: "deadline",
    rule: "A run starts no step after its deadline, and leaves it to the next run",
    file: "supabase/functions/_shared/function/cron_function.ts",
    find: "return addSeconds(now, 1) >= run.deadline;",
    replace: "return addSeconds(now, 1) >= run.deadline && run.dryRun;",
    tests: ["tests/unit/_shared/function/cron_function_test.ts", HANDLER],
  },
  {
    name: "unfinished-is-not-succeeded",
    rule: "A run that did not finish its plan is not recorded as a success",
    file: "supabase/functions/braze-scheduler/handler.ts",
    find: 'outcome: isComplete ? "succeeded" : "partial"',
    replace: 'outcome: isComplete ? "succeeded" : "succeeded"',
    tests: [HANDLER],
  },
  {
    name: "dead-runs-are-closed",
    rule: "Attempts that dead runs left open are closed before anything is planned",
    file: "supabase/functions/braze-scheduler/handler.ts",
    find: "run.dryRun ? [] : await store.journal.giveUp(run.runId, clock.now());",
    replace: "run.dryRun ? await store.journal.giveUp(run.runId, clock.now()) : [];",
    tests: [HANDLER],
  },
  {
    name: "closed-after-death-is-unknown",
    rule: "An attempt that a dead run left open is unknown, and not failed",
    file: "supabase/schemas/30_schedules/close_abandoned_attempts.sql",
    find: "v_attempt.id, 'unknown', ",
    replace: "v_attempt.id, 'failed', ",
    tests: ["tests/database/close_abandoned_attempts_test.ts"],
  },
  {
    name: "running-runs-are-not-closed",
    rule: "Open attempts of a running run stay open",
    file: "supabase/schemas/30_schedules/close_abandoned_attempts.sql",
    find: "and run.outcome <> 'running'",
    replace: "and run.outcome <> ''",
    tests: ["tests/database/close_abandoned_attempts_test.ts"],
  },
];
