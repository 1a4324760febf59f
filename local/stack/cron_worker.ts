/**
 * The scheduler for the stub of pg_cron: runs the commands of `cron.job` when they are due (UTC), one after the other,
 * and records how each one ended.
 */
import { Cron } from "croner";
import { connectSql, type Sql } from "./sql.ts";
import type { StackTimeline } from "../clock/timeline.ts";

const RETRY_MS = 60_000;
/** pg_cron wakes some hundred milliseconds after the full minute. A real timer does so by itself. */
const WAKES_LATE_MS = { min: 150, spread: 500 };

/** How a planned call of pg_cron or pg_net is made: on time, never, twice, or late. */
export type CallFate = "on_time" | "missed" | "doubled" | { readonly lateMs: number };

interface Job {
  readonly jobid: string;
  readonly jobname: string | null;
  readonly schedule: string;
  readonly command: string;
  readonly username: string;
}

export interface CronWorker {
  /** Commands run so far. */
  readonly ran: number;
  /** Reads the jobs again; they are also read after each run and when they change. */
  replan(): Promise<void>;
  close(): Promise<void>;
}

export async function startCronWorker(
  databaseUrl: string,
  timeline: StackTimeline,
  onProblem: (message: string) => void,
  fateOf: (jobName: string, due: Date) => CallFate = () => "on_time",
): Promise<CronWorker> {
  const sql = connectSql(databaseUrl, { max: 2, applicationName: "local pg_cron worker" });
  let planned: { readonly due: Date; readonly cancel: () => void } | undefined;
  let running: Promise<void> = Promise.resolve();
  let ran = 0;
  let isClosed = false;

  async function replan(): Promise<void> {
    const jobs = await timeline.hold(() => activeJobs(sql));
    if (isClosed) return;
    // Reading the jobs again must not lose a scheduled time that is due but has not run yet.
    const now = timeline.now();
    const after = planned !== undefined && planned.due <= now
      ? new Date(planned.due.getTime() - 1)
      : now;
    planned?.cancel();
    planned = undefined;
    const upcoming = jobs.flatMap((job) => {
      const due = nextDue(job.schedule, after);
      if (due === undefined) {
        onProblem(`Cannot plan job ${job.jobid}: schedule is "${job.schedule}"`);
      }
      return due === undefined ? [] : [{ job, due }];
    });
    if (upcoming.length === 0) return;
    const due = new Date(Math.min(...upcoming.map((entry) => entry.due.getTime())));
    const together = upcoming.filter((entry) => entry.due.getTime() === due.getTime());
    const wakesAt = timeline.virtual ? new Date(due.getTime() + wakesLateMs(due)) : due;
    planned = {
      due,
      cancel: timeline.at(wakesAt, () => fire(due, wakesAt, together.map(({ job }) => job))),
    };
  }

  async function fire(due: Date, wokeAt: Date, jobs: readonly Job[]): Promise<void> {
    planned = undefined;
    await replan().catch((error) => {
      onProblem(`Cannot read cron.job: ${error}`);
      // Retry, as pg_cron itself comes back when its server does.
      timeline.at(new Date(due.getTime() + RETRY_MS), () => replan());
    });
    const now: Job[] = [];
    for (const job of jobs) {
      const fate = fateOf(job.jobname ?? job.jobid, due);
      if (fate === "on_time") now.push(job);
      else if (fate === "doubled") now.push(job, job);
      else if (fate !== "missed") {
        const late = new Date(wokeAt.getTime() + fate.lateMs);
        timeline.at(late, () => run(late, [job]));
      }
    }
    await run(wokeAt, now);
  }

  async function run(at: Date, jobs: readonly Job[]): Promise<void> {
    running = running.then(async () => {
      for (const job of jobs) {
        if (isClosed) return;
        ran++;
        await timeline.hold(() => runJob(sql, job, timeline.virtual ? at : undefined));
      }
    }).catch((error) => onProblem(`Cannot run cron jobs: ${error}`));
    await running;
  }

  const reread = () => void replan().catch((error) => onProblem(`Cannot read cron.job: ${error}`));
  await sql.listen("local_cron_jobs", reread);
  await replan();

  return {
    get ran() {
      return ran;
    },
    replan,
    async close() {
      isClosed = true;
      planned?.cancel();
      await running.catch(() => {});
      await sql.end({ timeout: 5 });
    },
  };
}

/** Differs from minute to minute, and is the same in each run of a test. */
export function wakesLateMs(due: Date): number {
  const minute = Math.floor(due.getTime() / 60_000);
  return WAKES_LATE_MS.min + (minute * 7_919) % WAKES_LATE_MS.spread;
}

/** The first time after `after` at which a schedule of pg_cron is due. */
export function nextDue(schedule: string, after: Date): Date | undefined {
  const seconds = /^\s*(\d+)\s+seconds?\s*$/i.exec(schedule)?.[1];
  if (seconds !== undefined) {
    const stepMs = Number(seconds) * 1_000;
    return new Date(Math.floor(after.getTime() / stepMs) * stepMs + stepMs);
  }
  try {
    return cronOf(schedule).nextRun(after) ?? undefined;
  } catch {
    return undefined;
  }
}

const read = new Map<string, Cron>();

/** Parses each schedule once, since the same few are needed after every job. */
function cronOf(schedule: string): Cron {
  const known = read.get(schedule);
  if (known !== undefined) return known;
  // pg_cron writes the last day of the month as `$`, croner as `L`.
  const cron = new Cron(schedule.trim().replace("$", "L"), { timezone: "UTC", paused: true });
  read.set(schedule, cron);
  return cron;
}

/** Replaces `now()` in a command by the scheduled time, since the server's `now()` is that of the wall clock. */
export function atVirtualTime(command: string, now: Date): string {
  return command.replace(/\bnow\(\)/gi, `'${now.toISOString()}'::timestamptz`);
}

async function activeJobs(sql: Sql): Promise<Job[]> {
  return await sql<Job[]>`
    select jobid, jobname, schedule, command, username from cron.job
    where active and database = current_database()
    order by jobid`;
}

async function runJob(sql: Sql, job: Job, virtualNow: Date | undefined): Promise<void> {
  const command = virtualNow === undefined ? job.command : atVirtualTime(job.command, virtualNow);
  const connection = await sql.reserve();
  try {
    // One round trip records the start and switches to the role of the job's owner.
    const [run] = await connection<{ runid: string }[]>`
      with begun as (
        insert into cron.job_run_details
          (jobid, job_pid, database, username, command, status, start_time)
        values (
          ${job.jobid}, pg_backend_pid(), current_database(), ${job.username}, ${command}, 'running',
          coalesce(${virtualNow ?? null}::timestamptz, clock_timestamp())
        )
        returning runid
      )
      select runid, set_config('role', ${job.username}, false) from begun`;
    const outcome = await connection.unsafe(command).simple().then(
      (result) => ({ status: "succeeded", message: describe(result) }),
      (error: Error) => ({ status: "failed", message: `ERROR: ${error.message}` }),
    );
    await connection`reset role`;
    await connection`
      update cron.job_run_details
      set status = ${outcome.status},
          return_message = ${outcome.message},
          end_time = coalesce(${virtualNow ?? null}::timestamptz, clock_timestamp())
      where runid = ${run!.runid}`;
  } finally {
    connection.release();
  }
}

/** The message of pg_cron: the number of rows for a query, the command's tag for anything else. */
function describe(result: { readonly command: string; readonly count: number | null }): string {
  const count = result.count ?? 0;
  if (result.command === "SELECT") return count === 1 ? "1 row" : `${count} rows`;
  return [result.command, result.count].filter((part) => part !== null).join(" ");
}
