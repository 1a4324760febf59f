/** Events: the context that explains them, their storage, and their re-attribution. */
import { Buffer } from "node:buffer";
import { z } from "zod";
import {
  type Attribution,
  type Channel,
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
import { row, snakeCase } from "../text/camel_case.ts";
import {
  type ChangedBy,
  changedBy,
  IdentifierKind,
  instant,
  RegisteredIdentifier,
  scheduleColumns,
} from "./columns.ts";
import type { Rpc } from "./rpc.ts";

const CorrelationContext = z.object({
  identifiers: z.array(row({
    kind: IdentifierKind,
    value: z.string(),
    ledger_id: z.guid(),
    generation: z.int().nullable(),
    ambiguous: z.boolean(),
  })),
  ledgers: z.array(row({
    ledger_id: z.guid(),
    match_id: z.int(),
    send_id: z.string().nullable(),
    schedules: z.array(row({ ...scheduleColumns, campaign_id: z.string() })),
  })),
}).transform(({ ledgers, identifiers }) => createContext(ledgers, identifiers));

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
});
export type Receipt = z.infer<typeof Receipt>;

/** `left`: the indexes, from 0, of the events that were not stored because they need a judgement. */
const IdentifiedReceipt = Receipt.extend({ left: z.array(z.int()) });

/** Stored events with the same evidence, which therefore get the same attribution. */
export const EvidenceGroup = row({
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
}).transform((group) => {
  const { correlationMethod, confidence, ledgerId, matchId, generation, events, ...named } = group;
  const { brazeScheduleId, channel, ...evidence } = named;
  return {
    evidence: {
      ...evidence,
      channel: channel as Channel,
      isTest: false,
      ledgerId: null,
      matchId: null,
      generation: null,
      scheduleId: brazeScheduleId,
    } satisfies Evidence,
    /** The present attribution of the group. */
    current: { method: correlationMethod, confidence, ledgerId, matchId, generation },
    events,
  };
});
export type EvidenceGroup = z.infer<typeof EvidenceGroup>;

const Reattributed = z.object({ reattributed: z.int() });

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

interface Received {
  readonly runId: string;
  readonly now: Date;
}

export function createEvents(rpc: Rpc) {
  return {
    context: ({ guardMs, ...request }: LookupRequest) => {
      const guardSeconds = Math.ceil(guardMs / 1_000);
      return rpc.call("correlation_context", { ...request, guardSeconds }, CorrelationContext);
    },

    /** Resolves when everything is durable. Safe to repeat. */
    ingest: (
      events: readonly JudgedEvent[],
      rejects: readonly KeptReject[],
      request: Received,
    ) =>
      rpc.call("ingest_events", {
        events: events.map(({ event, attribution }) => ({
          ...writeReceived(event),
          ...writeAttribution(attribution),
        })),
        rejects: rejects.map(writeReject),
        identifiers: writeIdentifiers(events),
        proofs: writeProofs(
          events.map(({ event, ...judged }) => ({ ...judged, evidence: event.evidence })),
        ),
        ...request,
      }, Receipt),

    /** The same with the lookup in the same call, for events whose explicit ids decide their match. */
    ingestIdentified: (
      { names, named }: Pick<IdentifiedEvents<ReceivedEvent>, "names" | "named">,
      request: Received,
    ) =>
      rpc.call("ingest_identified_events", {
        events: named.map(({ event, place }) => ({
          ...writeReceived(event),
          // SQL counts from 1.
          names: place + 1,
          proof: proofIfTied(event.evidence),
        })),
        explicitIds: names.map(writeExplicitIds),
        ...request,
      }, IdentifiedReceipt),

    loadAffectedEvents: (identifiers: readonly RegisteredIdentifier[]) =>
      rpc.call(
        "load_affected_events",
        { identifiers: identifiers.map(snakeCase) },
        z.array(EvidenceGroup),
      ),

    reattribute: (reattributions: readonly Reattribution[], by: ChangedBy) =>
      rpc.call("reattribute_events", {
        reattributions: reattributions.map(({ group, attribution }) => ({
          from_method: group.current.method,
          from_ledger_id: group.current.ledgerId,
          from_generation: group.current.generation,
          ...writeEvidence(group.evidence),
          ...writeAttribution(attribution),
        })),
        proofs: writeProofs(
          reattributions.map(({ group, ...judged }) => ({ ...judged, evidence: group.evidence })),
        ),
        ...changedBy(by),
      }, Reattributed),
  };
}

function writeReceived({ eventId, claim, externalUserId, deviceId, raw, evidence }: ReceivedEvent) {
  return {
    ...snakeCase({ eventId, claim, externalUserId, deviceId, rawPayload: raw }),
    ...writeEvidence(evidence),
  };
}

export function writeExplicitIds({ claims, ...ids }: ExplicitIds) {
  return { claims: claims.map(({ method, value }) => [method, value]), ...snakeCase(ids) };
}

function writeReject({ body, reason, contentType }: KeptReject) {
  return {
    body_base64: Buffer.from(body).toString("base64"),
    reason: truncate(reason),
    content_type: contentType === null ? null : truncate(contentType),
  };
}

function writeEvidence({ scheduleId, ...evidence }: Evidence) {
  const { sentAt, timeIsSendTime, eventType, channel, campaignId, dispatchId, sendId } = evidence;
  return snakeCase({
    sentAt,
    timeIsSendTime,
    eventType,
    channel,
    campaignId,
    dispatchId,
    sendId,
    brazeScheduleId: scheduleId,
  });
}

export function writeAttribution(attribution: Attribution) {
  const { method, candidateMatchIds, contradictions: _, ...found } = attribution;
  return snakeCase({
    ...found,
    correlationMethod: method,
    candidateMatchIds: candidateMatchIds.length === 0 ? null : candidateMatchIds,
  });
}

/** A batch names the same identifier many times; it is written once. */
export function writeIdentifiers(
  judged: readonly { readonly registered: readonly IdentifierToRegister[] }[],
) {
  return unique(judged.flatMap(({ registered }) => registered.map(snakeCase)));
}

/** A batch proves the same send many times; it is written once. */
export function writeProofs(
  judged: readonly {
    readonly evidence: Evidence;
    readonly attribution: Attribution;
    readonly proof: Proof | null;
  }[],
) {
  return unique(judged.flatMap(({ evidence, attribution, proof }) => {
    const { ledgerId, generation } = attribution;
    const { dispatchId, sendId } = evidence;
    return proof === null ? [] : [snakeCase({ ledgerId, generation, proof, dispatchId, sendId })];
  }));
}

function unique<T>(rows: readonly T[]): T[] {
  return [...new Map(rows.map((each) => [JSON.stringify(each), each])).values()];
}
