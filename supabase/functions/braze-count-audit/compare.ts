/**
 * Compares the ledger with Braze's listing, as counts and as sets: equal counts can hide one missing and one extra
 * schedule. Pure.
 */
import { isAfter, isBefore, subMinutes } from "date-fns";
import type { ListedSchedule } from "../_shared/braze/listing.ts";
import type { Observation } from "../_shared/function/observe.ts";
import type { AuditInput, CountAudit } from "../_shared/store/audits.ts";

/** Braze guarantees no read-after-write consistency: a change may appear in the listing late. */
const LISTED_AFTER_MINUTES = 5;

export interface Comparison
  extends Omit<CountAudit, "expectedNextSend" | "listedNextSend" | "nextSendAgrees"> {
  /** Requested so recently that Braze may not list them yet; neither counted nor missing. */
  readonly tooYoung: number;
}

type PendingRow = AuditInput["pending"][number];

/** `until`: the latest send time that the audit covers. */
export function compare(
  listing: Pick<Observation, "mode" | "schedules" | "beganAt">,
  { pending, known }: AuditInput,
  until: Date,
  now: Date,
): Comparison {
  const expected = pending.filter(({ sendAt }) => !isAfter(sendAt, until));
  if (listing.mode !== "per_schedule") {
    return {
      listingMode: listing.mode,
      ledgerPending: expected.length,
      status: "unknown",
      brazeActual: null,
      missingInBraze: null,
      extraInBraze: null,
      tooYoung: 0,
    };
  }

  const listed = new Map(listing.schedules.map((entry) => [entry.scheduleId, entry]));
  const found = findRows(pending, listed);
  const changedBefore = subMinutes(listing.beganAt, LISTED_AFTER_MINUTES);
  const absent = expected.filter((row) => !found.has(row));
  const missing = absent.filter(({ askedAt }) => isBefore(askedAt, changedBefore));

  const matchedIds = new Set(found.values());
  const knownById = new Map(known.map((schedule) => [schedule.brazeScheduleId, schedule]));
  const extra = [...listed.values()].filter(({ scheduleId, sendAt }) => {
    if (matchedIds.has(scheduleId)) return false;
    if (sendAt !== null && (!isAfter(sendAt, now) || isAfter(sendAt, until))) {
      return false;
    }
    const ours = knownById.get(scheduleId);
    // Ignores a schedule deleted so recently that Braze may still list it.
    return ours === undefined || !ours.isDeleted ||
      isBefore(ours.changedAt, changedBefore);
  });

  const present = expected.length - absent.length;
  return {
    listingMode: listing.mode,
    ledgerPending: present + missing.length,
    status: missing.length === 0 && extra.length === 0 ? "in_sync" : "mismatch",
    brazeActual: present + extra.length,
    missingInBraze: missing.map(({ matchId, brazeScheduleId }) => ({
      matchId,
      scheduleId: brazeScheduleId,
    })),
    extraInBraze: extra.map((entry) => ({
      matchId: knownById.get(entry.scheduleId)?.matchId ?? echoedMatchId(entry),
      scheduleId: entry.scheduleId,
    })),
    tooYoung: absent.length - missing.length,
  };
}

/** Pending row → id of its listed schedule, matched by id, else by echo when the row has no id. */
function findRows(
  pending: readonly PendingRow[],
  listed: ReadonlyMap<string, ListedSchedule>,
): Map<PendingRow, string> {
  const found = new Map<PendingRow, string>();
  for (const row of pending) {
    if (row.brazeScheduleId !== null && listed.has(row.brazeScheduleId)) {
      found.set(row, row.brazeScheduleId);
    }
  }
  const byId = new Set(found.values());
  const byEcho = new Map<string, string>();
  for (const { scheduleId, triggerProperties } of listed.values()) {
    if (triggerProperties === null || byId.has(scheduleId)) continue;
    const echo = echoKey(triggerProperties.ledger_id, triggerProperties.generation);
    // Of two schedules with the same echo, one matches the row and the other is a duplicate.
    if (!byEcho.has(echo)) byEcho.set(echo, scheduleId);
  }
  for (const row of pending) {
    if (row.brazeScheduleId !== null) continue;
    const scheduleId = byEcho.get(echoKey(row.ledgerId, row.generation));
    if (scheduleId !== undefined) found.set(row, scheduleId);
  }
  return found;
}

function echoKey(ledgerId: unknown, generation: unknown): string {
  return `${ledgerId}/${generation}`;
}

function echoedMatchId({ triggerProperties }: ListedSchedule): number | null {
  const echoed = triggerProperties?.match_id;
  return /^[0-9]{1,15}$/.test(String(echoed)) ? Number(echoed) : null;
}
