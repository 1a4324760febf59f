/**
 * Counts the branches of the plan, of correlation and of reconciliation that a world takes, from the functions' logs and
 * tables. The types make the lists complete: a new branch that no world takes shows as a zero.
 */
import type { Sql } from "../../local/stack/sql.ts";
import type {
  AttributedMethod,
  Proof,
  Timing,
  UnattributedMethod,
} from "../../supabase/functions/_shared/attribution/evidence.ts";
import type { Done } from "../../supabase/functions/braze-scheduler/execute.ts";
import type {
  CancelReason,
  FrozenReason,
  SkipReason,
  Step,
} from "../../supabase/functions/braze-scheduler/step.ts";
import type { GateReason } from "../../supabase/functions/braze-send-gate/decide.ts";
import type { Cancelled } from "../../supabase/functions/braze-reconcile/cancel_unmanaged.ts";
import type { GapReason } from "../../supabase/functions/braze-reconcile/decisions/gaps.ts";
import type { Stale } from "../../supabase/functions/braze-reconcile/decisions/stale.ts";
import type { UnmanagedSchedule } from "../../supabase/functions/braze-reconcile/decisions/unmanaged_schedules.ts";
import type { Finding } from "../../supabase/functions/braze-reconcile/decisions/verify.ts";
import type { Check } from "../../supabase/functions/braze-reconcile/report.ts";
import type { Counts, Tally } from "./tally.ts";

/** All members of a union; a missing one is a type error. */
function all<Name extends string>(names: Record<Name, true>): Name[] {
  return Object.keys(names) as Name[];
}

const BRANCHES: Readonly<Record<string, readonly string[]>> = {
  plan: all<Step["action"]>({
    create: true,
    move: true,
    recreate: true,
    supersede: true,
    reactivate: true,
    delete: true,
    cancel: true,
    skip: true,
    frozen: true,
  }),
  skip: all<SkipReason>({
    match_postponed: true,
    match_cancelled: true,
    match_finished: true,
    push_off: true,
    no_audience: true,
    unknown_team: true,
    kickoff_unconfirmed: true,
    properties_too_large: true,
    match_id_reused: true,
    removal_held: true,
    remake_held: true,
    unchanged: true,
    beyond_horizon: true,
    window_missed: true,
    awaiting_evidence: true,
    already_sent: true,
    sent_then_moved: true,
    cancelled: true,
    cancelled_by_dashboard: true,
    cancelled_by_operator: true,
    create_unknown: true,
    delete_unconfirmed: true,
    schedule_id_unknown: true,
    held: true,
  }),
  frozen: all<FrozenReason>({
    create_inside_freeze: true,
    change_inside_freeze: true,
    brought_forward_inside_freeze: true,
  }),
  cancel: all<CancelReason>({
    match_postponed: true,
    match_cancelled: true,
    match_finished: true,
    push_off: true,
    no_audience: true,
    too_late: true,
    moved_far_ahead: true,
    held: true,
  }),
  done: all<Done>({
    created: true,
    moved: true,
    recreated: true,
    superseded: true,
    reactivated: true,
    cancelled: true,
    deleted: true,
    failed: true,
    unknown: true,
    deferred: true,
    frozen: true,
    conflict: true,
  }),
  correlation: all<AttributedMethod | UnattributedMethod | "elimination">({
    ledger_id: true,
    match_id: true,
    schedule_id: true,
    dispatch_id: true,
    send_id: true,
    time_exact: true,
    time_window: true,
    elimination: true,
    contradiction: true,
    tie: true,
    no_candidate: true,
    no_evidence: true,
    unknown_match: true,
    other_campaign: true,
    test_send: true,
  }),
  check: all<Check>({
    verify: true,
    gaps: true,
    orphans: true,
    duplicates: true,
    unknown_attempts: true,
    stale: true,
    attribution: true,
    counts: true,
    quality: true,
  }),
  verify: all<Finding>({
    future_ok: true,
    future_missing: true,
    future_unknown: true,
    past_with_webhook: true,
    past_awaiting: true,
    past_no_webhook: true,
    stale_pending: true,
  }),
  gap: all<GapReason>({
    unknown_team: true,
    no_audience: true,
    window_missed: true,
    inside_freeze: true,
    never_planned: true,
    not_recreated: true,
    create_failed: true,
    create_unknown: true,
    delete_unconfirmed: true,
    cancelled_by_dashboard: true,
    cancelled_by_operator: true,
  }),
  unmanaged: all<UnmanagedSchedule["why"]>({
    second_schedule: true,
    old_generation: true,
    not_wanted: true,
    unknown_match: true,
  }),
  unmanaged_cancelled: all<Cancelled>({
    cancelled: true,
    refused: true,
    failed: true,
    unknown: true,
    deferred: true,
    conflict: true,
  }),
  unmanaged_kept: ["adopted", "owned", "held", "undecided", "capped"],
  attempt_resolved: [
    "adopted",
    "proved_by_events",
    "proved_by_statistics",
    "absent",
    "listed",
    "released",
    "superseded",
  ],
  schedule_resolved: ["live", "deleted", "missed"],
  stale: all<NonNullable<Stale["unconfirmable"]> | "confirmed" | "for_good">({
    no_send_id: true,
    statistics_gone: true,
    another_schedule_may_have_gone_out: true,
    confirmed: true,
    for_good: true,
  }),
  gate: all<GateReason>({
    current: true,
    unknown_schedule: true,
    superseded: true,
    cancelled: true,
    taken_back: true,
    held: true,
    too_late: true,
    match_postponed: true,
    match_cancelled: true,
    match_finished: true,
    push_off: true,
  }),
  attribution: ["reattributed", "attributed_by_elimination"],
  timing: all<Timing>({ in_window: true, moved_away: true, early: true, late: true }),
  proof: [...all<Proof>({ push: true, webhook: true }), "revoked"],
};

/** All branches, as `group/name`. */
export const ALL_BRANCHES = Object.entries(BRANCHES).flatMap(([group, names]) =>
  names.map((name) => `${group}/${name}`)
);

/** Branches that the suite cannot reach by itself, and why. */
const OUT_OF_REACH: Readonly<Record<string, string>> = {
  "skip/schedule_id_unknown":
    "a live schedule without its id exists only after a person edited the tables",
  "gate/unknown_schedule":
    "a valid token for a missing row exists only after a database was restored from a backup",
  "unmanaged_cancelled/conflict":
    "the second of two guards: an unmanaged schedule would have to become the match's own within one call",
};

export function untaken(taken: Counts): string[] {
  return ALL_BRANCHES.filter((branch) =>
    (taken[branch] ?? 0) === 0 && OUT_OF_REACH[branch] === undefined
  );
}

type Fields = Readonly<Record<string, unknown>>;

/** Counts the branches in a run's last log line. */
export function readBranches(functionName: string, line: string, tally: Tally): void {
  const entry = parse(line);
  if (entry?.event !== "run_ended" || entry.dry_run === true) return;
  if (functionName === "braze-scheduler") {
    add("plan", entry.planned, tally);
    add("skip", entry.skipped, tally);
    add("done", entry.done, tally);
  }
  if (functionName === "braze-reconcile") readReconciliation(record(entry.checks), tally);
}

function readReconciliation(checks: Fields, tally: Tally): void {
  for (const [check, report] of Object.entries(checks)) {
    tally.branch(`check/${check}`);
    const { counts, found, open, is_capped: isCapped } = record(report);
    const byName = record(counts);
    switch (check) {
      case "verify":
        add("verify", byName, tally);
        break;
      case "gaps":
        add("gap", byName, tally);
        break;
      case "orphans":
      case "duplicates":
        add("unmanaged_kept", byName, tally);
        if (isCapped === true) tally.branch("unmanaged_kept/capped");
        for (const { why, cancelled } of list(found)) {
          tally.branch(`unmanaged/${why}`);
          if (cancelled !== null) tally.branch(`unmanaged_cancelled/${cancelled}`);
        }
        break;
      case "unknown_attempts":
        for (const [name, times] of Object.entries(byName)) {
          if (!name.startsWith("schedule_")) continue;
          tally.branch(`schedule_resolved/${name.slice("schedule_".length)}`, Number(times));
        }
        break;
      case "stale":
        add("stale", byName, tally);
        for (const { unconfirmable } of list(open)) {
          if (typeof unconfirmable === "string") tally.branch(`stale/${unconfirmable}`);
        }
        break;
      case "attribution":
        add("attribution", byName, tally);
    }
  }
}

/** Counts the branches that only the tables show. */
export async function readStoredBranches(sql: Sql, tally: Tally): Promise<void> {
  const rows = await sql<{ branch: string; times: number }[]>`
    select 'correlation/' || correlation_method as branch, count(*)::int as times
    from public.notification_sends group by correlation_method
    union all
    -- The earlier methods of events that were reattributed.
    select 'correlation/' || split_part(reason, ' ', 1), count(*)::int
    from public.scheduler_logs where action = 'attribution_changed' group by 1
    union all
    select 'timing/' || timing, count(*)::int
    from public.notification_sends where timing is not null group by timing
    union all
    select 'proof/' || proof, count(*)::int
    from public.notification_sends where proof is not null group by proof
    union all
    select 'proof/revoked', count(*)::int from public.scheduler_logs where action = 'sent_reverted'
    union all
    select 'frozen/' || reason, count(*)::int
    from public.scheduler_logs where action = 'frozen' group by reason
    union all
    select 'cancel/' || reason, count(*)::int
    from public.scheduler_logs where action = 'schedule_cancelled' group by reason
    union all
    select 'attempt_resolved/' || resolved_as, count(*)::int
    from public.schedule_attempts where resolved_as is not null group by resolved_as`;
  for (const { branch, times } of rows) tally.branch(branch, times);
}

function add(group: string, counts: unknown, tally: Tally): void {
  for (const [name, times] of Object.entries(record(counts))) {
    if (BRANCHES[group]?.includes(name)) tally.branch(`${group}/${name}`, Number(times));
  }
}

function parse(line: string): Fields | null {
  try {
    return record(JSON.parse(line));
  } catch {
    return null;
  }
}

function record(value: unknown): Fields {
  return typeof value === "object" && value !== null ? value as Fields : {};
}

function list(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.map(record) : [];
}
