/**
 * Attributes one event to a match, with a confidence.
 *
 * This is the only place of the policy. A wrong match at high or medium confidence is worse than none: an unattributed
 * event can be attributed later, a wrong attribution stays unnoticed. Pure: the result depends on stored facts alone, not
 * on a clock, on the order in which the facts became known, or on an earlier result.
 *
 * | order | evidence                                                    | result                                |
 * |-------|-------------------------------------------------------------|---------------------------------------|
 * | 1     | a test send                                                 | `test_send`                           |
 * | 2     | a Canvas, or a campaign that no schedule of ours ever used  | `other_campaign`                      |
 * | 3     | an echo that is invalid or names nothing that we know       | `unknown_match`                       |
 * | 4     | echo, own send id, schedule id, send id of different matches | `contradiction`                       |
 * | 5     | echoed ledger id, else match id; own-form send id;          | high                                  |
 * |       | registered schedule id or send id                           |                                       |
 * | 6     | a registered dispatch id that nothing else speaks against   | high                                  |
 * | 7     | the time of a send: `time_exact`                            | medium                                |
 * | 8     | the time of a send, less certain: `time_window`             | low                                   |
 *
 * The SQL function ingest_identified_events applies row 5 to events with an echoed ledger row and generation that nothing
 * speaks against. A property test checks that both give the same result.
 */
import { differenceInMilliseconds } from "date-fns";
import { readEcho } from "./echo.ts";
import {
  type AttributedMethod,
  type Attribution,
  type Context,
  type Evidence,
  type IdentifierKind,
  type LedgerFacts,
  type Proof,
  TEST_DISPATCH_ID,
  type UnattributedMethod,
} from "./evidence.ts";
import { matchOfSendId } from "./own_send_id.ts";
import { attributeByTime } from "./time.ts";
import { isSendTime, placeIn, type Placement } from "./windows.ts";

/** One match that an explicit id names. */
interface Reference {
  readonly method: AttributedMethod;
  readonly ledger: LedgerFacts;
  readonly generation: number | null;
}

export function correlate(evidence: Evidence, context: Context): Attribution {
  if (evidence.dispatchId === TEST_DISPATCH_ID) return unattributed("test_send", []);
  if (isOfOtherCampaign(evidence, context)) return unattributed("other_campaign", []);
  const references = referencesOf(evidence, context);
  if (references === "unknown") return unattributed("unknown_match", []);

  const matches = new Set(references.map(({ ledger }) => ledger.matchId));
  if (matches.size > 1) return unattributed("contradiction", [...matches]);
  const [reference] = references;
  if (reference !== undefined) {
    return usedCampaign(reference, evidence)
      ? attributed(reference, evidence, context)
      : unattributed("contradiction", [...matches]);
  }

  if (hasUnknownReference(evidence, context)) return unattributed("no_evidence", []);
  return byDispatchId(evidence, context) ?? byTime(evidence, context);
}

/** The currents connector of a workspace reports all its campaigns and Canvases. A missing campaign says nothing. */
export function isOfOtherCampaign(
  { canvasId, campaignId }: Evidence,
  context: Context,
): boolean {
  return canvasId !== null || (campaignId !== null && !context.isOwnCampaign(campaignId));
}

/**
 * The matches that the explicit ids name, strongest evidence first, without the dispatch id. `unknown`: the echo or an
 * own-form send id names a match that we do not know, so weaker evidence does not count.
 */
function referencesOf(evidence: Evidence, context: Context): Reference[] | "unknown" {
  const references: Reference[] = [];
  const echo = readEcho(evidence, context);
  if (echo.kind === "unknown") return "unknown";
  if (echo.kind === "named") {
    const { method, ledger, generation, other } = echo;
    references.push({ method, ledger, generation });
    if (other !== null) references.push({ method: "match_id", ledger: other, generation: null });
  }
  const { sendId, scheduleId } = evidence;
  const ownMatchId = sendId === null ? null : matchOfSendId(sendId);
  if (sendId !== null && ownMatchId !== null) {
    const ledger = context.ofSendId(ownMatchId, sendId);
    if (ledger === undefined) return "unknown";
    references.push({ method: "send_id", ledger, generation: null });
  }
  references.push(...registered("schedule_id", scheduleId, context));
  if (ownMatchId === null) references.push(...registered("send_id", sendId, context));
  return references;
}

function registered(
  kind: IdentifierKind,
  value: string | null,
  context: Context,
): Reference[] {
  const identifier = value === null ? undefined : context.identifier(kind, value);
  if (identifier === undefined || identifier.ambiguous) return [];
  const ledger = context.ledger(identifier.ledgerId);
  return ledger === undefined ? [] : [{ method: kind, ledger, generation: identifier.generation }];
}

/** Whether the campaign of the event is the one of the named generation, or of any if it names none. */
function usedCampaign({ ledger, generation }: Reference, { campaignId }: Evidence): boolean {
  if (campaignId === null) return true;
  const named = ledger.schedules.filter((schedule) => schedule.generation === generation);
  const possible = named.length === 0 ? ledger.schedules : named;
  return possible.length === 0 || possible.some((one) => one.campaignId === campaignId);
}

/** The event carries an id of a send that is not registered: weaker evidence than that id must not attribute it. */
function hasUnknownReference({ scheduleId, sendId }: Evidence, context: Context): boolean {
  return (scheduleId !== null && context.identifier("schedule_id", scheduleId) === undefined) ||
    (sendId !== null && context.identifier("send_id", sendId) === undefined);
}

/**
 * Braze may share a dispatch id between sends to users who get them close together, so it counts only where the campaign
 * and the time agree. Source: Braze docs, "Dispatch ID behavior".
 */
function byDispatchId(evidence: Evidence, context: Context): Attribution | null {
  const [reference] = registered("dispatch_id", evidence.dispatchId, context);
  if (reference === undefined || !usedCampaign(reference, evidence)) return null;
  const attribution = attributed(reference, evidence, context);
  return attribution.timing === "early" || attribution.timing === "late" ? null : attribution;
}

function attributed(reference: Reference, evidence: Evidence, context: Context): Attribution {
  const { method, ledger, generation } = reference;
  const placement = placeIn(ledger, generation, evidence, context.policy);
  return attributedAt(method, "high", ledger, placement, evidence, []);
}

function byTime(evidence: Evidence, context: Context): Attribution {
  if (!isSend(evidence) || !isSendTime(evidence)) return unattributed("no_evidence", []);
  const found = attributeByTime(evidence, context);
  if ("reason" in found) return unattributed(found.reason, found.matchIds);
  const { ledger, isCertain, matchIds } = found;
  const placement = placeIn(ledger, null, evidence, context.policy);
  return isCertain
    ? attributedAt("time_exact", "medium", ledger, placement, evidence, matchIds)
    : attributedAt("time_window", "low", ledger, placement, evidence, matchIds);
}

/** Whether the event reports a send, not what became of it. */
export function isSend({ channel, eventType }: Pick<Evidence, "channel" | "eventType">): boolean {
  return (channel === "push" || channel === "webhook") && eventType === "send";
}

/** What an event of this kind proves about the schedule that it belongs to. */
export function proofOf(
  { channel, eventType }: Pick<Evidence, "channel" | "eventType">,
): Proof | null {
  if (channel === "push") return eventType === "send" || eventType === "open" ? "push" : null;
  return channel === "webhook" && eventType === "send" ? "webhook" : null;
}

function attributedAt(
  method: AttributedMethod,
  confidence: "high" | "medium" | "low",
  ledger: LedgerFacts,
  { generation, timing, canProve }: Placement,
  evidence: Evidence,
  candidates: readonly number[],
): Attribution {
  const schedule = ledger.schedules.find((one) => one.generation === generation);
  return {
    method,
    confidence,
    matchId: ledger.matchId,
    ledgerId: ledger.ledgerId,
    generation,
    timing,
    proof: canProve && confidence !== "low" ? proofOf(evidence) : null,
    timeDiffMs: schedule === undefined
      ? null
      : differenceInMilliseconds(evidence.sentAt, schedule.sendAt),
    candidateCount: Math.max(1, candidates.length),
    candidateMatchIds: confidence === "low" ? candidates : [],
  };
}

function unattributed(method: UnattributedMethod, candidates: readonly number[]): Attribution {
  return {
    method,
    confidence: "none",
    matchId: null,
    ledgerId: null,
    generation: null,
    timing: null,
    proof: null,
    timeDiffMs: null,
    candidateCount: candidates.length,
    candidateMatchIds: candidates,
  };
}
