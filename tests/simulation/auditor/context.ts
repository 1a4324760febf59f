/** The auditor's input, ground truth on one side and the suite's tables on the other, with helpers to query it. */
import type { BrazeModel } from "../../../local/braze_sandbox/model.ts";
import type { Schedule } from "../../../local/braze_sandbox/schedules.ts";
import type { GroundTruthEntry } from "../../../local/braze_sandbox/ground_truth.ts";
import type { History } from "../history.ts";
import type { Decided, OddBatch, UsedVerb } from "../context.ts";
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
  /** Schedules that Braze sent, or holds again, although they were replaced or deleted. */
  readonly sentAgain: ReadonlySet<string>;
  readonly verbs: readonly UsedVerb[];
  readonly decided: Decided;
  /** When the last call comes in that pg_net sends hours late. */
  readonly netLateUntil: Date;
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

/** Whether a person made it the schedule of a match, although the suite did not make it. */
export function isAdopted({ id }: Schedule, { decided, facts }: AuditContext): boolean {
  return decided.adopted.has(id) &&
    facts.schedules.some(({ braze_schedule_id }) => braze_schedule_id === id);
}

/** Whether the suite answers for a schedule: it made it, or was told to take it over. */
export function isOurs(schedule: Schedule, context: AuditContext): boolean {
  return !isMadeByHand(schedule) || isAdopted(schedule, context);
}

/**
 * The match that a schedule is for; null where its properties, made by hand, name none or one that does not exist, or where
 * a copy of the suite made it for a match of its own.
 */
export function matchOf(schedule: Schedule, context: AuditContext): number | null {
  if (isAdopted(schedule, context)) return context.decided.adopted.get(schedule.id)!.matchId;
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

/** Alerts about the whole suite, which concern each match that is due while they are open. */
const OF_ALL_AT_ONCE = [
  "teams_empty",
  "absence_limit_reached",
  "braze_refused",
  "braze_unavailable",
  "function_stalled",
];

/** Alerts about some matches, which they name. */
const OF_SOME = ["removals_held", "remakes_held"];

export function openAlerts(context: AuditContext, matchId: number): readonly AlertRow[] {
  return context.facts.alerts.filter((alert) =>
    alert.resolved_at === null && (
      Number(alert.match_id) === matchId || OF_ALL.includes(alert.rule) ||
      (OF_SOME.includes(alert.rule) && isAbout(alert, matchId, context))
    )
  );
}

/** Whether an alert names the match, its teams, or all matches. */
export function isAbout(
  { rule, match_id, title, details }: AlertRow,
  matchId: number,
  { history }: AuditContext,
): boolean {
  if (match_id !== null) return Number(match_id) === matchId;
  if (OF_ALL.includes(rule) || OF_ALL_AT_ONCE.includes(rule)) return true;
  const { team } = details;
  return typeof team === "string"
    ? history.hadTeam(matchId, team)
    : new RegExp(`\\b${matchId}\\b`).test(`${title} ${JSON.stringify(details)}`);
}

/**
 * Whether the match was off all the time from `from` on until a run of the scheduler could see it. What is taken back before
 * did no harm, and nobody can know of it.
 */
export function wasOffUntilSeen(
  matchId: number,
  from: Date,
  { history, facts, now }: AuditContext,
): boolean {
  const seenAt =
    facts.runs.find(({ function_name, started_at }) =>
      function_name === "braze-scheduler" && started_at >= from
    )?.started_at ?? now;
  const seconds = (seenAt.getTime() - from.getTime()) / 1_000;
  return history.momentsWithin(matchId, seconds, seenAt)
    .every((moment) => history.isOff(matchId, moment));
}

export function isOpenAt({ first_seen_at, resolved_at }: AlertRow, at: Date): boolean {
  return first_seen_at <= at && (resolved_at === null || resolved_at > at);
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
