/** The write-ahead journal. Each change in Braze is written here before the call is made. */
import { z } from "zod";
import { CreateScheduleBody } from "../braze/schemas.ts";
import { row, snakeCase } from "../text/camel_case.ts";
import { type CancelReason, dropped } from "./columns.ts";
import { type Arguments, REPEATABLE, type Rpc } from "./rpc.ts";

export const Opened = z.object({ attempt_id: z.guid(), request: z.unknown() });

const OpenedCreate = row({
  attempt_id: z.guid(),
  ledger_id: z.guid(),
  generation: z.int(),
  /** Sent to Braze without a change: it holds what the events will echo. */
  request: CreateScheduleBody,
});

const Closed = z.object({ attempt_id: z.guid(), outcome: z.string() });

const AbandonedAttempt = row({
  kind: z.enum(["send_id", "create", "update", "delete"]),
  match_id: z.int().nullable(),
  generation: z.int().nullable(),
});

/** The number of users, with bounds: how many follow both teams is not known. */
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
  /** Braze answered that it does not know the schedule, which does not prove that the schedule is gone. */
  readonly refused: boolean;
}

/** The run that opens the attempt. It must hold its lease, and extends it by this time. */
export interface RunLease {
  readonly runId: string;
  readonly leaseSeconds: number;
}

interface Attempt {
  readonly attemptId: string;
  readonly lease: RunLease;
  readonly request: unknown;
  readonly now: Date;
}

/** A generation that a run changes under its lease. */
interface LeasedGeneration {
  readonly lease: RunLease;
  readonly ledgerId: string;
  readonly generation: number;
  readonly now: Date;
}

export type Journal = ReturnType<typeof createJournal>;

export function createJournal(rpc: Rpc) {
  return {
    openCreate: ({ lease, ...attempt }: Attempt & {
      readonly matchId: number;
      readonly request: CreateScheduleBody;
      readonly signature: string;
      readonly sendAt: Date;
      readonly sendId: string | null;
      readonly expected: ExpectedCount;
      /** The push presents a token to the send gate. */
      readonly gated: boolean;
      /** Behind a closed gate: the current generation, which this one replaces once it is created. */
      readonly besideGeneration: number | null;
      readonly reason: AttemptReason;
    }) => rpc.call("open_create", { ...lease, ...attempt }, OpenedCreate, REPEATABLE),

    openUpdate: ({ lease, ...attempt }: Attempt & {
      readonly ledgerId: string;
      readonly generation: number;
      readonly sendAt: Date;
      readonly reason: AttemptReason;
    }) => rpc.call("open_update", { ...lease, ...attempt }, dropped(Opened), REPEATABLE),

    openDelete: ({ lease, ...attempt }: Attempt & {
      readonly ledgerId: string;
      readonly generation: number;
      readonly reason: AttemptReason;
      /** Since its row was cancelled: refused if that is pending again. */
      readonly ofCancelled: boolean;
    }) => rpc.call("open_delete", { ...lease, ...attempt }, dropped(Opened), REPEATABLE),

    openSendId: ({ lease, ...attempt }: Attempt & { readonly matchId: number }) =>
      rpc.call("open_send_id", { ...lease, ...attempt }, dropped(Opened), REPEATABLE),

    /**
     * For a schedule that is wanted again and that no delete removed. False where a delete may have removed it, or
     * the ledger row has another generation.
     */
    reactivateSchedule: ({ lease, ...generation }: LeasedGeneration) =>
      rpc.call("reactivate_schedule", { ...lease, ...generation }, z.boolean(), REPEATABLE),

    close: (attemptId: string, { outcome, ...result }: AttemptResult, now: Date) =>
      rpc.call(
        "close_attempt",
        { attemptId, outcome, result: snakeCase(result), now },
        dropped(Closed),
        REPEATABLE,
      ),

    /** Closes the open attempts of dead runs as unknown. */
    giveUp: (runId: string, now: Date) =>
      rpc.call("close_abandoned_attempts", { runId, now }, z.array(AbandonedAttempt), REPEATABLE),

    /** False when the row was no longer pending. */
    cancelLedger: (
      row: Arguments<"cancel_ledger"> & { readonly cancelReason: z.infer<typeof CancelReason> },
    ) => rpc.call("cancel_ledger", row, z.boolean(), REPEATABLE),
  };
}
