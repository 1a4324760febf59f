/** Reads the suite's data at a quiet point from its tables: what the auditor judges. */
import type { Sql } from "../../../local/stack/sql.ts";
import type { Decided } from "../context.ts";

export interface StoredEvent {
  readonly event_id: string;
  readonly channel: string;
  readonly event_type: string;
  readonly external_user_id: string | null;
  readonly match_id: string | null;
  readonly generation: number | null;
  readonly dispatch_id: string | null;
  readonly correlation_method: string;
  readonly confidence: "high" | "medium" | "low" | "none";
  readonly sent_at: Date;
  readonly received_at: Date;
  readonly ledger_id: string | null;
  readonly timing: string | null;
  readonly proof: string | null;
  readonly raw_payload: Readonly<Record<string, unknown>>;
}

export interface LedgerRow {
  readonly id: string;
  readonly match_id: string;
  readonly generation: number;
  readonly braze_schedule_id: string | null;
  readonly send_id: string | null;
  readonly send_at_utc: Date;
  readonly status: "pending" | "sent" | "cancelled";
  readonly cancel_reason: string | null;
  readonly sent_evidence: string | null;
}

export interface ScheduleRow {
  readonly ledger_id: string;
  readonly generation: number;
  readonly braze_schedule_id: string | null;
  readonly state: string;
  readonly send_at_utc: Date;
  readonly moving_to_utc: Date | null;
  readonly listed_at: Date | null;
}

export interface AlertRow {
  readonly id: string;
  readonly rule: string;
  readonly kind: "condition" | "harm";
  /** Its events belong to another match, or are no longer seen. */
  readonly is_withdrawn: boolean;
  readonly fingerprint: string;
  readonly match_id: string | null;
  readonly title: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly first_seen_at: Date;
  /** Null also where a person closed it: it stood until somebody had dealt with it. */
  readonly resolved_at: Date | null;
}

/** A run that came to its end; of what it had to do, something may be left. */
export interface RunRow {
  readonly function_name: string;
  readonly started_at: Date;
  readonly finished_at: Date;
}

/** A time that a create or an update asked for, or that a schedule had when a person adopted it. */
export interface AskedTime {
  readonly ledger_id: string;
  readonly generation: number;
  readonly send_at: Date;
}

export interface IdentifierRow {
  readonly kind: "schedule_id" | "send_id" | "dispatch_id";
  readonly value: string;
}

/** A create or a delete of a generation, and its outcome. */
export interface JournalEntry {
  readonly kind: "create" | "delete";
  readonly ledger_id: string;
  readonly generation: number;
  readonly opened_at: Date;
  readonly closed_at: Date | null;
  readonly outcome: "succeeded" | "failed" | "unknown" | null;
  readonly http_status: number | null;
  readonly resolved_at: Date | null;
  readonly resolved_as: string | null;
}

export interface UnknownAttempt {
  readonly kind: string;
  readonly match_id: string | null;
  readonly ledger_id: string | null;
  readonly generation: number | null;
  readonly braze_schedule_id: string | null;
}

export interface Facts {
  readonly events: readonly StoredEvent[];
  readonly rejects: number;
  readonly ledger: readonly LedgerRow[];
  readonly schedules: readonly ScheduleRow[];
  readonly alerts: readonly AlertRow[];
  readonly journal: readonly JournalEntry[];
  readonly unresolved: readonly UnknownAttempt[];
  readonly asked: readonly AskedTime[];
  readonly identifiers: readonly IdentifierRow[];
  /** In the order of their start. */
  readonly runs: readonly RunRow[];
  /** The first call of the scheduler that was to change something, however it ended. */
  readonly schedulerCalledAt: Date | null;
  /** Changed facts whose events are to be judged again. */
  readonly rejudgements: number;
  /** Runs in the state `running` with an expired lease, although their function has run since. */
  readonly hanging: readonly string[];
  readonly counted: {
    readonly received: number;
    readonly duplicates: number;
    readonly rejected: number;
  };
}

export async function readFacts(sql: Sql, { adopted, closed }: Decided): Promise<Facts> {
  const [
    events,
    rejects,
    ledger,
    schedules,
    alerts,
    journal,
    unresolved,
    hanging,
    counted,
    asked,
    identifiers,
    rejudgements,
    runs,
    scheduler,
  ] = await Promise.all([
    sql<StoredEvent[]>`
        select event_id, channel, event_type, external_user_id, match_id, generation, dispatch_id,
          correlation_method, confidence, sent_at, received_at, ledger_id, timing, proof, raw_payload
        from public.notification_sends`,
    sql<{ rejects: number }[]>`select count(*)::int as rejects from public.webhook_rejects`,
    sql<LedgerRow[]>`
        select id, match_id, generation, braze_schedule_id, send_id, send_at_utc, status::text, cancel_reason,
          sent_evidence
        from public.schedule_ledger order by match_id, replaced_at desc nulls first`,
    sql<ScheduleRow[]>`
        select ledger_id, generation, braze_schedule_id, state, send_at_utc, moving_to_utc, listed_at
        from public.braze_schedules order by ledger_id, generation`,
    sql<AlertRow[]>`
        select id, rule, kind, coalesce((details ->> 'no_longer_seen')::boolean, false) as is_withdrawn, fingerprint, match_id,
          title, details, first_seen_at, resolved_at
        from public.alerts order by id`,
    sql<JournalEntry[]>`
        select kind, ledger_id, generation, opened_at, closed_at, outcome, http_status, resolved_at, resolved_as
        from public.schedule_attempts where kind in ('create', 'delete') and ledger_id is not null`,
    sql<UnknownAttempt[]>`
        select kind, match_id, ledger_id, generation, braze_schedule_id from public.schedule_attempts
        where kind <> 'send_id' and (outcome is null or (outcome = 'unknown' and resolved_at is null))`,
    sql<{ run: string }[]>`
        select dead.function_name || ' since ' || dead.started_at as run
        from public.job_runs as dead
        where dead.outcome = 'running'
          and exists (
            select 1 from public.job_runs as later
            where later.function_name = dead.function_name and later.started_at > dead.lease_until
          )`,
    sql<{ received: number; duplicates: number; rejected: number }[]>`
        select coalesce(sum(received), 0)::int as received, coalesce(sum(duplicates), 0)::int as duplicates,
          coalesce(sum(rejected), 0)::int as rejected
        from public.webhook_daily_counts`,
    sql<AskedTime[]>`
        select ledger_id, generation, (request #>> '{schedule,time}')::timestamptz as send_at
        from public.schedule_attempts where kind in ('create', 'update') and ledger_id is not null`,
    sql<IdentifierRow[]>`select kind, value from public.schedule_identifiers`,
    sql<{ changes: number }[]>`select count(*)::int as changes from private.rejudgements`,
    sql<RunRow[]>`
        select function_name, started_at, finished_at from public.job_runs
        where outcome in ('succeeded', 'partial') and not dry_run and started_at is not null and finished_at is not null
        order by started_at`,
    sql<{ first: Date | null }[]>`
        select min(called_at) as first from public.job_runs
        where function_name = 'braze-scheduler' and not dry_run`,
  ]);
  return {
    events,
    rejects: rejects[0]!.rejects,
    ledger,
    schedules,
    alerts: alerts.map((alert) => closed.has(alert.id) ? { ...alert, resolved_at: null } : alert),
    journal,
    unresolved,
    hanging: hanging.map(({ run }) => run),
    counted: counted[0]!,
    asked: [
      ...asked,
      ...schedules.flatMap(({ ledger_id, generation, braze_schedule_id: id }) => {
        const taken = adopted.get(id ?? "");
        return taken === undefined ? [] : [{ ledger_id, generation, send_at: taken.sendAt }];
      }),
    ],
    identifiers,
    rejudgements: rejudgements[0]!.changes,
    runs,
    schedulerCalledAt: scheduler[0]!.first,
  };
}
