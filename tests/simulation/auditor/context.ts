/** What the auditor looks at, and short words for asking it: the truth on one side, what the suite says on the other. */
import type { BrazeModel } from "../../../local/braze_sandbox/model.ts";
import type { Schedule } from "../../../local/braze_sandbox/schedules.ts";
import type { GroundTruthEntry } from "../../../local/braze_sandbox/ground_truth.ts";
import type { History } from "../history.ts";
import type { OddBatch } from "../context.ts";
import type { Recorder } from "../recorder.ts";
import type { World } from "../world.ts";
import type { AlertRow, Facts, LedgerRow } from "./facts.ts";

/** What braze-count-audit answered at a quiet point. */
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
  /** Since when nothing was broken on purpose. */
  readonly calmSince: Date;
  /** The last look, a day after everything. */
  readonly isLast: boolean;
  readonly history: History;
  readonly model: BrazeModel;
  readonly recorder: Recorder;
  readonly odd: readonly OddBatch[];
  /** Matches whose create a person called not there although it was. */
  readonly released: ReadonlySet<number>;
  /** Events that an export told of first, without what they carry. */
  readonly toldBare: ReadonlySet<string>;
  readonly facts: Facts;
  readonly counts: CountAnswer | null;
}

/** A rule that does not hold, with what a person needs to look into it. */
export interface Violation {
  readonly rule: string;
  readonly story: string;
}

/** What nobody could have known, told apart from what was got wrong. */
export interface Findings {
  violate(rule: string, story: string): void;
  /** Happened, and no journal, list or event could have told. */
  unknowable(what: string): void;
}

export const SEND = "users.messages.pushnotification.Send";
export const OPEN = "users.messages.pushnotification.Open";

export function isMadeByHand({ origin }: Schedule): boolean {
  return origin === "dashboard";
}

/** The match that a schedule is for; null where whoever made it by hand did not say, or named none that exists. */
export function matchOf({ triggerProperties }: Schedule, { history }: AuditContext): number | null {
  const matchId = Number(triggerProperties.match_id ?? NaN);
  return history.matchIds.includes(matchId) ? matchId : null;
}

export function generationOf({ triggerProperties }: Schedule): number | null {
  const { generation } = triggerProperties;
  return typeof generation === "number" ? generation : null;
}

/** Proves a push of its schedule, or at least that its dispatch ran. */
export function isProof({ type }: GroundTruthEntry): boolean {
  return type === SEND || type === OPEN || type === "campaign.webhook";
}

/** What it carries reached us: an event that was found in an export names its schedule there and no more. */
export function isToldWhole(
  { id, acknowledged, lost }: GroundTruthEntry,
  { toldBare }: AuditContext,
): boolean {
  return acknowledged > 0 && !lost && !toldBare.has(id);
}

export function rowOf({ facts }: AuditContext, matchId: number): LedgerRow | undefined {
  return facts.ledger.find((row) => Number(row.match_id) === matchId);
}

/** Of everything at once, so of each match too. */
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
