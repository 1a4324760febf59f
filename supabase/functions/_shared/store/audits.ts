/** The comparison of the ledger with Braze: its input and its result. */
import { z } from "zod";
import type { ListingMode } from "../braze/listing.ts";
import { row, snakeCase } from "../text/camel_case.ts";
import { dropped, instant } from "./columns.ts";
import { REPEATABLE, type Rpc } from "./rpc.ts";

const AuditInput = z.object({
  /** Every schedule that is still to be sent. */
  pending: z.array(row({
    match_id: z.int(),
    ledger_id: z.guid(),
    generation: z.int(),
    braze_schedule_id: z.string().nullable(),
    send_at: instant,
    asked_at: instant,
  })),
  /** The listed schedules that this suite ever requested. */
  known: z.array(row({
    braze_schedule_id: z.string(),
    match_id: z.int(),
    is_deleted: z.boolean(),
    changed_at: instant,
  })),
});
export type AuditInput = z.infer<typeof AuditInput>;

export interface AuditedSchedule {
  readonly matchId: number | null;
  readonly scheduleId: string | null;
}

export interface CountAudit {
  readonly listingMode: ListingMode;
  readonly ledgerPending: number;
  readonly status: "in_sync" | "mismatch" | "unknown";
  /** This count and both sets are null where nothing is known. */
  readonly brazeActual: number | null;
  readonly missingInBraze: readonly AuditedSchedule[] | null;
  readonly extraInBraze: readonly AuditedSchedule[] | null;
  /** Only a list of campaigns has a next send. */
  readonly expectedNextSend: Date | null;
  readonly listedNextSend: Date | null;
  readonly nextSendAgrees: boolean | null;
}

export function createAudits(rpc: Rpc) {
  return {
    load: (scheduleIds: readonly string[], now: Date) =>
      rpc.call("load_audit", { scheduleIds, now }, AuditInput, REPEATABLE),

    record: (audit: CountAudit, runId: string, now: Date) =>
      rpc.call(
        "record_audit",
        { audit: writeAudit(audit), runId, now },
        dropped(z.boolean()),
        REPEATABLE,
      ),
  };
}

/** The audit as it is stored, answered and logged. */
export function writeAudit(audit: CountAudit) {
  return {
    listing_mode: audit.listingMode,
    status: audit.status,
    ledger_pending: audit.ledgerPending,
    braze_actual: audit.brazeActual,
    delta: audit.brazeActual === null ? null : audit.brazeActual - audit.ledgerPending,
    missing_in_braze: audit.missingInBraze?.map(snakeCase) ?? null,
    extra_in_braze: audit.extraInBraze?.map(snakeCase) ?? null,
    expected_next_send: audit.expectedNextSend,
    listed_next_send: audit.listedNextSend,
    next_send_agrees: audit.nextSendAgrees,
  };
}
