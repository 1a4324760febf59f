/**
 * What the tests of the SQL functions share: a database of one's own, calls with the rights that callers have in
 * production, and rows to start from.
 */
import { AssertionError } from "node:assert/strict";
import { addMinutes, addSeconds } from "date-fns";
import type { Database } from "../../supabase/functions/_shared/database.types.ts";
import { type Sql, withDatabase } from "../support/database.ts";

export type { Sql };

/** Saturday morning of a matchday; every other time in these tests is an offset from it. */
export const NOW = new Date("2024-12-07T06:00:00Z");
export const CAMPAIGN = "campaign-1";
export const LEASE_SECONDS = 90;
export const UNKNOWN_ID = "00000000-0000-0000-0000-000000000000";

export const minutes = (count: number): Date => addMinutes(NOW, count);
export const seconds = (count: number): Date => addSeconds(NOW, count);

type Functions = Database["public"]["Functions"];
type Arguments = Readonly<Record<string, unknown>>;

export interface Suite {
  /** The owner of all objects, who reads every row. */
  readonly sql: Sql;
  /** Calls a function as the edge functions do: as service_role, by named arguments, in one transaction. */
  call<T>(name: keyof Functions, args: Arguments): Promise<T>;
}

/** The body of a test that has a migrated database to itself. */
export function withSuite(run: (suite: Suite) => Promise<void>): () => Promise<void> {
  return () =>
    withDatabase(async (sql) => {
      await sql`select private.ensure_partitions(${NOW})`;
      await run({ sql, call: (name, args) => callAs(sql, "service_role", `public.${name}`, args) });
    });
}

export async function callAs<T>(
  sql: Sql,
  role: string,
  qualifiedName: string,
  args: Arguments,
): Promise<T> {
  const names = Object.keys(args);
  const list = names.map((name, index) => `${name} => $${index + 1}`).join(", ");
  const rows = await sql.begin(async (tx) => {
    await tx.unsafe(`set local role ${role}`);
    return await tx.unsafe<{ answer: T }[]>(
      `select ${qualifiedName}(${list}) as answer`,
      names.map((name) => args[name]) as never[],
    );
  });
  return only(rows).answer;
}

/** The one row there must be. */
export function only<T>(rows: readonly T[]): T {
  const [row] = rows;
  if (row === undefined || rows.length !== 1) {
    throw new AssertionError({
      message: `Cannot take the only row: there must be 1, got ${rows.length}`,
    });
  }
  return row;
}

export async function addMatch(
  { sql }: Suite,
  id: number,
  match: { readonly kickoffAt?: Date; readonly status?: string } = {},
): Promise<void> {
  await sql`
    insert into public.matches (id, competition, home_team, away_team, kickoff_at, status)
    values (${id}, 'Premier League', ${`Home ${id}`}, ${`Away ${id}`}, ${
    match.kickoffAt ?? minutes(600)
  }, ${match.status ?? "scheduled"})`;
}

export interface Claim {
  readonly claimed: boolean;
  readonly reason: string;
  readonly run_id: string;
}

export function claim({ call }: Suite, args: Arguments = {}): Promise<Claim> {
  return call("claim_run", {
    p_function: "braze-scheduler",
    p_caller: "secret_key",
    p_dry_run: false,
    p_lease_seconds: LEASE_SECONDS,
    p_now: NOW,
    ...args,
  });
}

/** A run of the scheduler that holds its lease. */
export async function startRun(suite: Suite, now = NOW): Promise<string> {
  const { claimed, reason, run_id } = await claim(suite, { p_now: now });
  if (!claimed) throw new Error(`Cannot start a run: the claim must be granted, got ${reason}`);
  return run_id;
}

export async function endRun({ call }: Suite, runId: string, now = NOW): Promise<void> {
  await call("finish_run", {
    p_run_id: runId,
    p_outcome: "succeeded",
    p_summary: {},
    p_now: now,
  });
}

export interface OpenedCreate {
  readonly attempt_id: string;
  readonly ledger_id: string;
  readonly generation: number;
  readonly request: {
    readonly send_id?: string;
    readonly trigger_properties: Readonly<Record<string, unknown>>;
  };
}

export function openCreate(
  { call }: Suite,
  runId: string,
  matchId: number,
  args: Arguments = {},
): Promise<OpenedCreate> {
  return call("open_create", {
    p_attempt_id: crypto.randomUUID(),
    p_run_id: runId,
    p_lease_seconds: LEASE_SECONDS,
    p_match_id: matchId,
    p_request: { campaign_id: CAMPAIGN, trigger_properties: { home: "Home" } },
    p_signature: "signature",
    p_send_at: minutes(540),
    p_expected: { count: 100, min: 60, max: 100, source: "teams" },
    p_reason: "plan",
    p_now: NOW,
    ...args,
  });
}

type Outcome = "succeeded" | "failed" | "unknown";

export function close(
  { call }: Suite,
  attemptId: string,
  outcome: Outcome,
  result: Arguments = {},
  now = NOW,
): Promise<{ readonly outcome: string }> {
  return call("close_attempt", {
    p_attempt_id: attemptId,
    p_outcome: outcome,
    p_result: { http_status: null, detail: null, answer: null, refused: false, ...result },
    p_now: now,
  });
}

export function answered(
  scheduleId: string,
  dispatchId: string | null = null,
): Arguments {
  return {
    http_status: 201,
    answer: { schedule_id: scheduleId, dispatch_id: dispatchId },
  };
}

/** A match whose schedule is live in Braze, under the id `schedule-<match>-<generation>`. */
export async function createSchedule(
  suite: Suite,
  runId: string,
  matchId: number,
  args: Arguments = {},
): Promise<OpenedCreate> {
  const opened = await openCreate(suite, runId, matchId, args);
  await close(
    suite,
    opened.attempt_id,
    "succeeded",
    answered(`schedule-${matchId}-${opened.generation}`),
  );
  return opened;
}

/** A match of its own with a live schedule, and the run that made it. */
export async function scheduledMatch(
  suite: Suite,
  matchId = 1001,
): Promise<OpenedCreate & { readonly runId: string }> {
  await addMatch(suite, matchId);
  const runId = await startRun(suite);
  return { ...await createSchedule(suite, runId, matchId), runId };
}

export async function ledgerRow({ sql }: Suite, matchId: number): Promise<Record<string, unknown>> {
  return only(await sql`select * from public.schedule_ledger where match_id = ${matchId}`);
}

export async function scheduleRow(
  { sql }: Suite,
  { ledger_id, generation }: Pick<OpenedCreate, "ledger_id" | "generation">,
): Promise<Record<string, unknown>> {
  return only(
    await sql`
      select * from public.braze_schedules
      where ledger_id = ${ledger_id} and generation = ${generation}`,
  );
}

export async function attemptRow(
  { sql }: Suite,
  attemptId: string,
): Promise<Record<string, unknown>> {
  return only(await sql`select * from public.schedule_attempts where id = ${attemptId}`);
}

/** The error code and hint of a refusal. */
export function refusal(hint: string): { readonly code: string; readonly hint: string } {
  return { code: "PT409", hint };
}
