/** What a reconciliation reads of the ledger, and what it may settle there. */
import { z } from "zod";
import { RegisteredIdentifier } from "./events.ts";
import type { AttemptReason, RunLease } from "./journal.ts";
import { CancelReason, instant, LedgerStatus, MatchStatus, ScheduleState } from "./planning.ts";
import { type Rpc, toJson } from "./rpc.ts";

const KnownSchedule = z.object({
  generation: z.int(),
  state: ScheduleState,
  braze_schedule_id: z.string().nullable(),
  send_at: instant,
  moving_to: instant.nullable(),
  updated_at: instant,
  listed_at: instant.nullable(),
  missed_at: instant.nullable(),
  first_event_at: instant.nullable(),
  has_open_attempt: z.boolean(),
}).transform((schedule) => ({
  generation: schedule.generation,
  state: schedule.state,
  brazeScheduleId: schedule.braze_schedule_id,
  sendAt: schedule.send_at,
  movingTo: schedule.moving_to,
  updatedAt: schedule.updated_at,
  listedAt: schedule.listed_at,
  missedAt: schedule.missed_at,
  firstEventAt: schedule.first_event_at,
  /** A call that changes it is under way, or its run died and nobody has said so yet. */
  hasOpenAttempt: schedule.has_open_attempt,
}));
export type KnownSchedule = z.infer<typeof KnownSchedule>;

const KnownMatch = z.object({
  ledger_id: z.guid(),
  match_id: z.int(),
  home_team: z.string(),
  away_team: z.string(),
  match_status: MatchStatus,
  status: LedgerStatus,
  cancel_reason: CancelReason.nullable(),
  campaign_id: z.string(),
  generation: z.int(),
  send_id: z.string().nullable(),
  send_at: instant,
  reported_count: z.int().nullable(),
  has_events: z.boolean(),
  schedules: z.array(KnownSchedule),
}).transform((match) => ({
  ledgerId: match.ledger_id,
  matchId: match.match_id,
  homeTeam: match.home_team,
  awayTeam: match.away_team,
  matchStatus: match.match_status,
  status: match.status,
  cancelReason: match.cancel_reason,
  campaignId: match.campaign_id,
  generation: match.generation,
  /** null where there is none that is this match's alone. */
  sendId: match.send_id,
  sendAt: match.send_at,
  reportedCount: match.reported_count,
  /** Events of the current generation prove with high or medium confidence that it went out. */
  hasEvents: match.has_events,
  schedules: match.schedules,
}));
export type KnownMatch = z.infer<typeof KnownMatch>;

const UnknownAttempt = z.object({
  attempt_id: z.guid(),
  kind: z.enum(["create", "update", "delete"]),
  match_id: z.int().nullable(),
  ledger_id: z.guid().nullable(),
  generation: z.int().nullable(),
  braze_schedule_id: z.string().nullable(),
  moving_to: instant.nullable(),
  closed_at: instant,
  missed_at: instant.nullable(),
  is_superseded: z.boolean(),
}).transform((attempt) => ({
  attemptId: attempt.attempt_id,
  kind: attempt.kind,
  matchId: attempt.match_id,
  /** null where the schedule is none of ours. */
  ledgerId: attempt.ledger_id,
  generation: attempt.generation,
  brazeScheduleId: attempt.braze_schedule_id,
  movingTo: attempt.moving_to,
  closedAt: attempt.closed_at,
  missedAt: attempt.missed_at,
  isSuperseded: attempt.is_superseded,
}));
export type UnknownAttempt = z.infer<typeof UnknownAttempt>;

const Known = z.object({
  matches: z.array(KnownMatch),
  attempts: z.array(UnknownAttempt),
  duplicate_days: z.array(z.iso.date()),
  scheduler_ran_at: instant.nullable(),
  fresh_match_ids: z.array(z.int()),
}).transform((known) => ({
  matches: known.matches,
  attempts: known.attempts,
  /** UTC days on which duplicates were found lately. */
  duplicateDays: known.duplicate_days,
  /** When the last run of the scheduler began that did all it wanted. */
  schedulerRanAt: known.scheduler_ran_at,
  /** Matches that were written since then. */
  freshMatchIds: known.fresh_match_ids,
}));
export type Known = z.infer<typeof Known>;

const Adopted = z.object({
  adopted: z.boolean(),
  registered: z.array(RegisteredIdentifier),
});
const Opened = z.object({ attempt_id: z.guid(), request: z.unknown() });
const Recovered = z.object({
  match_id: z.int(),
  done: z.boolean(),
  refused: z.string().nullable(),
}).transform((answer) => ({
  matchId: answer.match_id,
  done: answer.done,
  /** Why it makes no sense, in words that follow "Cannot … match 1001: ". */
  refused: answer.refused,
}));
export type Recovered = z.infer<typeof Recovered>;

/** A schedule whose delete was never confirmed. `missed`: a listing lacks it, for the first time. */
export interface ScheduleResolution {
  readonly ledgerId: string;
  readonly generation: number;
  readonly effect: "live" | "deleted" | "missed";
}

export type AttemptResolution =
  & { readonly attemptId: string }
  & (
    | {
      readonly resolvedAs:
        | "proved_by_events"
        | "listed"
        | "absent"
        | "superseded"
        | "released";
      readonly effect: "moved" | "not_moved" | null;
    }
    | { readonly resolvedAs: null; readonly effect: "missed" }
  );

const SettledUnknown = z.object({
  schedules: z.int(),
  attempt_ids: z.array(z.guid()),
})
  .transform((settled) => ({
    schedules: settled.schedules,
    attemptIds: settled.attempt_ids,
  }));

/** Who did what by hand, and why. */
export interface OperatorAction {
  readonly matchId: number;
  readonly reason: string;
  readonly actorKind: "secret_key" | "operator";
  readonly actorId: string | null;
  readonly runId: string;
  readonly dryRun: boolean;
  readonly now: Date;
}

export interface Reconciliation {
  load(window: { readonly pastFrom: Date; readonly now: Date }): Promise<Known>;
  /** Returns the matches that are sent now. */
  confirmByEvents(ledgerIds: readonly string[], now: Date): Promise<number[]>;
  adopt(schedule: {
    readonly ledgerId: string;
    readonly generation: number;
    readonly brazeScheduleId: string;
    readonly sendAt: Date | null;
    readonly dispatchId: string | null;
    readonly now: Date;
  }): Promise<z.infer<typeof Adopted>>;
  /** Refused with 409 for the current, wanted schedule of a match. */
  openUnmanagedDelete(attempt: {
    readonly attemptId: string;
    readonly lease: RunLease;
    readonly brazeScheduleId: string;
    /** What the schedule says of itself. */
    readonly matchId: number | null;
    readonly ledgerId: string | null;
    readonly generation: number | null;
    readonly request: unknown;
    readonly reason: Extract<AttemptReason, "duplicate" | "orphan">;
    readonly now: Date;
  }): Promise<void>;
  resolveUnknownAttempts(
    schedules: readonly ScheduleResolution[],
    attempts: readonly AttemptResolution[],
    now: Date,
  ): Promise<z.infer<typeof SettledUnknown>>;
  /** False when the row was not pending any more. */
  confirmByStatistics(
    match: Pick<KnownMatch, "ledgerId" | "generation">,
    count: number,
    now: Date,
  ): Promise<boolean>;
  storeReportedCounts(
    counts: readonly { readonly ledgerId: string; readonly count: number }[],
    now: Date,
  ): Promise<number>;
  markSent(action: OperatorAction): Promise<Recovered>;
  undoMarkSent(action: OperatorAction): Promise<Recovered>;
}

const REPEATABLE = { repeatable: true };

export function createReconciliation(rpc: Rpc): Reconciliation {
  return {
    load: ({ pastFrom, now }) =>
      rpc.call(
        "load_reconciliation",
        { p_past_from: pastFrom.toISOString(), p_now: now.toISOString() },
        Known,
        REPEATABLE,
      ),
    confirmByEvents: (ledgerIds, now) =>
      rpc.call(
        "confirm_by_events",
        { p_ledger_ids: [...ledgerIds], p_now: now.toISOString() },
        z.array(z.int()),
        REPEATABLE,
      ),
    adopt: (
      { ledgerId, generation, brazeScheduleId, sendAt, dispatchId, now },
    ) =>
      // Not repeated: a second time finds it adopted, and would say that nothing was done.
      rpc.call("adopt_schedule", {
        p_ledger_id: ledgerId,
        p_generation: generation,
        p_braze_schedule_id: brazeScheduleId,
        p_now: now.toISOString(),
        ...(sendAt === null ? {} : { p_send_at: sendAt.toISOString() }),
        ...(dispatchId === null ? {} : { p_dispatch_id: dispatchId }),
      }, Adopted),
    async openUnmanagedDelete(attempt) {
      const { matchId, ledgerId, generation } = attempt;
      await rpc.call(
        "open_unmanaged_delete",
        {
          p_attempt_id: attempt.attemptId,
          p_run_id: attempt.lease.runId,
          p_lease_seconds: attempt.lease.leaseSeconds,
          p_braze_schedule_id: attempt.brazeScheduleId,
          p_request: toJson(attempt.request),
          p_reason: attempt.reason,
          p_now: attempt.now.toISOString(),
          ...(matchId === null ? {} : { p_match_id: matchId }),
          ...(ledgerId === null ? {} : { p_ledger_id: ledgerId }),
          ...(generation === null ? {} : { p_generation: generation }),
        },
        Opened,
        REPEATABLE,
      );
    },
    resolveUnknownAttempts: (schedules, attempts, now) =>
      rpc.call("resolve_unknown_attempts", {
        p_schedules: toJson(
          schedules.map(({ ledgerId, generation, effect }) => ({
            ledger_id: ledgerId,
            generation,
            effect,
          })),
        ),
        p_attempts: toJson(attempts.map(({ attemptId, resolvedAs, effect }) => ({
          attempt_id: attemptId,
          resolved_as: resolvedAs,
          effect,
        }))),
        p_now: now.toISOString(),
      }, SettledUnknown),
    confirmByStatistics: ({ ledgerId, generation }, count, now) =>
      rpc.call("confirm_by_statistics", {
        p_ledger_id: ledgerId,
        p_generation: generation,
        p_count: count,
        p_now: now.toISOString(),
      }, z.boolean()),
    storeReportedCounts: (counts, now) =>
      rpc.call("store_reported_counts", {
        p_counts: toJson(
          counts.map(({ ledgerId, count }) => ({ ledger_id: ledgerId, count })),
        ),
        p_now: now.toISOString(),
      }, z.int()),
    markSent: (action) => rpc.call("mark_sent", writeAction(action), Recovered),
    undoMarkSent: (action) => rpc.call("undo_mark_sent", writeAction(action), Recovered),
  };
}

function writeAction(action: OperatorAction) {
  return {
    p_match_id: action.matchId,
    p_reason: action.reason,
    p_actor_kind: action.actorKind,
    p_run_id: action.runId,
    p_dry_run: action.dryRun,
    p_now: action.now.toISOString(),
    ...(action.actorId === null ? {} : { p_actor_id: action.actorId }),
  };
}
