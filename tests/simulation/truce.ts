/** The quiet periods of a world. */

/** Nothing is broken on purpose in here, for long enough that all that can be known is known. */
export interface Truce {
  readonly from: Date;
  readonly until: Date;
}

export function isInTruce({ truces }: { readonly truces: readonly Truce[] }, at: Date): boolean {
  return truces.some(({ from, until }) => at >= from && at <= until);
}
