/** Events: the facts that explain them, their storage, and the repeated judgement of stored ones. */
import { Buffer } from "node:buffer";
import { z } from "zod";
import {
  type Attribution,
  type Channel,
  type Evidence,
  type Facts,
  TIME_KINDS,
} from "../attribution/evidence.ts";
import type { EchoKind, IdentifiedEvents } from "../attribution/identified.ts";
import type { IdentifierToRegister } from "../attribution/identifiers_to_register.ts";
import type { LookupRequest } from "../attribution/lookup_request.ts";
import type { ReceivedEvent } from "../events/event.ts";
import type { Reject } from "../events/read_body.ts";
import { readJson } from "../text/exact_json.ts";
import { truncate } from "../text/truncate.ts";
import { row, snakeCase } from "../text/camel_case.ts";
import { type ChangedBy, changedBy, IdentifierKind, instant, scheduleColumns } from "./columns.ts";
import type { Rpc } from "./rpc.ts";

const CorrelationFacts: z.ZodType<Facts> = row({
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
    intent: z.int(),
    generation: z.int(),
    schedules: z.array(row({
      ...scheduleColumns,
      campaign_id: z.string(),
      deleted_at: instant.nullable(),
      shut_out_at: instant.nullable(),
      times: z.array(row({ at: instant, left_at: instant.nullable() })),
    })),
  })),
  attempts: z.array(row({ attempt_id: z.guid(), ledger_id: z.guid(), generation: z.int() })),
  campaign_ids: z.array(z.string()),
  unmanaged: z.array(row({ campaign_id: z.string(), send_at: instant })),
});

const Receipt = z.object({
  received: z.int(),
  recorded: z.int(),
  duplicates: z.int(),
  rejected: z.int(),
  high: z.int(),
  medium: z.int(),
  low: z.int(),
  unattributed: z.int(),
  /** Identifiers that became known or changed: stored events that depend on them are to be judged again. */
  registered: z.int(),
});
export type Receipt = z.infer<typeof Receipt>;

/** Places count from 0. */
export const IdentifiedReceipt = z.object({
  recorded: z.int(),
  registered: z.int(),
  /** Not stored, because they need a judgement. */
  left: z.array(z.int().transform(fromZero)),
  /** Stored before. */
  repeated: z.array(z.int().transform(fromZero)),
});
export type IdentifiedReceipt = z.infer<typeof IdentifiedReceipt>;

/** SQL counts from 1. */
function fromZero(place: number): number {
  return place - 1;
}

/** The arguments of the SQL function `ingest_identified_events`. */
export interface IngestArguments {
  readonly kinds: readonly EchoKind[];
  readonly kind: readonly number[];
  readonly eventId: readonly string[];
  readonly sentAt: readonly Date[];
  readonly claim: readonly (string | null)[];
  readonly externalUserId: readonly (string | null)[];
  readonly brazeUserId: readonly (string | null)[];
  readonly deviceId: readonly (string | null)[];
  /** JSON text, UTF-8. */
  readonly payload: readonly Uint8Array[];
  readonly copies: readonly number[] | null;
  readonly windowSeconds: number;
  readonly runId: string;
  readonly now: Date;
}

/** One array for each column. */
export function ingestArguments(
  { kinds, events, copies }: IdentifiedEvents<ReceivedEvent>,
  windowMs: number,
  request: Received,
): IngestArguments {
  return {
    kinds,
    kind: events.map(({ kind }) => kind + 1),
    eventId: events.map(({ event }) => event.eventId),
    sentAt: events.map(({ event }) => event.evidence.sentAt),
    claim: events.map(({ event }) => event.claim),
    externalUserId: events.map(({ event }) => event.externalUserId),
    brazeUserId: events.map(({ event }) => event.brazeUserId),
    deviceId: events.map(({ event }) => event.deviceId),
    payload: events.map(({ event }) => event.payload),
    copies,
    windowSeconds: Math.ceil(windowMs / 1_000),
    ...request,
  };
}

/** A stored event: its evidence, and its present attribution. */
const StoredEvent = row({
  event_id: z.string(),
  sent_at: instant,
  received_at: instant,
  event_type: z.string(),
  channel: z.string().transform((channel) => channel as Channel),
  time_kind: z.enum(TIME_KINDS),
  campaign_id: z.string().nullable(),
  canvas_id: z.string().nullable(),
  braze_schedule_id: z.string().nullable(),
  send_id: z.string().nullable(),
  dispatch_id: z.string().nullable(),
  echoed_ledger_id: z.string().nullable(),
  echoed_match_id: z.string().nullable(),
  echoed_generation: z.string().nullable(),
  echoed_attempt_id: z.string().nullable(),
  has_foreign_extras: z.boolean(),
  correlation_method: z.string(),
  ledger_id: z.guid().nullable(),
  generation: z.int().nullable(),
  timing: z.string().nullable(),
  proof: z.string().nullable(),
  candidate_match_ids: z.array(z.int()).nullable(),
}).transform((event) => {
  const { eventId, correlationMethod, ledgerId, generation, timing, proof, ...rest } = event;
  const { candidateMatchIds, ...stated } = rest;
  const { brazeScheduleId, ...evidence } = stated;
  return {
    eventId,
    evidence: { ...evidence, scheduleId: brazeScheduleId } satisfies Evidence,
    current: {
      method: correlationMethod,
      ledgerId,
      generation,
      timing,
      proof,
      candidateMatchIds: candidateMatchIds ?? [],
    },
  };
});
export type StoredEvent = z.infer<typeof StoredEvent>;

const Rejudgements = row({
  ids: z.array(z.int()),
  started_at: instant,
  events: z.array(StoredEvent),
}).nullable();

export interface JudgedEvent {
  readonly event: ReceivedEvent;
  readonly attribution: Attribution;
  readonly registered: readonly IdentifierToRegister[];
}

/** A new attribution of a stored event. */
export interface Rejudgement {
  readonly event: StoredEvent;
  readonly attribution: Attribution;
}

export type KeptReject = Reject & { readonly contentType: string | null };

export interface Received {
  readonly runId: string;
  readonly now: Date;
}

export function createEvents(rpc: Rpc) {
  return {
    facts: ({ guardMs, ...request }: LookupRequest) => {
      const guardSeconds = Math.ceil(guardMs / 1_000);
      return rpc.call("correlation_context", { ...request, guardSeconds }, CorrelationFacts);
    },

    /** Resolves when everything is durable. Safe to repeat. */
    ingest: (events: readonly JudgedEvent[], rejects: readonly KeptReject[], request: Received) =>
      rpc.call("ingest_events", {
        events: events.map(({ event, attribution, registered }) => ({
          ...writeReceived(event),
          ...writeAttribution(attribution),
          identifiers: registered.map(snakeCase),
        })),
        rejects: rejects.map(writeReject),
        ...request,
      }, Receipt),

    /** The same with the lookup in the same call, for events whose echo decides their match. */
    ingestIdentified: (args: IngestArguments) =>
      rpc.call(
        "ingest_identified_events",
        { ...args, payload: args.payload.map(parsePayload) } as never,
        z.unknown(),
      ),

    /** The next facts that changed, with at most `limit` events that depend on them. Null: nothing changed. */
    loadRejudgements: (limit: number, now: Date) =>
      rpc.call("load_rejudgements", { limit, now }, Rejudgements),

    /**
     * Stores a page. `last`: the last event of the page, null when there is none after it. Returns how many events
     * changed; one that another run judged meanwhile is not among them.
     */
    storeRejudgements: (
      { ids, startedAt, rejudgements, registered, last }: {
        readonly ids: readonly number[];
        readonly startedAt: Date;
        readonly rejudgements: readonly Rejudgement[];
        readonly registered: readonly IdentifierToRegister[];
        readonly last: StoredEvent | null;
      },
      by: ChangedBy,
    ) =>
      rpc.call("store_rejudgements", {
        ids,
        verdicts: rejudgements.map(({ event, attribution }) => ({
          sent_at: event.evidence.sentAt,
          event_id: event.eventId,
          from_method: event.current.method,
          from_ledger_id: event.current.ledgerId,
          from_generation: event.current.generation,
          from_timing: event.current.timing,
          ...writeAttribution(attribution),
        })),
        identifiers: unique(registered.map(snakeCase)),
        afterSentAt: last?.evidence.sentAt ?? null,
        afterEventId: last?.eventId ?? null,
        startedAt,
        ...changedBy(by),
      }, z.int()),
  };
}

/** It was read before. Its numbers stay exact. */
function parsePayload(payload: Uint8Array): unknown {
  const read = readJson(new TextDecoder().decode(payload));
  if (!read.ok) throw new Error(`Cannot store a payload: ${read.reason}`);
  return read.value;
}

function writeReceived({ eventId, claim, payload, evidence, ...received }: ReceivedEvent) {
  const { externalUserId, brazeUserId, deviceId } = received;
  const { scheduleId, receivedAt: _, ...stated } = evidence;
  return snakeCase({
    ...{ eventId, claim, externalUserId, brazeUserId, deviceId, rawPayload: parsePayload(payload) },
    ...stated,
    brazeScheduleId: scheduleId,
  });
}

function writeReject({ body, reason, contentType }: KeptReject) {
  return {
    body_base64: Buffer.from(body).toString("base64"),
    reason: truncate(reason),
    content_type: contentType === null ? null : truncate(contentType),
  };
}

function writeAttribution({ method, candidateMatchIds, ...found }: Attribution) {
  return snakeCase({
    ...found,
    correlationMethod: method,
    candidateMatchIds: candidateMatchIds.length === 0 ? null : candidateMatchIds,
  });
}

/** A page names the same identifier many times; it is written once. */
function unique<T>(rows: readonly T[]): T[] {
  return [...new Map(rows.map((each) => [JSON.stringify(each), each])).values()];
}
