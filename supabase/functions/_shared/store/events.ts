/** Events in and out of the database: what could explain them, storing them, settling them later. */
import { Buffer } from "node:buffer";
import { z } from "zod";
import {
  type Attribution,
  type Channel,
  type Context,
  createContext,
  type Evidence,
} from "../attribution/evidence.ts";
import {
  type IdentifierToRegister,
  type Proof,
  proofIfTied,
} from "../attribution/identifiers_to_register.ts";
import type { ExplicitIds, IdentifiedEvents } from "../attribution/explicit_ids.ts";
import type { LookupRequest } from "../attribution/lookup_request.ts";
import type { ReceivedEvent } from "../events/event.ts";
import type { Reject } from "../events/read_body.ts";
import { truncate } from "../text/truncate.ts";
import { instant, ScheduleState } from "./planning.ts";
import { type Rpc, toJson } from "./rpc.ts";

const kind = z.enum(["schedule_id", "dispatch_id", "send_id"]);

const CorrelationContext = z.object({
  identifiers: z.array(
    z.object({
      kind,
      value: z.string(),
      ledger_id: z.guid(),
      generation: z.int().nullable(),
      ambiguous: z.boolean(),
    }).transform(({ ledger_id, ...identifier }) => ({ ...identifier, ledgerId: ledger_id })),
  ),
  ledgers: z.array(
    z.object({
      ledger_id: z.guid(),
      match_id: z.int(),
      send_id: z.string().nullable(),
      schedules: z.array(
        z.object({
          generation: z.int(),
          campaign_id: z.string(),
          state: ScheduleState,
          send_at: instant,
          moving_to: instant.nullable(),
        }).transform((schedule) => ({
          generation: schedule.generation,
          campaignId: schedule.campaign_id,
          state: schedule.state,
          sendAt: schedule.send_at,
          movingTo: schedule.moving_to,
        })),
      ),
    }).transform((ledger) => ({
      ledgerId: ledger.ledger_id,
      matchId: ledger.match_id,
      sendId: ledger.send_id,
      schedules: ledger.schedules,
    })),
  ),
}).transform(({ ledgers, identifiers }) => createContext(ledgers, identifiers));

export const RegisteredIdentifier = z.object({
  kind,
  value: z.string(),
  ledger_id: z.guid(),
  ambiguous: z.boolean(),
});
/** An identifier that was registered just now, or turned ambiguous. */
export type RegisteredIdentifier = z.infer<typeof RegisteredIdentifier>;

const WentOut = z.object({
  match_id: z.int(),
  ledger_id: z.guid(),
  generation: z.int(),
  current_generation: z.int(),
  state_before: z.string(),
  was_cancelled: z.boolean(),
}).transform((seen) => ({
  matchId: seen.match_id,
  ledgerId: seen.ledger_id,
  generation: seen.generation,
  currentGeneration: seen.current_generation,
  stateBefore: seen.state_before,
  wasCancelled: seen.was_cancelled,
}));
/** A schedule that was seen to go out for the first time. */
export type WentOut = z.infer<typeof WentOut>;

const Receipt = z.object({
  received: z.int(),
  recorded: z.int(),
  duplicates: z.int(),
  rejected: z.int(),
  high: z.int(),
  medium: z.int(),
  low: z.int(),
  unattributed: z.int(),
  registered: z.array(RegisteredIdentifier),
  went_out: z.array(WentOut),
});
export type Receipt = z.infer<typeof Receipt>;

const IdentifiedReceipt = Receipt.extend({ left: z.array(z.int()) });
/** `left`: the places, from 0, of the named events that were not stored, since they need judgement. */
export type IdentifiedReceipt = z.infer<typeof IdentifiedReceipt>;

export const EvidenceGroup = z.object({
  sent_at: instant,
  time_is_send_time: z.boolean(),
  event_type: z.string(),
  channel: z.string(),
  campaign_id: z.string().nullable(),
  dispatch_id: z.string().nullable(),
  send_id: z.string().nullable(),
  braze_schedule_id: z.string().nullable(),
  match_id: z.int().nullable(),
  ledger_id: z.string().nullable(),
  generation: z.int().nullable(),
  correlation_method: z.string(),
  confidence: z.enum(["high", "medium", "low", "none"]),
  events: z.int(),
}).transform((group) => ({
  evidence: {
    eventType: group.event_type,
    channel: group.channel as Channel,
    sentAt: group.sent_at,
    timeIsSendTime: group.time_is_send_time,
    isTest: false,
    campaignId: group.campaign_id,
    ledgerId: null,
    matchId: null,
    generation: null,
    scheduleId: group.braze_schedule_id,
    dispatchId: group.dispatch_id,
    sendId: group.send_id,
  } satisfies Evidence,
  /** What the events of the group are tied to now. */
  current: {
    method: group.correlation_method,
    confidence: group.confidence,
    ledgerId: group.ledger_id,
    matchId: group.match_id,
    generation: group.generation,
  },
  events: group.events,
}));
/** Stored events that say the same of themselves, and so get the same verdict. */
export type EvidenceGroup = z.infer<typeof EvidenceGroup>;

const Reattributed = z.object({ reattributed: z.int(), went_out: z.array(WentOut) })
  .transform((answer) => ({ reattributed: answer.reattributed, wentOut: answer.went_out }));

export interface JudgedEvent {
  readonly event: ReceivedEvent;
  readonly attribution: Attribution;
  readonly registered: readonly IdentifierToRegister[];
  readonly proof: Proof | null;
}

export interface Reattribution {
  readonly group: EvidenceGroup;
  readonly attribution: Attribution;
  readonly proof: Proof | null;
}

export type KeptReject = Reject & { readonly contentType: string | null };

export interface Events {
  context(question: LookupRequest): Promise<Context>;
  /** Resolves only once everything is durable. Safe to repeat. */
  ingest(
    events: readonly JudgedEvent[],
    rejects: readonly KeptReject[],
    from: { readonly runId: string; readonly now: Date },
  ): Promise<Receipt>;
  /** The same in one go with the looking up, for events about which there is nothing to weigh. */
  ingestIdentified(
    events: Pick<IdentifiedEvents<ReceivedEvent>, "names" | "named">,
    from: { readonly runId: string; readonly now: Date },
  ): Promise<IdentifiedReceipt>;
  loadAffectedEvents(identifiers: readonly RegisteredIdentifier[]): Promise<EvidenceGroup[]>;
  reattribute(
    settlements: readonly Reattribution[],
    from: { readonly functionName: string; readonly runId: string; readonly now: Date },
  ): Promise<{ readonly reattributed: number; readonly wentOut: readonly WentOut[] }>;
}

export function createEvents(rpc: Rpc): Events {
  return {
    context: ({ ledgerIds, matchIds, identifiers, times, guardMs }) =>
      rpc.call("correlation_context", {
        p_ledger_ids: [...ledgerIds],
        p_match_ids: [...matchIds],
        p_identifiers: toJson(identifiers),
        p_times: times.map((time) => time.toISOString()),
        p_guard_seconds: Math.ceil(guardMs / 1_000),
      }, CorrelationContext),
    ingest: (events, rejects, { runId, now }) =>
      rpc.call("ingest_events", {
        p_events: toJson(events.map(writeEvent)),
        p_rejects: toJson(rejects.map(writeReject)),
        p_identifiers: toJson(unique(events.flatMap((one) => one.registered.map(writeIdentifier)))),
        p_proofs: toJson(
          unique(
            events.flatMap((one) => writeProof(one.event.evidence, one.attribution, one.proof)),
          ),
        ),
        p_run_id: runId,
        p_now: now.toISOString(),
      }, Receipt),
    ingestIdentified: ({ names, named }, { runId, now }) =>
      rpc.call("ingest_identified_events", {
        p_events: toJson(named.map(({ event, place }) => ({
          ...writeReceived(event),
          // SQL counts from 1.
          names: place + 1,
          proof: proofIfTied(event.evidence),
        }))),
        p_explicit_ids: toJson(names.map(writeExplicitIds)),
        p_run_id: runId,
        p_now: now.toISOString(),
      }, IdentifiedReceipt),
    loadAffectedEvents: (identifiers) =>
      rpc.call(
        "load_affected_events",
        { p_identifiers: toJson(identifiers) },
        z.array(EvidenceGroup),
      ),
    reattribute: (settlements, { functionName, runId, now }) =>
      rpc.call("reattribute_events", {
        p_reattributions: toJson(settlements.map(writeSettlement)),
        p_proofs: toJson(
          unique(
            settlements.flatMap((one) =>
              writeProof(one.group.evidence, one.attribution, one.proof)
            ),
          ),
        ),
        p_function: functionName,
        p_run_id: runId,
        p_now: now.toISOString(),
      }, Reattributed),
  };
}

function writeEvent({ event, attribution }: JudgedEvent) {
  return { ...writeReceived(event), ...writeAttribution(attribution) };
}

function writeReceived(event: ReceivedEvent) {
  return {
    event_id: event.eventId,
    claim: event.claim,
    external_user_id: event.externalUserId,
    device_id: event.deviceId,
    raw_payload: event.raw,
    ...writeEvidence(event.evidence),
  };
}

export function writeExplicitIds({ claims, generation, sendId, campaignId, dueBy }: ExplicitIds) {
  return {
    claims: claims.map(({ method, value }) => [method, value]),
    generation,
    send_id: sendId,
    campaign_id: campaignId,
    due_by: dueBy?.toISOString() ?? null,
  };
}

function writeReject({ body, reason, contentType }: KeptReject) {
  return {
    body_base64: Buffer.from(body).toString("base64"),
    reason: truncate(reason),
    content_type: contentType === null ? null : truncate(contentType),
  };
}

function writeSettlement({ group, attribution }: Reattribution) {
  return {
    from_method: group.current.method,
    from_ledger_id: group.current.ledgerId,
    from_generation: group.current.generation,
    ...writeEvidence(group.evidence),
    ...writeAttribution(attribution),
  };
}

function writeEvidence(evidence: Evidence) {
  return {
    sent_at: evidence.sentAt.toISOString(),
    time_is_send_time: evidence.timeIsSendTime,
    event_type: evidence.eventType,
    channel: evidence.channel,
    campaign_id: evidence.campaignId,
    dispatch_id: evidence.dispatchId,
    send_id: evidence.sendId,
    braze_schedule_id: evidence.scheduleId,
  };
}

export function writeAttribution(attribution: Attribution) {
  return {
    match_id: attribution.matchId,
    ledger_id: attribution.ledgerId,
    generation: attribution.generation,
    correlation_method: attribution.method,
    confidence: attribution.confidence,
    time_diff_ms: attribution.timeDiffMs,
    candidate_count: attribution.candidateCount,
    candidate_match_ids: attribution.candidateMatchIds.length === 0
      ? null
      : attribution.candidateMatchIds,
  };
}

export function writeIdentifier(identifier: IdentifierToRegister) {
  return {
    kind: identifier.kind,
    value: identifier.value,
    ledger_id: identifier.ledgerId,
    generation: identifier.generation,
  };
}

export function writeProof(evidence: Evidence, attribution: Attribution, proof: Proof | null) {
  if (proof === null) return [];
  return [{
    ledger_id: attribution.ledgerId,
    generation: attribution.generation,
    proof,
    dispatch_id: evidence.dispatchId,
    send_id: evidence.sendId,
  }];
}

/** A batch says the same of one schedule a hundred times. */
export function unique<T>(rows: readonly T[]): T[] {
  return [...new Map(rows.map((row) => [JSON.stringify(row), row])).values()];
}
