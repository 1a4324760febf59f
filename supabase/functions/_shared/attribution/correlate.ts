/**
 * Attributes one event to a match, with a confidence.
 *
 * This is the only place of the policy. A wrong match at high or medium confidence is worse than none: an unattributed
 * event can be attributed later, a wrong attribution stays unnoticed. Pure: no clock, no I/O.
 *
 * | order | evidence                                             | confidence |
 * |-------|------------------------------------------------------|------------|
 * | 1     | the ledger id that we put into the schedule, echoed  | high       |
 * | 2     | the match id, echoed                                 | high       |
 * | 3     | a schedule id, 4 send id, 5 dispatch id we know      | high       |
 * | 6     | `time_exact`: the campaign's only schedule around it | medium     |
 * | 7     | `time_window`: several, one clearly the closest; or  | low        |
 * |       | one that may not be there (unknown, deleted)         |            |
 *
 * When all known explicit ids refer to one match (rows 1 to 5), the SQL function ingest_identified_events attributes and
 * stores the event in one step, see explicit_ids.ts; a test checks that both give the same result.
 */
import { differenceInMilliseconds } from "date-fns";
import { ownSendId } from "./own_send_id.ts";
import {
  type AttributedMethod,
  type Attribution,
  claimsOf,
  type Context,
  type Contradiction,
  type Evidence,
  type LedgerFacts,
  type ScheduleFacts,
  type UnattributedMethod,
} from "./evidence.ts";

/** Maximum distance between an event and a planned send for attribution by time alone. */
export const TIME_WINDOW_MS = 2 * 60_000;
/**
 * Another schedule within this distance makes attribution by time a guess: sends are spread over minutes and clocks
 * differ, so the end of one send overlaps the start of the next.
 */
export const TIME_GUARD_MS = 10 * 60_000;
/** How much closer the closest of several schedules must be than the next one. */
export const CLEAR_MARGIN_MS = 60_000;

interface Hit {
  readonly method: AttributedMethod;
  readonly ledger: LedgerFacts;
  readonly generation: number | null;
}

/** `campaignIds`: our own campaigns. */
export function correlate(
  evidence: Evidence,
  context: Context,
  campaignIds: readonly string[],
): Attribution {
  if (evidence.isTest) return unattributed("test_send", []);

  const hits = explicitHits(evidence, context);
  const winner = hits[0];
  if (winner !== undefined) {
    return attributed(winner, "high", evidence, [], contradictionsTo(winner, hits));
  }
  if (evidence.campaignId !== null && !campaignIds.includes(evidence.campaignId)) {
    const known = context.ledgers.some((ledger) =>
      ledger.schedules.some((schedule) => schedule.campaignId === evidence.campaignId)
    );
    if (!known) return unattributed("other_campaign", []);
  }
  if (echoesUnknownMatch(evidence, context)) return unattributed("unknown_match", []);
  return byTime(evidence, context);
}

/** Matches found by explicit ids, strongest evidence first. */
function explicitHits(evidence: Evidence, context: Context): Hit[] {
  const hits: Hit[] = [];
  const echoed = evidence.ledgerId === null ? undefined : context.ledger(evidence.ledgerId);
  for (const { method, value } of claimsOf(evidence)) {
    if (method === "ledger_id") {
      if (echoed !== undefined) hits.push(hit(method, echoed, evidence.generation, evidence));
    } else if (method === "match_id") {
      const matched = context.match(Number(value));
      if (matched === undefined) continue;
      // The echoed generation belongs to the echoed ledger row only.
      const generation = evidence.ledgerId === null || echoed === matched
        ? evidence.generation
        : null;
      hits.push(hit(method, matched, generation, evidence));
    } else {
      const identifier = context.identifier(method, value);
      if (identifier === undefined || identifier.ambiguous) continue;
      const ledger = context.ledger(identifier.ledgerId);
      if (ledger === undefined) continue;
      if (method === "dispatch_id" && isShared(ledger, evidence, context)) continue;
      hits.push(hit(method, ledger, identifier.generation, evidence));
    }
  }
  return hits;
}

/**
 * Whether other evidence shows that an event with this match's dispatch id belongs to another send: a send id other than
 * the match's own, or an unknown schedule id, ledger row or match. Braze shares a dispatch id between users sent close
 * together. Source: Braze docs, "Dispatch ID behavior".
 */
function isShared({ matchId, sendId }: LedgerFacts, evidence: Evidence, context: Context): boolean {
  const isOfAnotherSend = sendId === ownSendId(matchId) && evidence.sendId !== null &&
    evidence.sendId !== sendId;
  return isOfAnotherSend || hasUnknownReference(evidence, context);
}

/** The event carries an unknown explicit id, so weaker evidence must not attribute it. */
function hasUnknownReference(evidence: Evidence, context: Context): boolean {
  const { scheduleId } = evidence;
  return echoesUnknownMatch(evidence, context) ||
    (scheduleId !== null && context.identifier("schedule_id", scheduleId) === undefined);
}

function echoesUnknownMatch({ ledgerId, matchId }: Evidence, context: Context): boolean {
  return (ledgerId !== null && context.ledger(ledgerId) === undefined) ||
    (matchId !== null && context.match(matchId) === undefined);
}

function hit(
  method: AttributedMethod,
  ledger: LedgerFacts,
  claimed: number | null,
  evidence: Evidence,
): Hit {
  return { method, ledger, generation: whichGeneration(ledger, claimed, evidence) };
}

/**
 * The generation that the event belongs to. An echoed generation that does not exist gives null; without an echo, the
 * only schedule that can have been sent at that time.
 */
function whichGeneration(
  ledger: LedgerFacts,
  claimed: number | null,
  evidence: Evidence,
): number | null {
  if (claimed !== null) {
    return ledger.schedules.some(({ generation }) => generation === claimed) ? claimed : null;
  }
  const possible = ledger.schedules.filter((schedule) =>
    schedule.state !== "failed" && !isTooEarly(schedule, evidence) &&
    (evidence.campaignId === null || schedule.campaignId === evidence.campaignId)
  );
  const inTime = evidence.timeIsSendTime
    ? possible.filter((schedule) => distanceMs(schedule, evidence.sentAt) <= TIME_WINDOW_MS)
    : [];
  return onlyOne(inTime) ?? onlyOne(undeleted(inTime)) ??
    (inTime.length === 0 ? onlyOne(possible) ?? onlyOne(undeleted(possible)) : null);
}

/**
 * A push may be late but never early: an earlier event belongs to another schedule of the same match. This holds for any
 * event, because no event can predate its send.
 */
function isTooEarly(schedule: ScheduleFacts, { sentAt }: Evidence): boolean {
  return timesOf(schedule)
    .every((time) => differenceInMilliseconds(time, sentAt) > TIME_WINDOW_MS);
}

function undeleted(schedules: readonly ScheduleFacts[]): readonly ScheduleFacts[] {
  return schedules.filter(({ state }) => state !== "deleted");
}

function onlyOne(schedules: readonly ScheduleFacts[]): number | null {
  return schedules.length === 1 ? schedules[0]!.generation : null;
}

function contradictionsTo(winner: Hit, hits: readonly Hit[]): Contradiction[] {
  return hits
    .filter(({ ledger }) => ledger.ledgerId !== winner.ledger.ledgerId)
    .map(({ method, ledger }) => ({ method, matchId: ledger.matchId }));
}

interface Candidate {
  readonly ledger: LedgerFacts;
  readonly distanceMs: number;
}

function byTime(evidence: Evidence, context: Context): Attribution {
  // The time of an open is not the send time, and an event without a campaign may belong to any campaign.
  if (
    !evidence.timeIsSendTime || evidence.campaignId === null ||
    hasUnknownReference(evidence, context)
  ) {
    return unattributed("no_evidence", []);
  }
  const around = candidatesAround(evidence, context);
  const [closest, next] = around;
  if (closest === undefined || closest.distanceMs > TIME_WINDOW_MS) {
    return unattributed("no_candidate", []);
  }

  const winner = hit("time_exact", closest.ledger, null, evidence);
  if (next === undefined) {
    return isKnownToBe(closest.ledger, evidence)
      ? attributed(winner, "medium", evidence, around, [])
      : attributed({ ...winner, method: "time_window" }, "low", evidence, around, []);
  }
  if (next.distanceMs - closest.distanceMs < CLEAR_MARGIN_MS) {
    const tied = around.filter(({ distanceMs }) =>
      distanceMs - closest.distanceMs < CLEAR_MARGIN_MS
    );
    return unattributed("tie", tied);
  }
  return attributed({ ...winner, method: "time_window" }, "low", evidence, around, []);
}

/** Whether a schedule due then certainly exists in Braze; otherwise the time alone proves nothing. */
function isKnownToBe(ledger: LedgerFacts, { campaignId, sentAt }: Evidence): boolean {
  return ledger.schedules.some((schedule) =>
    (schedule.state === "live" || schedule.state === "completed") &&
    schedule.campaignId === campaignId && distanceMs(schedule, sentAt) <= TIME_WINDOW_MS
  );
}

/**
 * Every match of the campaign with a schedule near the event, closest first. Cancelled, deleted and unknown schedules
 * count too: an event of a schedule that survived its delete must not be attributed to another match.
 */
function candidatesAround(evidence: Evidence, context: Context): Candidate[] {
  return context.ledgers
    .map((ledger) => ({
      ledger,
      distanceMs: Math.min(
        ...ledger.schedules
          .filter(({ campaignId, state }) =>
            campaignId === evidence.campaignId && state !== "failed"
          )
          .map((schedule) => distanceMs(schedule, evidence.sentAt)),
      ),
    }))
    .filter(({ distanceMs }) => distanceMs <= TIME_GUARD_MS)
    .sort((a, b) => a.distanceMs - b.distanceMs || a.ledger.matchId - b.ledger.matchId);
}

function distanceMs(schedule: ScheduleFacts, at: Date): number {
  return Math.min(
    ...timesOf(schedule).map((time) => Math.abs(differenceInMilliseconds(at, time))),
  );
}

/** Its possible send times. */
function timesOf({ sendAt, movingTo }: ScheduleFacts): readonly Date[] {
  return movingTo === null ? [sendAt] : [sendAt, movingTo];
}

function attributed(
  winner: Hit,
  confidence: "high" | "medium" | "low",
  evidence: Evidence,
  candidates: readonly Candidate[],
  contradictions: readonly Contradiction[],
): Attribution {
  const { ledger, generation, method } = winner;
  const schedule = ledger.schedules.find((schedule) => schedule.generation === generation);
  return {
    method,
    confidence,
    matchId: ledger.matchId,
    ledgerId: ledger.ledgerId,
    generation,
    timeDiffMs: schedule === undefined
      ? null
      : differenceInMilliseconds(evidence.sentAt, schedule.sendAt),
    candidateCount: Math.max(1, candidates.length),
    candidateMatchIds: confidence === "low" ? candidates.map((one) => one.ledger.matchId) : [],
    contradictions,
  };
}

function unattributed(method: UnattributedMethod, candidates: readonly Candidate[]): Attribution {
  return {
    method,
    confidence: "none",
    matchId: null,
    ledgerId: null,
    generation: null,
    timeDiffMs: null,
    candidateCount: candidates.length,
    candidateMatchIds: candidates.map((one) => one.ledger.matchId),
    contradictions: [],
  };
}
