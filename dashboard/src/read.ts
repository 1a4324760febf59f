/**
 * The database reads of the pages. Each returns rows or throws a `ReadError`.
 *
 * All are sent as GET, so that a load balancer may send them to a read replica.
 */
import type { PostgrestError } from "@supabase/supabase-js";
import type { Client } from "./client.ts";
import type {
  AlertRow,
  Attempt,
  Audit,
  DuplicateDay,
  Health,
  JobRun,
  MatchEvents,
  OpenAlert,
  PersonAction,
  TimelineLine,
  Verdict,
} from "./rows.ts";

const GET = { get: true } as const;
const ROWS_MAX = 500;
const RUNS_SHOWN = 24;

/** `isRefusal`: the token is no longer valid or allowed; else a fault. */
export class ReadError extends Error {
  constructor(message: string, readonly isRefusal: boolean) {
    super(message);
  }
}

interface Answer<Data> {
  readonly data: Data | null;
  readonly error: PostgrestError | null;
  readonly status: number;
}

async function read<Data>(query: PromiseLike<Answer<unknown>>): Promise<Data> {
  const { data, error, status } = await query;
  if (error === null) return data as Data;
  throw new ReadError(error.message || `got ${status}`, [401, 403].includes(status));
}

export async function isOperator(client: Client): Promise<boolean> {
  try {
    return await read<boolean>(client.rpc("is_operator", {}, GET));
  } catch (error) {
    if (error instanceof ReadError && error.isRefusal) return false;
    throw error;
  }
}

/** The verdicts of the matches that kick off in this time, by kick-off. */
export function dayVerdicts(
  client: Client,
  from: Date,
  until: Date,
  now: Date,
): Promise<Verdict[]> {
  return read(client.rpc("day_verdicts", {
    p_from: from.toISOString(),
    p_until: until.toISOString(),
    p_now: now.toISOString(),
  }, GET));
}

/** null: there is no such match. */
function matchVerdict(client: Client, matchId: number, now: Date): Promise<Verdict | null> {
  return read(
    client.rpc("match_verdict", { p_match_id: matchId, p_now: now.toISOString() }, GET),
  );
}

/** The verdict of the next pending push, on any day. */
export async function nextVerdict(client: Client, now: Date): Promise<Verdict | null> {
  const [row] = await read<{ match_id: number }[]>(
    client.from("schedule_ledger").select("match_id").eq("status", "pending")
      .is("replaced_at", null).gt("send_at_utc", now.toISOString()).order("send_at_utc").limit(1),
  );
  return row === undefined ? null : await matchVerdict(client, row.match_id, now);
}

const OPEN_ALERT = "id, fingerprint, rule, kind, severity, title, first_seen_at";

/** Open alerts that concern no single match, such as a stalled function. */
export function generalAlerts(client: Client): Promise<OpenAlert[]> {
  return read(
    client.from("alerts").select(OPEN_ALERT).is("resolved_at", null).is("match_id", null)
      .order("first_seen_at"),
  );
}

/** What every view shows around itself. */
export interface Overview {
  readonly openAlerts: number;
  /** The last success of each function, by name; null: none yet. */
  readonly lastSuccess: ReadonlyMap<string, Date | null>;
  /** The last call by cron. */
  readonly lastCall: Date | null;
}

export async function overview(client: Client, names: readonly string[]): Promise<Overview> {
  const [open, lastCall, ...successes] = await Promise.all([
    countOpenAlerts(client),
    read<{ called_at: string }[]>(
      client.from("job_runs").select("called_at").eq("caller", "cron")
        .order("called_at", { ascending: false }).limit(1),
    ),
    ...names.map((name) =>
      read<{ finished_at: string }[]>(
        client.from("job_runs").select("finished_at").eq("function_name", name)
          .in("outcome", ["succeeded", "partial"]).eq("dry_run", false)
          .order("called_at", { ascending: false }).limit(1),
      )
    ),
  ]);
  const at = (text: string | undefined) => text === undefined ? null : new Date(text);
  return {
    openAlerts: open,
    lastCall: at(lastCall[0]?.called_at),
    lastSuccess: new Map(
      names.map((name, index) => [name, at(successes[index]?.[0]?.finished_at)]),
    ),
  };
}

async function countOpenAlerts(client: Client): Promise<number> {
  const open = await client.from("alerts").select("id", { count: "exact" })
    .is("resolved_at", null).limit(1);
  await read(Promise.resolve(open));
  return open.count ?? 0;
}

/** What Braze was asked for, and what it reported. */
export interface LedgerFacts {
  readonly generation: number;
  readonly braze_reported_count: number | null;
  readonly preflight_at: string | null;
  readonly preflight_result: string | null;
}

export interface MatchPage {
  readonly verdict: Verdict | null;
  readonly ledger: LedgerFacts | null;
  readonly alerts: readonly AlertRow[];
  readonly actions: readonly PersonAction[];
  readonly timeline: readonly TimelineLine[];
  readonly attempts: readonly Attempt[];
  readonly events: MatchEvents;
}

const ACTION = "id, acted_at, action, match_id, actor_kind, actor_id, reason, details, undoes";

export async function matchPage(client: Client, matchId: number, now: Date): Promise<MatchPage> {
  const [verdict, ledger, alerts, actions, timeline, attempts, events] = await Promise.all([
    matchVerdict(client, matchId, now),
    read<LedgerFacts[]>(
      client.from("schedule_ledger")
        .select("generation, braze_reported_count, preflight_at, preflight_result")
        .eq("match_id", matchId).is("replaced_at", null),
    ),
    read<AlertRow[]>(
      client.from("alerts").select("*").eq("match_id", matchId).is("resolved_at", null)
        .order("first_seen_at"),
    ),
    read<PersonAction[]>(
      client.from("operator_actions").select(ACTION).eq("match_id", matchId).order("id")
        .limit(ROWS_MAX),
    ),
    read<TimelineLine[]>(client.rpc("match_timeline", { p_match_id: matchId }, GET)),
    read<Attempt[]>(
      client.from("schedule_attempts").select(
        "id, kind, reason, generation, braze_schedule_id, opened_at, closed_at, outcome, http_status, detail, resolved_as",
      ).eq("match_id", matchId).order("opened_at").limit(ROWS_MAX),
    ),
    read<MatchEvents>(client.rpc("match_events", { p_match_id: matchId }, GET)),
  ]);
  return { verdict, ledger: ledger[0] ?? null, alerts, actions, timeline, attempts, events };
}

export function audits(client: Client, since: Date): Promise<Audit[]> {
  return read(
    client.from("count_audit_logs").select("*").gte("checked_at", since.toISOString())
      .order("checked_at", { ascending: false }).limit(ROWS_MAX),
  );
}

export function health(client: Client): Promise<Health[]> {
  return read(
    client.from("webhook_health_metrics").select("*").order("date", { ascending: false }).limit(60),
  );
}

export function duplicateDays(client: Client): Promise<DuplicateDay[]> {
  return read(
    client.from("duplicate_trends").select("*").order("date", { ascending: false }).limit(60),
  );
}

export function doublePushes(client: Client): Promise<AlertRow[]> {
  return read(
    client.from("alerts").select("*").eq("rule", "double_push")
      .order("first_seen_at", { ascending: false }).limit(ROWS_MAX),
  );
}

/** What people did to alerts and to schedules that are not the suite's, newest first. */
export function actionsOnAlerts(client: Client): Promise<PersonAction[]> {
  return read(
    client.from("operator_actions").select(ACTION)
      .in("action", ["resolve", "adopt_schedule", "keep_schedule", "delete_schedule"])
      .order("id", { ascending: false }).limit(ROWS_MAX),
  );
}

export function alerts(client: Client, show: "open" | "past"): Promise<AlertRow[]> {
  const all = client.from("alerts").select("*");
  return read(
    (show === "open" ? all.is("resolved_at", null) : all.not("resolved_at", "is", null))
      .order("last_seen_at", { ascending: false }).limit(ROWS_MAX),
  );
}

/** The last runs of each function, newest first. */
export async function jobRuns(
  client: Client,
  names: readonly string[],
): Promise<ReadonlyMap<string, readonly JobRun[]>> {
  const runs = await Promise.all(names.map((name) =>
    read<JobRun[]>(
      client.from("job_runs").select("*").eq("function_name", name)
        .order("called_at", { ascending: false }).limit(RUNS_SHOWN),
    )
  ));
  return new Map(names.map((name, index) => [name, runs[index] ?? []]));
}
