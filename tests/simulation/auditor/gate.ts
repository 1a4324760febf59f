/** Checks that the send gate allows wanted pushes, aborts unwanted ones, and prevents double pushes when it fails closed. */
import { addMinutes, subSeconds } from "date-fns";
import type { Schedule } from "../../../local/braze_sandbox/schedules.ts";
import type { RecordedGate } from "../recorder.ts";
import type { JournalEntry, LedgerRow } from "./facts.ts";
import {
  at,
  type AuditContext,
  type Findings,
  generationOf,
  isAbout,
  isMadeByHand,
  isOpenAt,
  rowOf,
  wasOffUntilSeen,
} from "./context.ts";

/** How long Braze caches an answer. */
const ANSWER_MINUTES = 5;
/** When a call to the journal is retried, its row carries the time of the first attempt. */
const REPEATED_SECONDS_MAX = 60;

export function auditGate(context: AuditContext, findings: Findings): void {
  const { world, recorder } = context;
  for (const { hasToken, ledgerId, generation } of recorder.creates) {
    if (hasToken === (world.sendGate !== "off")) continue;
    findings.violate("a gated schedule has its token", `${ledgerId}, generation ${generation}`);
  }
  for (const asked of recorder.gates) auditAnswer(asked, context, findings);
}

function auditAnswer(asked: RecordedGate, context: AuditContext, findings: Findings): void {
  const { facts, history } = context;
  const row = facts.ledger.find(({ id }) => id === asked.ledgerId);
  if (row === undefined) {
    findings.violate("each gate token belongs to a ledger row", `${asked.ledgerId}`);
    return;
  }
  const matchId = Number(row.match_id);
  const { status, push } = history.match(matchId, asked.at);
  const journal = facts.journal.filter(({ ledger_id }) => ledger_id === row.id);
  const written = subSeconds(asked.at, REPEATED_SECONDS_MAX);
  const newest = newestCreated(journal, written) ?? Math.max(
    ...journal.filter(({ kind, opened_at }) => kind === "create" && opened_at < written)
      .map(({ generation }) => generation),
  );
  const own = journal.filter(({ generation }) => generation === asked.generation);
  const details = `match ${matchId} (${status}), generation ${asked.generation} of ${newest} at ${
    at(asked.at)
  }: ${asked.send ? "sent" : asked.reason}`;
  if (asked.send) {
    const isOff = history.isOff(matchId, asked.at);
    const isWanted = !isOff && asked.generation >= newest;
    const wasSent = facts.events.some(({ match_id, generation, received_at }) =>
      match_id === row.match_id && generation === asked.generation && received_at <= asked.at
    );
    // One is never too many.
    const areSeveral = facts.ledger.filter(({ match_id }) =>
      history.isOff(Number(match_id), asked.at)
    ).length > 1;
    // Of too many that were called off at once, none is turned away, and that is told. The alert names those that are left.
    const isHeld = facts.alerts.some((alert) =>
      alert.rule === "removals_held"
        ? isOpenAt(alert, asked.at)
        // A copy that goes out after the push itself is told as a second one.
        : areSeveral && ["push_unwanted", "double_push"].includes(alert.rule) &&
          isAbout(alert, matchId, context)
    );
    const wasTakenBack = areSeveral && !wasOffUntilSeen(matchId, asked.at, context);
    if (isOff && (isHeld || wasTakenBack)) return;
    if (!isWanted || (isRevoked(own, written) && !wasSent)) {
      findings.violate("the gate aborts unwanted pushes", details);
    }
    return;
  }
  if (!isValidReason(asked, row, status, !push, journal, context)) {
    findings.violate("the gate aborts a push only for a valid reason", details);
  }
}

/** The newest generation that Braze certainly had made before then. */
function newestCreated(journal: readonly JournalEntry[], before: Date): number | null {
  const created = journal.filter((one) =>
    one.kind === "create" && (
      (one.outcome === "succeeded" && one.closed_at! < before) ||
      (one.resolved_as === "adopted" && one.resolved_at! < before)
    )
  ).map(({ generation }) => generation);
  return created.length === 0 ? null : Math.max(...created);
}

/** Whether a generation was released, or certainly deleted, before then. */
function isRevoked(own: readonly JournalEntry[], before: Date): boolean {
  return own.some((one) =>
    one.kind === "delete"
      ? one.outcome === "succeeded" && one.closed_at! < before
      : one.resolved_as === "released" && one.resolved_at! < before
  );
}

function isValidReason(
  { reason, generation, at }: RecordedGate,
  row: LedgerRow,
  status: string,
  isPushOff: boolean,
  journal: readonly JournalEntry[],
  { verbs }: AuditContext,
): boolean {
  const own = journal.filter((one) => one.generation === generation && one.opened_at <= at);
  const isSuperseded = journal.some((one) =>
    one.kind === "create" && one.opened_at <= at &&
    // The newer one is created, or this one is to replace an older one that passes until it is.
    (one.generation > generation || (one.generation < generation && one.outcome === "succeeded"))
  );
  switch (reason) {
    case "superseded":
      return isSuperseded;
    case "cancelled":
      // Since then it may have been reactivated, or an event may have confirmed it as sent.
      return row.cancel_reason === "plan" || row.cancel_reason === "operator" ||
        row.generation > generation || row.status === "sent";
    case "taken_back":
      // A person declared it gone, or the journal says so.
      return verbs.some((used) =>
        used.verb === "declare_gone" && used.isDone && !used.isDryRun && used.at <= at &&
        used.about === `match ${row.match_id}`
      ) || own.some((one) =>
        one.kind === "delete"
          ? one.outcome !== "failed" || one.http_status === 400 || one.http_status === 404
          : one.outcome === "failed" || (one.resolved_at !== null && one.resolved_at <= at)
      );
    case "held":
    case "too_late":
      return true;
    case "push_off":
      return isPushOff;
    default:
      return reason === `match_${status}`;
  }
}

/** Whether the gate blocks an old schedule: it may exist in Braze, but pushes no user. */
export function isBlockedByGate(
  schedule: Schedule,
  matchId: number | null,
  context: AuditContext,
): boolean {
  if (context.world.sendGate !== "fail_closed" || isMadeByHand(schedule)) return false;
  const row = matchId === null ? undefined : rowOf(context, matchId);
  return row !== undefined && (generationOf(schedule) ?? row.generation) !== row.generation;
}

/** Whether `older` was superseded longer before its send than Braze caches an answer. */
export function wasRevoked(older: Schedule, newer: Schedule): boolean {
  return older.sendAt > addMinutes(newer.createdAt, ANSWER_MINUTES);
}
