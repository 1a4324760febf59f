/**
 * Counts the events of matches again: of those that got events since the last count, and of no others.
 *
 * Each match is a transaction of its own, and whatever one run leaves, the next continues. A match that cannot be counted
 * does not stop the others.
 */
import type { Dependencies } from "./dependencies.ts";
import { DatabaseError } from "../store/rpc.ts";

/** How long a function with other work counts. */
export const RECOUNT_MS_MAX = 20_000;

export interface Recounted {
  /** False when `mayContinue` ended it, or when a match failed. */
  readonly isComplete: boolean;
  readonly matches: number;
  readonly failed: number;
  /** Counted matches of which users got more than one push. */
  readonly doublePushes: number;
}

/** `mayContinue`: asked before each match. `of`: all that was due then is counted, too. */
export async function recount(
  { store: { counts }, clock, log }: Pick<Dependencies, "store" | "clock" | "log">,
  mayContinue: () => boolean,
  of?: { readonly from: Date; readonly until: Date },
): Promise<Recounted> {
  const done = { matches: 0, failed: 0, doublePushes: 0 };
  let due = await counts.mark(clock.now(), of);
  while (!due.isComplete) {
    if (!mayContinue()) return { ...done, isComplete: false };
    due = await counts.mark(clock.now());
  }
  for (const ledgerId of due.ledgerIds) {
    if (!mayContinue()) return { ...done, isComplete: false };
    try {
      const { doublePushUsers } = await counts.recount(ledgerId, clock.now());
      done.matches++;
      if ((doublePushUsers ?? 0) > 0) done.doublePushes++;
    } catch (error) {
      if (!(error instanceof DatabaseError) || error.isUnavailable) throw error;
      log.error("match_not_counted", { ledger_id: ledgerId, error });
      done.failed++;
    }
  }
  return { ...done, isComplete: done.failed === 0 };
}
