/** Events without a match, or with an uncertain one: they are read again and attributed where possible. */
import { z } from "zod";
import type { Attribution } from "../attribution/evidence.ts";
import type { IdentifierToRegister, Proof } from "../attribution/identifiers_to_register.ts";
import type { BrazeEvent } from "../events/event.ts";
import { row } from "../text/camel_case.ts";
import {
  type ChangedBy,
  changedBy,
  instant,
  RegisteredIdentifier,
  scheduleColumns,
} from "./columns.ts";
import { EvidenceGroup, writeAttribution, writeIdentifiers, writeProofs } from "./events.ts";
import type { Rpc } from "./rpc.ts";

/** An event that names a ledger row or match that is known now. */
const Echo = row({
  sent_at: instant,
  event_id: z.string(),
  correlation_method: z.string(),
  ledger_id: z.guid().nullable(),
  raw_payload: z.unknown(),
});
export type Echo = z.infer<typeof Echo>;

const UnattributedSends = z.object({
  seconds: z.array(row({ sent_at: instant, events: z.int() })),
  schedules: z.array(row({
    ...scheduleColumns,
    ledger_id: z.guid(),
    match_id: z.int(),
    /** Null where no send id belongs to this match alone. */
    send_id: z.string().nullable(),
    /** The Push Sends that certainly belong to the match, over all its generations. */
    attributed: z.int(),
  })),
});
export type UnattributedSends = z.infer<typeof UnattributedSends>;
export type OpenSecond = UnattributedSends["seconds"][number];
export type ScheduleAround = UnattributedSends["schedules"][number];

const Reattributed = z.object({ reattributed: z.int(), registered: z.array(RegisteredIdentifier) });

/** The new attribution of one stored event, and the event as it is read now. */
export interface SingleReattribution {
  readonly echo: Echo;
  readonly event: BrazeEvent;
  readonly attribution: Attribution;
  readonly registered: readonly IdentifierToRegister[];
  readonly proof: Proof | null;
}

/** All unattributed Push Sends between two times belong to one match. */
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

export function createUnattributedEvents(rpc: Rpc) {
  return {
    /** In order of time. At least `limit` groups, unless they are the last ones before `until`. */
    groups: (after: Date, until: Date, limit: number) =>
      rpc.call("load_unattributed_groups", { after, until, limit }, z.array(EvidenceGroup)),

    echoes: (from: Date, until: Date, limit: number) =>
      rpc.call("load_unattributed_echoes", { from, until, limit }, z.array(Echo)),

    reattributeSingle: (reattributions: readonly SingleReattribution[], by: ChangedBy) =>
      rpc.call("reattribute_single_events", {
        reattributions: reattributions.map(({ echo, attribution }) => ({
          sent_at: echo.sentAt,
          event_id: echo.eventId,
          from_method: echo.correlationMethod,
          from_ledger_id: echo.ledgerId,
          ...writeAttribution(attribution),
        })),
        identifiers: writeIdentifiers(reattributions),
        proofs: writeProofs(
          reattributions.map(({ event, ...judged }) => ({ ...judged, evidence: event.evidence })),
        ),
        ...changedBy(by),
      }, Reattributed),

    sends: ({ guardMs, ...window }: {
      readonly campaignId: string;
      readonly from: Date;
      readonly until: Date;
      readonly guardMs: number;
    }) => {
      const guardSeconds = Math.ceil(guardMs / 1_000);
      return rpc.call("load_unattributed_sends", { ...window, guardSeconds }, UnattributedSends);
    },

    /** Returns 0 when the number of events differs from `elimination.events`. */
    attributeByElimination: (
      campaignId: string,
      { matchId: _, ...elimination }: Elimination,
      by: ChangedBy,
    ) =>
      rpc.call(
        "attribute_by_elimination",
        { campaignId, ...elimination, ...changedBy(by) },
        z.int(),
      ),
  };
}
