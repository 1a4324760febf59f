/** The auditor's input, ground truth on one side and the suite's tables on the other, with helpers to query it. */
import type { BrazeModel } from "../../../local/braze_sandbox/model.ts";
import type { Schedule } from "../../../local/braze_sandbox/schedules.ts";
import type { GroundTruthEntry } from "../../../local/braze_sandbox/ground_truth.ts";
import type { History } from "../history.ts";
import type { OddBatch } from "../context.ts";
import type { Recorder } from "../recorder.ts";
import type { World } from "../world.ts";
import type { AlertRow, Facts, LedgerRow } from "./facts.ts";

/** The answer of braze-count-audit at a quiet point. */
export interface CountAnswer {
  readonly status: string;
  readonly ledger_pending: number;
  readonly braze_actual: number | null;
  readonly missing: readonly number[] | null;
  readonly extra: readonly string[] | null;
}

export interface AuditContext {
  readonly world: World;
  readonly now: Date;
  /** No fault is injected from this time on. */
  readonly calmSince: Date;
  /** The final audit, a day after the last act. */
  readonly isLast: boolean;
  readonly history: History;
  readonly model: BrazeModel;
  readonly recorder: Recorder;
  readonly odd: readonly OddBatch[];
  /** Matches whose create a person released although its schedule existed. */
  readonly released: ReadonlySet<number>;
  /** Events that were posted from an export first, without their properties. */
  readonly reportedFromExport: ReadonlySet<string>;
  readonly facts: Facts;
  readonly counts: CountAnswer | null;
}

/** A rule that does not hold, with the details a person needs to investigate. */
export interface Violation {
  readonly rule: string;
  readonly details: string;
}

/** Collects violations, and separately the outcomes that the suite could not have known. */
export interface Findings {
  violate(rule: string, details: string): void;
  /** For something that no journal, list or event shows. */
  unknowable(what: string): void;
}

export const SEND = "users.messages.pushnotification.Send";
export const OPEN = "users.messages.pushnotification.Open";

/** Whether a schedule of our campaign was made by something else than our suite. */
export function isMadeByHand({ origin }: Schedule): boolean {
  return origin !== "api";
}

/**
 * The match that a schedule is for; null where its properties, made by hand, name none or one that does not exist, or where
 * a copy of the suite made it for a match of its own.
 */
export function matchOf(schedule: Schedule, context: AuditContext): number | null {
  return schedule.origin === "other_suite" ? null : namedMatchOf(schedule, context);
}

/** The match of ours that has the id in the schedule's properties, whoever means it. */
export function namedMatchOf(
  { triggerProperties }: Schedule,
  { history }: AuditContext,
): number | null {
  const matchId = Number(triggerProperties.match_id ?? NaN);
  return history.matchIds.includes(matchId) ? matchId : null;
}

export function generationOf({ triggerProperties }: Schedule): number | null {
  const { generation } = triggerProperties;
  return typeof generation === "number" ? generation : null;
}

/** Whether an entry proves that its schedule was sent. */
export function isProof({ type }: GroundTruthEntry): boolean {
  return type === SEND || type === OPEN || type === "campaign.webhook";
}

/** Whether the suite received the entry with all its properties; an event from an export names only its schedule. */
export function isReportedWhole(
  { id, acknowledged, lost }: GroundTruthEntry,
  { reportedFromExport }: AuditContext,
): boolean {
  return acknowledged > 0 && !lost && !reportedFromExport.has(id);
}

export function rowOf({ facts }: AuditContext, matchId: number): LedgerRow | undefined {
  return facts.ledger.find((row) => Number(row.match_id) === matchId);
}

/** Alerts about all matches at once. */
const OF_ALL = ["listing_empty", "campaign_stopped"];

export function openAlerts({ facts }: AuditContext, matchId: number): readonly AlertRow[] {
  return facts.alerts.filter(({ rule, match_id, resolved_at }) =>
    resolved_at === null && (Number(match_id) === matchId || OF_ALL.includes(rule))
  );
}

export function wasAlerted(
  { facts }: AuditContext,
  matchId: number,
  rules: readonly string[],
): boolean {
  return facts.alerts.some(({ match_id, rule }) =>
    Number(match_id) === matchId && rules.includes(rule)
  );
}

export function at(time: Date): string {
  return time.toISOString().slice(0, 16).replace("T", " ");
}
