/**
 * The whole stack, driven by nothing but the real pg_cron: its own worker, its own clock, whole minutes.
 *
 * Not a part of `deno task test`: it needs a server that has pg_cron, and up to a minute to wait for.
 *
 *     POSTGRES_BIN=/usr/lib/postgresql/15/bin deno test --allow-all tests/real_cron_test.ts
 */
import { match, strictEqual } from "node:assert/strict";
import { z } from "zod";
import { connectSql, type Sql } from "../local/sql.ts";

/** Past the next whole minute, with time for the run itself. */
const WAIT_MS_MAX = 75_000;
const POLL_MS = 250;

const Ready = z.object({ db_url: z.string() });

Deno.test("the real pg_cron calls braze-scheduler, and its run succeeds", async () => {
  const bin = Deno.env.get("POSTGRES_BIN");
  if (bin === undefined) {
    throw new Error(
      "Cannot test pg_cron: POSTGRES_BIN must name a server that has it, got nothing",
    );
  }
  await withStack(bin, async (sql) => {
    const [extension] = await sql`select extversion from pg_extension where extname = 'pg_cron'`;
    match(String(extension?.extversion), /^\d+\.\d+(?:-\d+)?$/, "it is no stand-in");
    // The command stays as the migrations have it; only its quarter of an hour is too long to wait for.
    await sql`
      select cron.alter_job(jobid, schedule => '* * * * *')
      from cron.job where jobname = 'braze-scheduler'`;

    const run = await firstRun(sql);
    strictEqual(run.outcome, "succeeded", `the run says: ${JSON.stringify(run)}`);
    strictEqual(run.caller, "cron");
    const [details] = await sql`
      select status, command from cron.job_run_details order by runid desc limit 1`;
    strictEqual(details?.status, "succeeded");
    match(String(details?.command), /private\.invoke_function\('braze-scheduler', now\(\)\)/);
  });
});

async function firstRun(sql: Sql): Promise<Record<string, unknown>> {
  for (let waitedMs = 0; waitedMs < WAIT_MS_MAX; waitedMs += POLL_MS) {
    const [run] = await sql`
      select * from public.job_runs
      where function_name = 'braze-scheduler' and outcome not in ('called', 'running')
      limit 1`;
    if (run !== undefined) return run;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  const runs = await sql`select * from public.job_runs`;
  const details = await sql`select * from cron.job_run_details`;
  throw new Error(
    `Cannot see a run end: one must within ${WAIT_MS_MAX} ms, got ${
      JSON.stringify({ runs, details })
    }`,
  );
}

/** As a person starts it, in a process of its own. */
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
