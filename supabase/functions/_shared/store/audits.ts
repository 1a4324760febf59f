/** The ledger held against Braze: what is compared, and what came of it. */
import { z } from "zod";
import type { ListingMode } from "../braze/listing.ts";
import { instant } from "./planning.ts";
import { type Rpc, toJson } from "./rpc.ts";

const AuditInput = z.object({
  pending: z.array(
    z.object({
      match_id: z.int(),
      ledger_id: z.guid(),
      generation: z.int(),
      braze_schedule_id: z.string().nullable(),
      send_at: instant,
      asked_at: instant,
    }).transform((row) => ({
      matchId: row.match_id,
      ledgerId: row.ledger_id,
      generation: row.generation,
      brazeScheduleId: row.braze_schedule_id,
      sendAt: row.send_at,
      askedAt: row.asked_at,
    })),
  ),
  known: z.array(
    z.object({
      braze_schedule_id: z.string(),
      match_id: z.int(),
      is_deleted: z.boolean(),
      changed_at: instant,
    }).transform((schedule) => ({
      brazeScheduleId: schedule.braze_schedule_id,
      matchId: schedule.match_id,
      isDeleted: schedule.is_deleted,
      changedAt: schedule.changed_at,
    })),
  ),
});
/** `pending`: everything that is still to be sent. `known`: which listed schedules we ever asked for. */
export type AuditInput = z.infer<typeof AuditInput>;

export interface AuditedSchedule {
  readonly matchId: number | null;
  readonly scheduleId: string | null;
}

export interface CountAudit {
  readonly listingMode: ListingMode;
  readonly ledgerPending: number;
  readonly status: "in_sync" | "mismatch" | "unknown";
  /** null where nothing is known, as are both sets. */
  readonly brazeActual: number | null;
  readonly missingInBraze: readonly AuditedSchedule[] | null;
  readonly extraInBraze: readonly AuditedSchedule[] | null;
}

export interface Audits {
  load(scheduleIds: readonly string[], now: Date): Promise<AuditInput>;
  record(audit: CountAudit, runId: string, now: Date): Promise<void>;
}

export function createAudits(rpc: Rpc): Audits {
  return {
    load: (scheduleIds, now) =>
      rpc.call(
        "load_audit",
        { p_schedule_ids: [...scheduleIds], p_now: now.toISOString() },
        AuditInput,
        { repeatable: true },
      ),
    async record(audit, runId, now) {
      await rpc.call(
        "record_audit",
        {
          p_audit: toJson(writeAudit(audit)),
          p_run_id: runId,
          p_now: now.toISOString(),
        },
        z.boolean(),
        { repeatable: true },
      );
    },
  };
}

/** As it is stored, answered and logged. */
export function writeAudit(audit: CountAudit) {
  return {
    listing_mode: audit.listingMode,
    status: audit.status,
    ledger_pending: audit.ledgerPending,
    braze_actual: audit.brazeActual,
    delta: audit.brazeActual === null ? null : audit.brazeActual - audit.ledgerPending,
    missing_in_braze: writeSet(audit.missingInBraze),
    extra_in_braze: writeSet(audit.extraInBraze),
  };
}

function writeSet(schedules: readonly AuditedSchedule[] | null) {
  return schedules?.map(({ matchId, scheduleId }) => ({
    match_id: matchId,
    schedule_id: scheduleId,
  })) ?? null;
}
