/** The quiet periods of a world. */

/** A period without injected faults, long enough for the suite to resolve everything that can be known. */
export interface Truce {
  readonly from: Date;
  readonly until: Date;
}

export function isInTruce({ truces }: { readonly truces: readonly Truce[] }, at: Date): boolean {
  return truces.some(({ from, until }) => at >= from && at <= until);
}
