/** The database reads of the pages. Each returns rows or throws a `ReadError`. */
import type { PostgrestError } from "@supabase/supabase-js";
import type { Client } from "./client.ts";
import type {
  AlertRow,
  Attempt,
  Audit,
  DuplicateDay,
  Health,
  JobRun,
  MatchdayAlert,
  MatchdayMatch,
  MatchEvents,
  TimelineLine,
} from "./rows.ts";

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
    return await read<boolean>(client.rpc("is_operator"));
  } catch (error) {
    if (error instanceof ReadError && error.isRefusal) return false;
    throw error;
  }
}

export function matchday(client: Client, from: Date, until: Date): Promise<MatchdayMatch[]> {
  const window = { p_from: from.toISOString(), p_until: until.toISOString() };
  return read<{ matches: MatchdayMatch[] }>(client.rpc("matchday_summary", window))
    .then(({ matches }) => matches);
}

/** The send time of the next pending push, on any day. */
export async function nextSend(client: Client, now: Date): Promise<string | null> {
  const [row] = await read<{ send_at_utc: string }[]>(
    client.from("schedule_ledger").select("send_at_utc").eq("status", "pending")
      .gt("send_at_utc", now.toISOString()).order("send_at_utc").limit(1),
  );
  return row?.send_at_utc ?? null;
}

/** Open alerts that concern no single match, such as a stalled function. */
export function generalAlerts(client: Client): Promise<MatchdayAlert[]> {
  return read(
    client.from("alerts").select("id, rule, severity, title, first_seen_at")
      .is("resolved_at", null).is("match_id", null).order("first_seen_at"),
  );
}

export interface MatchPage {
  readonly match: MatchdayMatch | null;
  readonly timeline: readonly TimelineLine[];
  readonly attempts: readonly Attempt[];
  readonly events: MatchEvents;
}

export async function matchPage(client: Client, matchId: number): Promise<MatchPage> {
  const [fixture] = await read<{ kickoff_at: string }[]>(
    client.from("matches").select("kickoff_at").eq("id", matchId),
  );
  if (fixture === undefined) {
    return { match: null, timeline: [], attempts: [], events: { minutes: [], candidates: [] } };
  }
  const kickoff = new Date(fixture.kickoff_at);
  const [around, timeline, attempts, events] = await Promise.all([
    matchday(client, kickoff, new Date(kickoff.getTime() + 1)),
    read<TimelineLine[]>(client.rpc("match_timeline", { p_match_id: matchId })),
    read<Attempt[]>(
      client.from("schedule_attempts").select(
        "id, kind, reason, generation, braze_schedule_id, opened_at, closed_at, outcome, http_status, detail, resolved_as",
      ).eq("match_id", matchId).order("opened_at").limit(ROWS_MAX),
    ),
    read<MatchEvents>(client.rpc("match_events", { p_match_id: matchId })),
  ]);
  return {
    match: around.find(({ match_id }) => match_id === matchId) ?? null,
    timeline,
    attempts,
    events,
  };
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
