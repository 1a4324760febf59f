import { Buffer } from "node:buffer";
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { nextDue } from "../../../local/stack/cron_worker.ts";
import { withSuite } from "../fixtures.ts";
import { holdQueue } from "../invoking.ts";

const SECRET = `whsec_${Buffer.from("a key of thirty-two bytes, about").toString("base64")}`;

const SECRETS = { project_url: "http://127.0.0.1:9", cron_signing_secret: SECRET };

Deno.test(
  "the migrations schedule their jobs by name, and each command runs",
  withSuite(async (suite) => {
    await holdQueue(suite, SECRETS);
    const jobs = await suite.sql`select jobname, schedule, command from cron.job order by jobname`;
    deepStrictEqual(jobs.map(({ jobname, schedule }) => [jobname, schedule]), [
      ["braze-count-audit", "20 * * * *"],
      ["braze-preflight-check", "*/5 * * * *"],
      ["braze-reconcile", "10,40 * * * *"],
      ["braze-scheduler", "4-59/5 * * * *"],
      ["ensure-partitions", "22 2 * * *"],
      ["heartbeat", "*/5 * * * *"],
      ["prune-event-claims", "42 2 * * *"],
      ["prune-history", "*/5 4 * * *"],
      ["prune-payloads", "1-59/2 * * * *"],
      ["webhook-health-rollup", "35 3 * * *"],
    ]);
    for (const { command } of jobs) await suite.sql.unsafe(command);
  }),
);

/** As docs/runbook.md writes the schedule of each function. */
const IN_WORDS: Readonly<Record<string, string>> = {
  "4-59/5 * * * *": "every 5 minutes, from :04",
  "*/5 * * * *": "every 5 minutes",
  "10,40 * * * *": "at :10 and :40",
  "20 * * * *": "at :20",
  "35 3 * * *": "03:35 daily",
};

Deno.test(
  "pg_cron, the heartbeat and the runbook agree when each function runs",
  withSuite(async ({ sql }) => {
    const runbook = await Deno.readTextFile(new URL("../../../docs/runbook.md", import.meta.url));
    const rows = await sql<{ name: string; schedule: string; minutes: number; planned: string }[]>`
      select job.jobname as name, job.schedule, planned.schedule as planned,
        (extract(epoch from planned.period) / 60)::int as minutes
      from private.job_periods as planned join cron.job as job on job.jobname = planned.function_name`;
    strictEqual(rows.length, 5);
    for (const { name, schedule, planned, minutes } of rows) {
      strictEqual(schedule, planned);
      const first = nextDue(schedule, new Date("2024-12-07T12:00:00Z"))!;
      const second = nextDue(schedule, first)!;
      strictEqual(second.getTime() - first.getTime(), minutes * 60_000, name);
      ok(runbook.includes(`| ${name} | ${IN_WORDS[schedule]} |`), `the runbook has ${name}`);
    }
  }),
);
