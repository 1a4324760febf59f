import { Buffer } from "node:buffer";
import { deepStrictEqual } from "node:assert/strict";
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
      ["braze-scheduler", "*/15 * * * *"],
      ["ensure-partitions", "22 2 * * *"],
      ["heartbeat", "*/5 * * * *"],
      ["prune-event-claims", "42 2 * * *"],
      ["prune-history", "*/5 4 * * *"],
      ["webhook-health-rollup", "35 3 * * *"],
    ]);
    for (const { command } of jobs) await suite.sql.unsafe(command);
  }),
);
