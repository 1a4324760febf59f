/**
 * The whole stack, driven only by the real pg_cron: its own worker, its own clock, whole minutes.
 *
 * Not a part of `deno task test`: it needs a server that has pg_cron, and up to a minute to wait for.
 *
 *     POSTGRES_BIN=/usr/lib/postgresql/15/bin deno test --allow-all tests/real_cron_test.ts
 */
import { deepStrictEqual, match, ok } from "node:assert/strict";
import { z } from "zod";
import { connectSql, type Sql } from "../local/stack/sql.ts";

/** Past the next whole minute, with time for the run itself. */
const WAIT_MS_MAX = 75_000;
const POLL_MS = 250;

const Ready = z.object({ db_url: z.string() });

const FUNCTIONS = [
  "braze-count-audit",
  "braze-preflight-check",
  "braze-reconcile",
  "braze-scheduler",
  "webhook-health-rollup",
];

Deno.test("the real pg_cron calls each timed function and the heartbeat, and each succeeds", async () => {
  const bin = Deno.env.get("POSTGRES_BIN");
  if (bin === undefined) {
    throw new Error(
      "Cannot test pg_cron: POSTGRES_BIN must name a server that has it, got nothing",
    );
  }
  await withStack(bin, async (sql) => {
    const [extension] = await sql`select extversion from pg_extension where extname = 'pg_cron'`;
    match(String(extension?.extversion), /^\d+\.\d+(?:-\d+)?$/, "it is not the stub");
    // The commands stay as the migrations have them; only their periods are too long to wait for.
    await sql`
      select cron.alter_job(jobid, schedule => '* * * * *')
      from cron.job where jobname = any (${[...FUNCTIONS, "heartbeat"]})`;

    const runs = await firstRuns(sql);
    deepStrictEqual(
      runs.map(({ function_name, outcome, caller }) => [function_name, outcome, caller]),
      FUNCTIONS.map((name) => [name, "succeeded", "cron"]),
      JSON.stringify(runs),
    );
    const details = await sql`select command, status from cron.job_run_details order by runid`;
    for (const name of [...FUNCTIONS, "heartbeat"]) {
      const own = details.filter(({ command }) => String(command).includes(name));
      ok(own.length > 0, `${name} was never run`);
      ok(own.every(({ status }) => status === "succeeded"), JSON.stringify(own));
    }
  });
});

/** The first run of each function that has ended. */
async function firstRuns(sql: Sql): Promise<Record<string, unknown>[]> {
  for (let waitedMs = 0; waitedMs < WAIT_MS_MAX; waitedMs += POLL_MS) {
    const runs = await sql`
      select distinct on (function_name) * from public.job_runs
      where outcome not in ('called', 'running')
      order by function_name, called_at`;
    if (runs.length === FUNCTIONS.length) return [...runs];
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  const runs = await sql`select * from public.job_runs`;
  const details = await sql`select * from cron.job_run_details`;
  throw new Error(
    `Cannot see each run end: one of each function must within ${WAIT_MS_MAX} ms, got ${
      JSON.stringify({ runs, details })
    }`,
  );
}

/** As a person starts it, in a separate process. */
async function withStack(bin: string, run: (sql: Sql) => Promise<void>): Promise<void> {
  const stack = new Deno.Command(Deno.execPath(), {
    args: ["task", "start", "--ephemeral", "--json", "--postgres-bin", bin],
    cwd: new URL("../", import.meta.url),
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const lines = stack.stdout.pipeThrough(new TextDecoderStream()).getReader();
  try {
    const { value = "" } = await lines.read();
    const sql = connectSql(Ready.parse(JSON.parse(value)).db_url, { max: 1 });
    try {
      await run(sql);
    } finally {
      await sql.end({ timeout: 5 });
    }
  } finally {
    await lines.cancel();
    stack.kill("SIGINT");
    await stack.status;
  }
}
