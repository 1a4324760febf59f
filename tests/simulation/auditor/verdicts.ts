/**
 * Checks that each stored verdict is the one that the facts give, whatever the order in which they became known: an event
 * that names a match of ours is stored with that match and generation, and nothing else in the workspace is.
 */
import { addMilliseconds, min, subMilliseconds } from "date-fns";
import { type GroundTruthEntry, statedTime } from "../../../local/braze_sandbox/ground_truth.ts";
import type { Schedule } from "../../../local/braze_sandbox/schedules.ts";
import { webhookBody } from "../../../local/braze_sandbox/webhook_message.ts";
import {
  at,
  type AuditContext,
  type Findings,
  isAdopted,
  isReportedWhole,
  namedMatchOf,
  rowOf,
  SEND,
} from "./context.ts";
import { keyOf } from "./events.ts";
import type { LedgerRow, StoredEvent } from "./facts.ts";

const EARLY_MS_MAX = 2 * 60_000;
const WINDOW_MS = 24 * 60 * 60_000;
const OWN_SEND_ID = /^match-([0-9]+)(?:-[0-9]+)?$/;

type Timing = "early" | "in_window" | "late";

/** Whether an event that is stored lies outside all times that were ever asked for its generation: then it proves nothing. */
export function isUntimely(
  entry: GroundTruthEntry,
  ledger: LedgerRow,
  context: AuditContext,
): boolean {
  const row = rowFor(entry, rowsByKey(context), context);
  return row !== undefined &&
    timingOf(ledger, [ledger.generation], row, context) !== "in_window";
}

/** What an event says of its origin; `unknown`: it names something that the suite does not have. */
type Named =
  | "unknown"
  /** Two matches. */
  | "contradiction"
  | { readonly row: LedgerRow; readonly generation: number | null }
  /** Nothing that names a match. */
  | null;

export function auditVerdicts(context: AuditContext, findings: Findings): void {
  const { facts, isLast, model } = context;
  if (isLast && facts.rejudgements > 0) {
    findings.violate("all changed facts are judged", `${facts.rejudgements} are left`);
  }
  const rows = rowsByKey(context);
  for (const entry of model.neighbours.groundTruth.entries) auditNeighbour(entry, rows, findings);
  auditTeaching(context, findings);
  auditHarmsStay(context, findings);
  // While changed facts wait to be judged, verdicts may be outdated.
  if (facts.rejudgements > 0) return;
  for (const entry of model.groundTruth.entries) auditOwn(entry, rows, context, findings);
  for (const row of facts.ledger) auditUntimely(row, rows, context, findings);
}

type Rows = ReadonlyMap<string, StoredEvent>;

function rowsByKey({ facts }: AuditContext): Rows {
  return new Map(facts.events.map((row) => [
    row.channel === "webhook" ? keyOf(row.raw_payload) : row.event_id,
    row,
  ]));
}

function rowFor(entry: GroundTruthEntry, rows: Rows, { model }: AuditContext) {
  return rows.get(
    entry.kind === "webhook" ? keyOf(JSON.parse(webhookBody(entry, model.campaign))) : entry.id,
  );
}

/** Events of Canvases and other campaigns belong to no match and prove nothing, whatever else they carry. */
function auditNeighbour(entry: GroundTruthEntry, rows: Rows, findings: Findings): void {
  const row = rows.get(entry.id);
  if (row === undefined) return;
  const isNobodys = row.correlation_method === "other_campaign" && row.match_id === null &&
    row.ledger_id === null && row.generation === null && row.proof === null && row.timing === null;
  if (isNobodys) return;
  findings.violate(
    "events of other campaigns belong to no match",
    `${row.event_type} ${entry.id} of a ${entry.neighbour?.kind} is ${row.correlation_method}, match ${row.match_id}, proves ${row.proof}`,
  );
}

/** The registry holds no id that only another campaign, a Canvas or a copy of the suite has. */
function auditTeaching(context: AuditContext, findings: Findings): void {
  const { facts, model } = context;
  const isTeacher = (schedule: Schedule) =>
    schedule.origin !== "other_suite" || OWN_SEND_ID.test(schedule.sendId ?? "") ||
    isAdopted(schedule, context);
  const known = new Set([
    ...model.schedules.all.filter(isTeacher).flatMap((
      { id, dispatchId, answeredDispatchId, sendId },
    ) => [id, dispatchId, answeredDispatchId, sendId]),
    ...model.groundTruth.entries.filter(({ schedule }) => isTeacher(schedule))
      .map(({ dispatchId }) => dispatchId),
  ]);
  for (const { kind, value } of facts.identifiers) {
    if (known.has(value)) continue;
    findings.violate("only our own events and calls register ids", `${kind} ${value}`);
  }
}

/** A harm stays until a person closes it, unless its events turn out to be another match's. */
function auditHarmsStay({ facts }: AuditContext, findings: Findings): void {
  for (const { kind, fingerprint, resolved_at, is_withdrawn } of facts.alerts) {
    if (kind !== "harm" || resolved_at === null || is_withdrawn) continue;
    findings.violate("a harm stays open", `${fingerprint} resolved by itself`);
  }
}

function auditOwn(
  entry: GroundTruthEntry,
  rows: Rows,
  context: AuditContext,
  findings: Findings,
): void {
  if (!isReportedWhole(entry, context)) return;
  const row = rowFor(entry, rows, context);
  const named = namedBy(entry, context);
  if (row === undefined || named === null) return;
  const violate = (rule: string, expected: string) =>
    findings.violate(
      rule,
      `${row.event_type} ${row.event_id} (${row.channel}, ${
        at(row.sent_at)
      }) by ${entry.schedule.origin} of match ${entry.schedule.triggerProperties.match_id}: ${expected}; stored as match ${row.match_id}, generation ${row.generation} by ${row.correlation_method}, ${row.timing}, proves ${row.proof}`,
    );
  if (named === "unknown" || named === "contradiction") {
    const method = named === "unknown" ? "unknown_match" : "contradiction";
    if (row.correlation_method !== method) {
      violate("an event that names something unknown or two matches belongs to none", method);
    }
    return;
  }
  if (row.ledger_id !== named.row.id) {
    violate("an event has the match that it names", `match ${named.row.match_id}`);
    return;
  }
  const generations = possibleGenerations(named, context);
  if (generations.length === 0) return;
  const timings = new Map(
    generations.map((one) => [one, timingOf(named.row, [one], row, context)]),
  );
  const inTime = generations.filter((one) => timings.get(one) === "in_window");
  const isRight = inTime.length === 1
    ? row.generation === inTime[0]
    : inTime.length === 0
    ? row.generation === null && row.proof === null &&
      row.timing === timingOf(named.row, generations, row, context)
    : row.generation === null || inTime.includes(row.generation);
  if (!isRight) {
    violate(
      "an event has the generation that the facts give",
      `generations ${[...timings].map(([one, timing]) => `${one} ${timing}`)}`,
    );
  }
  const proof = proofOf(row);
  if (inTime.length === 1 && row.proof !== proof) {
    violate("an event proves what its kind can prove", `${proof}`);
  }
}

function namedBy(
  { carried, type, kind, triggerProperties, schedule }: GroundTruthEntry,
  context: AuditContext,
): Named {
  const { facts } = context;
  const [, ownMatchId] = OWN_SEND_ID.exec(schedule.sendId ?? "") ?? [];
  const bySendId = !carried.sendId || kind === "webhook" || ownMatchId === undefined
    ? null
    : rowOf(context, Number(ownMatchId));
  if (carried.echo && (type === SEND || kind === "webhook")) {
    const { ledger_id: ledgerId, match_id: matchId, generation } = triggerProperties;
    // The template renders what is missing as an empty text.
    if (kind === "webhook" && ledgerId === undefined && matchId === undefined) return null;
    const row = ledgerId === undefined
      ? rowOf(context, Number(matchId ?? NaN))
      : facts.ledger.find(({ id }) => id === ledgerId);
    if (row === undefined) return "unknown";
    if (bySendId !== null && bySendId !== row) {
      return bySendId === undefined ? "unknown" : "contradiction";
    }
    return { row, generation: typeof generation === "number" ? generation : null };
  }
  if (bySendId === null) return null;
  return bySendId === undefined ? "unknown" : { row: bySendId, generation: null };
}

/** Without those that Braze refused to create. */
function possibleGenerations(
  { row, generation }: Exclude<Named, string | null>,
  { facts }: AuditContext,
): number[] {
  return facts.schedules
    .filter((schedule) =>
      schedule.ledger_id === row.id && schedule.state !== "failed" &&
      (generation === null || schedule.generation === generation)
    )
    .map((schedule) => schedule.generation);
}

/** Where the event lies, judged by all times that creates and updates ever asked for. */
function timingOf(
  { id }: LedgerRow,
  generations: readonly number[],
  { sent_at: sentAt, received_at: receivedAt, channel, event_type: type }: Pick<
    StoredEvent,
    "sent_at" | "received_at" | "channel" | "event_type"
  >,
  { facts }: AuditContext,
): Timing {
  const times = facts.asked
    .filter(({ ledger_id, generation }) => ledger_id === id && generations.includes(generation))
    .map(({ send_at }) => send_at);
  // Whatever time an event states, it was not received before its send.
  if (min([sentAt, receivedAt]) < subMilliseconds(min(times), EARLY_MS_MAX)) return "early";
  // The time of a webhook message is that of its receipt, and nothing was sent in the future.
  const isSendTime = channel === "push" && type === "send" &&
    sentAt <= addMilliseconds(receivedAt, EARLY_MS_MAX);
  const isAround = times.some((time) =>
    sentAt >= subMilliseconds(time, EARLY_MS_MAX) && sentAt <= addMilliseconds(time, WINDOW_MS)
  );
  return isSendTime && !isAround ? "late" : "in_window";
}

function proofOf({ channel, event_type: type }: StoredEvent): string | null {
  if (channel === "webhook") return "webhook";
  return type === "send" || type === "open" ? "push" : null;
}

/** The harms sent_early and sent_late exist exactly where such sends were reported. */
function auditUntimely(
  ledger: LedgerRow,
  rows: Rows,
  context: AuditContext,
  findings: Findings,
): void {
  const matchId = Number(ledger.match_id);
  const all = possibleGenerations({ row: ledger, generation: null }, context);
  if (all.length === 0) return;
  const sends = context.model.groundTruth.entries.filter((entry) =>
    (entry.type === SEND || entry.kind === "webhook") && entry.acknowledged > 0
  );
  for (const timing of ["early", "late"] as const) {
    const isOpen = context.facts.alerts.some(({ rule, match_id, resolved_at }) =>
      rule === `sent_${timing}` && match_id === ledger.match_id && resolved_at === null
    );
    const mustBeOpen = sends.some((entry) => {
      const named = isReportedWhole(entry, context) ? namedBy(entry, context) : null;
      const row = rowFor(entry, rows, context);
      if (
        row === undefined || named === null || typeof named === "string" || named.row !== ledger
      ) {
        return false;
      }
      const generations = possibleGenerations(named, context);
      return generations.length > 0 && timingOf(ledger, generations, row, context) === timing &&
        generations.every((one) => timingOf(ledger, [one], row, context) !== "in_window");
    });
    const mayBeOpen = mustBeOpen || sends.some((entry) => {
      const row = rowFor(entry, rows, context);
      const isNamed = namedMatchOf(entry.schedule, context) === matchId ||
        entry.schedule.sendId === `match-${matchId}`;
      return isNamed && row !== undefined &&
        all.some((one) =>
          timingOf(ledger, [one], {
            ...row,
            sent_at: new Date(statedTime(entry) * 1_000),
          }, context) === timing
        );
    });
    if ((mustBeOpen && !isOpen) || (isOpen && !mayBeOpen)) {
      findings.violate(
        "a send outside all times of its match raises an alert, and nothing else does",
        `match ${matchId}: sent_${timing} is ${isOpen ? "open" : "not open"}`,
      );
    }
  }
}
