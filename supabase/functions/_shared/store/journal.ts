/** The write-ahead journal: nothing changes in Braze that was not written here first. */
import { z } from "zod";
import { CreateScheduleBody } from "../braze/schemas.ts";
import { type Rpc, toJson } from "./rpc.ts";

const Opened = z.object({ attempt_id: z.guid(), request: z.unknown() });

const OpenedCreate = z.object({
  attempt_id: z.guid(),
  ledger_id: z.guid(),
  generation: z.int(),
  request: CreateScheduleBody,
}).transform((opened) => ({
  attemptId: opened.attempt_id,
  ledgerId: opened.ledger_id,
  generation: opened.generation,
  /** To be sent as it is: it carries what the events will echo. */
  request: opened.request,
}));
export type OpenedCreate = z.infer<typeof OpenedCreate>;

const Closed = z.object({ attempt_id: z.guid(), outcome: z.string() });

const GivenUp = z.array(
  z.object({
    attempt_id: z.guid(),
    kind: z.enum(["send_id", "create", "update", "delete"]),
    match_id: z.int().nullable(),
    generation: z.int().nullable(),
  }).transform((attempt) => ({
    kind: attempt.kind,
    matchId: attempt.match_id,
    generation: attempt.generation,
  })),
);
export type GivenUpAttempt = z.infer<typeof GivenUp>[number];

/** Users, with bounds, since nobody knows how many follow both teams. */
export interface ExpectedCount {
  readonly count: number | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly source: string;
}

export type AttemptReason = "plan" | "duplicate" | "orphan" | "operator";

export interface AttemptResult {
  readonly outcome: "succeeded" | "failed" | "unknown";
  readonly httpStatus: number | null;
  readonly detail: string | null;
  readonly answer: Readonly<Record<string, string | null>> | null;
  /** Braze said that it does not know the schedule, which does not prove that it is gone. */
  readonly refused: boolean;
}

/** Which run opens the attempt: it must hold its lease, and holds it longer by this. */
export interface RunLease {
  readonly runId: string;
  readonly leaseSeconds: number;
}

/** A generation that a run changes under its lease. */
export interface LeasedGeneration {
  readonly lease: RunLease;
  readonly ledgerId: string;
  readonly generation: number;
  readonly now: Date;
}

export interface Journal {
  openCreate(attempt: {
    readonly attemptId: string;
    readonly lease: RunLease;
    readonly matchId: number;
    readonly request: CreateScheduleBody;
    readonly signature: string;
    readonly sendAt: Date;
    readonly sendId: string | null;
    readonly expected: ExpectedCount;
    readonly reason: AttemptReason;
    readonly now: Date;
  }): Promise<OpenedCreate>;
  openUpdate(attempt: {
    readonly attemptId: string;
    readonly lease: RunLease;
    readonly ledgerId: string;
    readonly generation: number;
    readonly sendAt: Date;
    readonly request: unknown;
    readonly reason: AttemptReason;
    readonly now: Date;
  }): Promise<void>;
  openDelete(attempt: {
    readonly attemptId: string;
    readonly lease: RunLease;
    readonly ledgerId: string;
    readonly generation: number;
    readonly request: unknown;
    readonly reason: AttemptReason;
    readonly now: Date;
  }): Promise<void>;
  openSendId(attempt: {
    readonly attemptId: string;
    readonly lease: RunLease;
    readonly matchId: number;
    readonly request: unknown;
    readonly now: Date;
  }): Promise<void>;
  /** Where the send gate turns the generation away. False where its create is settled, or the row has moved on. */
  supersedeGatedCreate(release: LeasedGeneration): Promise<boolean>;
  /** Wanted again, and no delete of it was carried out. False where one may have been, or the row has moved on. */
  reactivateSchedule(keep: LeasedGeneration): Promise<boolean>;
  close(attemptId: string, result: AttemptResult, now: Date): Promise<void>;
  /** Closes as unknown what dead runs left open. */
  giveUp(runId: string, now: Date): Promise<GivenUpAttempt[]>;
  /** False when the row was not pending any more. */
  cancelLedger(cancel: {
    readonly ledgerId: string;
    readonly generation: number;
    readonly cancelReason: "plan" | "dashboard" | "operator";
    readonly note: string;
    readonly now: Date;
  }): Promise<boolean>;
}

const REPEATABLE = { repeatable: true };

export function createJournal(rpc: Rpc): Journal {
  return {
    openCreate: (attempt) =>
      rpc.call(
        "open_create",
        {
          ...opening(attempt),
          p_match_id: attempt.matchId,
          p_request: toJson(attempt.request),
          p_signature: attempt.signature,
          p_send_at: attempt.sendAt.toISOString(),
          p_expected: toJson(attempt.expected),
          p_reason: attempt.reason,
          ...(attempt.sendId === null ? {} : { p_send_id: attempt.sendId }),
        },
        OpenedCreate,
        REPEATABLE,
      ),
    async openUpdate(attempt) {
      await rpc.call(
        "open_update",
        {
          ...opening(attempt),
          p_ledger_id: attempt.ledgerId,
          p_generation: attempt.generation,
          p_send_at: attempt.sendAt.toISOString(),
          p_request: toJson(attempt.request),
          p_reason: attempt.reason,
        },
        Opened,
        REPEATABLE,
      );
    },
    async openDelete(attempt) {
      await rpc.call(
        "open_delete",
        {
          ...opening(attempt),
          p_ledger_id: attempt.ledgerId,
          p_generation: attempt.generation,
          p_request: toJson(attempt.request),
          p_reason: attempt.reason,
        },
        Opened,
        REPEATABLE,
      );
    },
    async openSendId(attempt) {
      await rpc.call(
        "open_send_id",
        {
          ...opening(attempt),
          p_match_id: attempt.matchId,
          p_request: toJson(attempt.request),
        },
        Opened,
        REPEATABLE,
      );
    },
    supersedeGatedCreate: (release) =>
      // Its second answer would be false, so that the next run makes what this one did not.
      rpc.call("supersede_gated_create", generationOf(release), z.boolean(), REPEATABLE),
    reactivateSchedule: (keep) =>
      rpc.call("reactivate_schedule", generationOf(keep), z.boolean(), REPEATABLE),
    async close(attemptId, result, now) {
      await rpc.call(
        "close_attempt",
        {
          p_attempt_id: attemptId,
          p_outcome: result.outcome,
          p_result: toJson({
            http_status: result.httpStatus,
            detail: result.detail,
            answer: result.answer,
            refused: result.refused,
          }),
          p_now: now.toISOString(),
        },
        Closed,
        REPEATABLE,
      );
    },
    giveUp: (runId, now) =>
      rpc.call(
        "close_abandoned_attempts",
        { p_run_id: runId, p_now: now.toISOString() },
        GivenUp,
        REPEATABLE,
      ),
    cancelLedger: ({ ledgerId, generation, cancelReason, note, now }) =>
      rpc.call(
        "cancel_ledger",
        {
          p_ledger_id: ledgerId,
          p_generation: generation,
          p_cancel_reason: cancelReason,
          p_note: note,
          p_now: now.toISOString(),
        },
        z.boolean(),
        REPEATABLE,
      ),
  };
}

function generationOf({ lease, ledgerId, generation, now }: LeasedGeneration) {
  return {
    p_run_id: lease.runId,
    p_lease_seconds: lease.leaseSeconds,
    p_ledger_id: ledgerId,
    p_generation: generation,
    p_now: now.toISOString(),
  };
}

function opening(
  { attemptId, lease, now }: {
    readonly attemptId: string;
    readonly lease: RunLease;
    readonly now: Date;
  },
) {
  return {
    p_attempt_id: attemptId,
    p_run_id: lease.runId,
    p_lease_seconds: lease.leaseSeconds,
    p_now: now.toISOString(),
  };
}
