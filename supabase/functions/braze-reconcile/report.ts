/** The report of one check, as the response and the run's summary show it. */

/** In execution order. */
export const CHECKS = [
  "verify",
  "gaps",
  "orphans",
  "duplicates",
  "unknown_attempts",
  "quality",
  // These ask Braze for statistics, which takes longest.
  "attribution",
  "stale",
  "counts",
] as const;
export type Check = typeof CHECKS[number];

export type CheckStatus =
  | "done"
  /** Stopped at the deadline or at the cancellation limit: the next run continues. */
  | "partial"
  /** Braze's listing does not identify single schedules, so the check cannot decide. */
  | "not_judged"
  /** No time was left for it: the next run judges. */
  | "not_begun"
  | "failed";

export interface Report {
  readonly status: CheckStatus;
  /** null when the check could not decide; zero is a result. */
  readonly counts: Readonly<Record<string, number>> | null;
  /** Further details, returned as they are. */
  readonly [detail: string]: unknown;
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

export function countBy<T extends string>(
  values: readonly T[],
): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}
