/** Events without a match, or with an uncertain one: they are read again and attributed where possible. */
import { z } from "zod";
import { row } from "../text/camel_case.ts";
import { type ChangedBy, changedBy, instant, scheduleColumns } from "./columns.ts";
import type { Rpc } from "./rpc.ts";

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
