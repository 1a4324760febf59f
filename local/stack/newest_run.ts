/** Refuses a clock that is older than what a kept database has already lived through. */
import { StackFailure } from "../lib/failure.ts";
import type { Sql } from "./sql.ts";

/** The functions would take the future runs for their own past: nothing would be due, and nothing late. */
export async function refuseOlderClock(sql: Sql, now: Date, dataFolder: string): Promise<void> {
  const [table] = await sql`select to_regclass('public.job_runs') is not null as exists`;
  if (!table?.exists) return;
  const [run] = await sql<{ newest: Date | null }[]>`
    select max(called_at) as newest from public.job_runs`;
  const newest = run?.newest ?? null;
  if (newest !== null && newest > now) throw new StackFailure(refusal(newest, now, dataFolder));
}

export function refusal(newest: Date, now: Date, dataFolder: string): string {
  const text = (at: Date) => at.toISOString().replace(/\.\d+Z$/, "Z");
  const next = new Date(Math.ceil((newest.getTime() + 1) / 1_000) * 1_000);
  return `Cannot start at ${
    text(now)
  }: the clock must not be older than the newest run in ${dataFolder}, got one of ${
    text(newest)
  }; start over with --fresh, go on with --clock ${text(next)}, or choose another --data folder`;
}
