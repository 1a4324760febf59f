/** What the events of each match add up to: which matches are to be counted again, and the harms that the numbers show. */
import { z } from "zod";
import { row } from "../text/camel_case.ts";
import { REPEATABLE, type Rpc } from "./rpc.ts";

const Due = row({ is_complete: z.boolean(), ledger_ids: z.array(z.guid()) });

const Counted = row({
  users: z.int().nullable(),
  /** Users who got more than one push of it; null, as `users`, where its events are pruned. */
  double_push_users: z.int().nullable(),
});

const Synced = z.object({ raised: z.int(), resolved: z.int() });

export function createCounts(rpc: Rpc) {
  return {
    /**
     * Marks what got events since the last call, what became due, and all that was due in [from, until). `isComplete`
     * is false while later events are to be looked at. `ledgerIds`: all that is marked, the latest send first.
     */
    mark: (now: Date, of?: { readonly from: Date; readonly until: Date }) =>
      rpc.call(
        "mark_recounts",
        { now, from: of?.from ?? null, until: of?.until ?? null },
        Due,
        REPEATABLE,
      ),

    /** Counts the events of one ledger row, and raises or resolves its double push. */
    recount: (ledgerId: string, now: Date) =>
      rpc.call("recount_match", { ledgerId, now }, Counted, REPEATABLE),

    /** Judges the numbers of the pushes since the last complete pre-flight run. */
    raiseHarms: (now: Date) => rpc.call("raise_number_harms", { now }, Synced, REPEATABLE),
  };
}
