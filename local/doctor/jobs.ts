/** Compares the jobs of pg_cron with those that the migrations schedule. */
import { readMigrations } from "../stack/migrations.ts";
import type { Sql } from "../stack/sql.ts";
import { type Finding, look, ok, wrong } from "./finding.ts";

const SCHEDULED =
  /\bcron\.(schedule|unschedule)\(\s*'([^']+)'(?:\s*,\s*'([^']+)'\s*,\s*\$\$([\s\S]*?)\$\$)?/g;
const MEND =
  "Run the matching line of the migrations again (cron.schedule replaces a job of the same name); " +
  "if the schedule was changed on purpose, change it in a migration";

interface Job {
  readonly schedule: string;
  readonly command: string;
}

export function checkJobs(sql: Sql, folder: URL): Promise<Finding> {
  return look("cron_jobs", MEND, async () => {
    const wanted = await wantedJobs(folder);
    const rows = await sql<(Job & { jobname: string | null; active: boolean })[]>`
      select jobname, schedule, command, active from cron.job`;
    const jobs = new Map(rows.map((row) => [row.jobname, row]));
    const faults = [...wanted].flatMap(([name, { schedule, command }]) => {
      const job = jobs.get(name);
      if (job === undefined) return [`${name} is missing`];
      if (!job.active) return [`${name} is switched off`];
      if (job.schedule !== schedule) {
        return [`${name} runs at "${job.schedule}" instead of "${schedule}"`];
      }
      return job.command === command ? [] : [`${name} runs another command`];
    });
    return faults.length === 0
      ? ok("cron_jobs", `all ${wanted.size} are there`)
      : wrong("cron_jobs", faults.join("; "), MEND);
  });
}

/** The jobs after all migrations: later ones replace or remove jobs of earlier ones. */
async function wantedJobs(folder: URL): Promise<ReadonlyMap<string, Job>> {
  const jobs = new Map<string, Job>();
  for (const { statements } of await readMigrations(folder)) {
    for (const [, verb, name, schedule, command] of statements.join(";\n").matchAll(SCHEDULED)) {
      if (verb === "unschedule") jobs.delete(name!);
      else if (schedule !== undefined && command !== undefined) {
        jobs.set(name!, { schedule, command });
      }
    }
  }
  return jobs;
}
