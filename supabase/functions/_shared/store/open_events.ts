/** Events that are tied to no match, or not surely: read again, and settled where they can be. */
import { z } from "zod";
import type { Attribution } from "../correlation/evidence.ts";
import type { LearnedIdentifier, Proof } from "../correlation/learn.ts";
import type { BrazeEvent } from "../events/event.ts";
import {
  EvidenceGroup,
  LearnedNow,
  unique,
  writeAttribution,
  writeIdentifier,
  writeProof,
} from "./events.ts";
import { instant, ScheduleState } from "./planning.ts";
import { type Rpc, toJson } from "./rpc.ts";

const Echo = z.object({
  sent_at: instant,
  event_id: z.string(),
  correlation_method: z.string(),
  ledger_id: z.guid().nullable(),
  raw_payload: z.unknown(),
}).transform((echo) => ({
  sentAt: echo.sent_at,
  eventId: echo.event_id,
  method: echo.correlation_method,
  ledgerId: echo.ledger_id,
  raw: echo.raw_payload,
}));
/** An event that names a ledger row or match which is known by now. */
export type Echo = z.infer<typeof Echo>;

const OpenSends = z.object({
  seconds: z.array(
    z.object({ sent_at: instant, events: z.int() })
      .transform((second) => ({
        sentAt: second.sent_at,
        events: second.events,
      })),
  ),
  schedules: z.array(
    z.object({
      ledger_id: z.guid(),
      match_id: z.int(),
      generation: z.int(),
      state: ScheduleState,
      send_at: instant,
      moving_to: instant.nullable(),
      send_id: z.string().nullable(),
      attributed: z.int(),
    }).transform((schedule) => ({
      ledgerId: schedule.ledger_id,
      matchId: schedule.match_id,
      generation: schedule.generation,
      state: schedule.state,
      sendAt: schedule.send_at,
      movingTo: schedule.moving_to,
      /** null where there is none that is this match's alone. */
      sendId: schedule.send_id,
      /** Push Sends that the match has for certain, over all its generations. */
      attributed: schedule.attributed,
    })),
  ),
});
export type OpenSends = z.infer<typeof OpenSends>;
export type OpenSecond = OpenSends["seconds"][number];
export type ScheduleAround = OpenSends["schedules"][number];

const Settled = z.object({ settled: z.int(), learned: z.array(LearnedNow) });

/** A verdict for one stored event, with what it now says of itself. */
export interface SingleSettlement {
  readonly echo: Echo;
  readonly event: BrazeEvent;
  readonly attribution: Attribution;
  readonly learned: readonly LearnedIdentifier[];
  readonly proof: Proof | null;
}

/** All open push Sends between two times belong to one match. */
export interface Elimination {
  readonly first: Date;
  readonly last: Date;
  readonly events: number;
  readonly ledgerId: string;
  readonly matchId: number;
  readonly generation: number | null;
  readonly sendAt: Date;
  readonly candidateCount: number;
}

interface From {
  readonly functionName: string;
  readonly runId: string;
  readonly now: Date;
}

export interface OpenEvents {
  /** In order of time; at least `limit` groups unless they are the last ones before `until`. */
  groups(after: Date, until: Date, limit: number): Promise<EvidenceGroup[]>;
  echoes(from: Date, until: Date, limit: number): Promise<Echo[]>;
  settleSingle(
    settlements: readonly SingleSettlement[],
    from: From,
  ): Promise<z.infer<typeof Settled>>;
  sends(
    window: {
      readonly campaignId: string;
      readonly from: Date;
      readonly until: Date;
      readonly guardMs: number;
    },
  ): Promise<OpenSends>;
  /** 0 when there are not exactly as many events as were counted. */
  eliminate(
    campaignId: string,
    elimination: Elimination,
    from: From,
  ): Promise<number>;
}

export function createOpenEvents(rpc: Rpc): OpenEvents {
  return {
    groups: (after, until, limit) =>
      rpc.call("open_event_groups", {
        p_after: after.toISOString(),
        p_until: until.toISOString(),
        p_limit: limit,
      }, z.array(EvidenceGroup)),
    echoes: (from, until, limit) =>
      rpc.call("open_echoes", {
        p_from: from.toISOString(),
        p_until: until.toISOString(),
        p_limit: limit,
      }, z.array(Echo)),
    settleSingle: (settlements, { functionName, runId, now }) =>
      rpc.call("settle_single_events", {
        p_settlements: toJson(settlements.map(({ echo, attribution }) => ({
          sent_at: echo.sentAt.toISOString(),
          event_id: echo.eventId,
          from_method: echo.method,
          from_ledger_id: echo.ledgerId,
          ...writeAttribution(attribution),
        }))),
        p_identifiers: toJson(
          unique(
            settlements.flatMap(({ learned }) => learned.map(writeIdentifier)),
          ),
        ),
        p_proofs: toJson(
          unique(
            settlements.flatMap(({ event, attribution, proof }) =>
              writeProof(event.evidence, attribution, proof)
            ),
          ),
        ),
        p_function: functionName,
        p_run_id: runId,
        p_now: now.toISOString(),
      }, Settled),
    sends: ({ campaignId, from, until, guardMs }) =>
      rpc.call("load_open_sends", {
        p_campaign_id: campaignId,
        p_from: from.toISOString(),
        p_until: until.toISOString(),
        p_guard_seconds: Math.ceil(guardMs / 1_000),
      }, OpenSends),
    eliminate: (campaignId, elimination, { functionName, runId, now }) =>
      rpc.call("settle_by_elimination", {
        p_campaign_id: campaignId,
        p_first: elimination.first.toISOString(),
        p_last: elimination.last.toISOString(),
        p_events: elimination.events,
        p_ledger_id: elimination.ledgerId,
        p_send_at: elimination.sendAt.toISOString(),
        p_candidate_count: elimination.candidateCount,
        p_function: functionName,
        p_run_id: runId,
        p_now: now.toISOString(),
        ...(elimination.generation === null ? {} : { p_generation: elimination.generation }),
      }, z.int()),
  };
}
