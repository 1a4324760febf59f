/** Events that are tied to no match, or not surely: read again, and settled where they can be. */
import { z } from "zod";
import type { Attribution } from "../attribution/evidence.ts";
import type { IdentifierToRegister, Proof } from "../attribution/identifiers_to_register.ts";
import type { BrazeEvent } from "../events/event.ts";
import {
  EvidenceGroup,
  RegisteredIdentifier,
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

const UnattributedSends = z.object({
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
export type UnattributedSends = z.infer<typeof UnattributedSends>;
export type OpenSecond = UnattributedSends["seconds"][number];
export type ScheduleAround = UnattributedSends["schedules"][number];

const Reattributed = z.object({ reattributed: z.int(), registered: z.array(RegisteredIdentifier) });

/** A verdict for one stored event, with what it now says of itself. */
export interface SingleReattribution {
  readonly echo: Echo;
  readonly event: BrazeEvent;
  readonly attribution: Attribution;
  readonly registered: readonly IdentifierToRegister[];
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

export interface UnattributedEvents {
  /** In order of time; at least `limit` groups unless they are the last ones before `until`. */
  groups(after: Date, until: Date, limit: number): Promise<EvidenceGroup[]>;
  echoes(from: Date, until: Date, limit: number): Promise<Echo[]>;
  reattributeSingle(
    settlements: readonly SingleReattribution[],
    from: From,
  ): Promise<z.infer<typeof Reattributed>>;
  sends(
    window: {
      readonly campaignId: string;
      readonly from: Date;
      readonly until: Date;
      readonly guardMs: number;
    },
  ): Promise<UnattributedSends>;
  /** 0 when there are not exactly as many events as were counted. */
  attributeByElimination(
    campaignId: string,
    elimination: Elimination,
    from: From,
  ): Promise<number>;
}

export function createUnattributedEvents(rpc: Rpc): UnattributedEvents {
  return {
    groups: (after, until, limit) =>
      rpc.call("load_unattributed_groups", {
        p_after: after.toISOString(),
        p_until: until.toISOString(),
        p_limit: limit,
      }, z.array(EvidenceGroup)),
    echoes: (from, until, limit) =>
      rpc.call("load_unattributed_echoes", {
        p_from: from.toISOString(),
        p_until: until.toISOString(),
        p_limit: limit,
      }, z.array(Echo)),
    reattributeSingle: (settlements, { functionName, runId, now }) =>
      rpc.call("reattribute_single_events", {
        p_reattributions: toJson(settlements.map(({ echo, attribution }) => ({
          sent_at: echo.sentAt.toISOString(),
          event_id: echo.eventId,
          from_method: echo.method,
          from_ledger_id: echo.ledgerId,
          ...writeAttribution(attribution),
        }))),
        p_identifiers: toJson(
          unique(
            settlements.flatMap(({ registered }) => registered.map(writeIdentifier)),
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
      }, Reattributed),
    sends: ({ campaignId, from, until, guardMs }) =>
      rpc.call("load_unattributed_sends", {
        p_campaign_id: campaignId,
        p_from: from.toISOString(),
        p_until: until.toISOString(),
        p_guard_seconds: Math.ceil(guardMs / 1_000),
      }, UnattributedSends),
    attributeByElimination: (campaignId, elimination, { functionName, runId, now }) =>
      rpc.call("attribute_by_elimination", {
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
