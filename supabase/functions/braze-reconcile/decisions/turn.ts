/** Whose statistics are asked for first: a run that stops early must not always reach the same matches. Pure. */
import type { KnownMatch } from "../../_shared/store/reconciliation.ts";

/** Never asked first, then those that waited longest; of equals, in the given order. */
export function inTurn(matches: readonly KnownMatch[]): KnownMatch[] {
  return matches.toSorted((a, b) => askedAt(a) - askedAt(b));
}

function askedAt({ statisticsAt }: KnownMatch): number {
  return statisticsAt?.getTime() ?? 0;
}
