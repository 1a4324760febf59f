/** What a reconciliation reads of the ledger, and what it writes there. */
import { z } from "zod";
import { row, snakeCase } from "../text/camel_case.ts";
import {
  CancelReason,
  dropped,
  instant,
  LedgerStatus,
  MatchStatus,
  scheduleColumns,
} from "./columns.ts";
import { type AttemptReason, Opened, type RunLease } from "./journal.ts";
import { type Arguments, REPEATABLE, type Rpc } from "./rpc.ts";

const KnownSchedule = row({
  ...scheduleColumns,
  braze_schedule_id: z.string().nullable(),
  updated_at: instant,
  listed_at: instant.nullable(),
  missed_at: instant.nullable(),
  first_event_at: instant.nullable(),
  /** A call that changes it is in progress, or its run died and no other run has closed it. */
  has_open_attempt: z.boolean(),
});
export type KnownSchedule = z.infer<typeof KnownSchedule>;

const KnownMatch = row({
  ledger_id: z.guid(),
  match_id: z.int(),
  home_team: z.string(),
  away_team: z.string(),
  match_status: MatchStatus,
  status: LedgerStatus,
  cancel_reason: CancelReason.nullable(),
  campaign_id: z.string(),
  generation: z.int(),
  /** Null where no send id belongs to this match alone. */
  send_id: z.string().nullable(),
  send_at: instant,
  reported_count: z.int().nullable(),
  /** When Braze was last asked for its statistics. */
  statistics_at: instant.nullable(),
  /** Events of the current generation prove its send with high or medium confidence. */
  has_events: z.boolean(),
  /** All its events so far are aborts: nobody was pushed. */
  was_aborted: z.boolean(),
  schedules: z.array(KnownSchedule),
});
export type KnownMatch = z.infer<typeof KnownMatch>;

const UnknownAttempt = row({
  attempt_id: z.guid(),
  kind: z.enum(["create", "update", "delete"]),
  match_id: z.int().nullable(),
  /** Null where this suite did not make the schedule. */
  ledger_id: z.guid().nullable(),
  generation: z.int().nullable(),
  braze_schedule_id: z.string().nullable(),
  moving_to: instant.nullable(),
  closed_at: instant,
  missed_at: instant.nullable(),
  is_superseded: z.boolean(),
});
export type UnknownAttempt = z.infer<typeof UnknownAttempt>;

const Known = row({
  matches: z.array(KnownMatch),
  attempts: z.array(UnknownAttempt),
  /** Listed as an older schedule of ours beside the current one: these alone are deleted without a person. */
  superseded_schedule_ids: z.array(z.string()),
  /** A person said that these are to stay as they are. */
  kept_schedule_ids: z.array(z.string()),
  /** The recent UTC days on which duplicates were found. */
  duplicate_days: z.array(z.iso.date()),
  /** When the last complete run of the scheduler began. */
  scheduler_ran_at: instant.nullable(),
  /** Matches that were written since then. */
  fresh_match_ids: z.array(z.int()),
});
export type Known = z.infer<typeof Known>;

/** A schedule whose delete was not confirmed. `missed`: a list lacks it for the first time. */
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

const Resolved = row({ schedules: z.int(), attempt_ids: z.array(z.guid()) });

export function createReconciliation(rpc: Rpc) {
  return {
    load: (window: Arguments<"load_reconciliation">) =>
      rpc.call("load_reconciliation", window, Known, REPEATABLE),

    /** Returns the matches that became sent. */
    confirmByEvents: (ledgerIds: readonly string[], now: Date) =>
      rpc.call("confirm_by_events", { ledgerIds, now }, z.array(z.int()), REPEATABLE),

    /** Not repeated: a second call finds the schedule adopted and answers that it did nothing. */
    adopt: (schedule: Arguments<"adopt_schedule">) =>
      rpc.call("adopt_schedule", schedule, z.boolean()),

    /** The database refuses it with 409 for the current, wanted schedule of a match. */
    openUnmanagedDelete: ({ lease, ...attempt }: {
      readonly attemptId: string;
      readonly lease: RunLease;
      readonly brazeScheduleId: string;
      /** The match, ledger row and generation that the schedule itself names. */
      readonly matchId: number | null;
      readonly ledgerId: string | null;
      readonly generation: number | null;
      readonly request: unknown;
      readonly reason: Extract<AttemptReason, "duplicate" | "orphan">;
      readonly now: Date;
    }) => rpc.call("open_unmanaged_delete", { ...lease, ...attempt }, dropped(Opened), REPEATABLE),

    resolveUnknownAttempts: (
      schedules: readonly ScheduleResolution[],
      attempts: readonly AttemptResolution[],
      now: Date,
    ) =>
      rpc.call("resolve_unknown_attempts", {
        schedules: schedules.map(snakeCase),
        attempts: attempts.map(snakeCase),
        now,
      }, Resolved),

    /** False when the row was no longer pending. */
    confirmByStatistics: (
      { ledgerId, generation }: Pick<KnownMatch, "ledgerId" | "generation">,
      count: number,
      now: Date,
    ) => rpc.call("confirm_by_statistics", { ledgerId, generation, count, now }, z.boolean()),

    /** A null count: Braze was asked and gave no number. */
    storeReportedCounts: (
      counts: readonly { readonly ledgerId: string; readonly count: number | null }[],
      now: Date,
    ) => rpc.call("store_reported_counts", { counts: counts.map(snakeCase), now }, z.int()),
  };
}
