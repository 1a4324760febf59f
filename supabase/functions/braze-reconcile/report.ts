/** What a check says of itself, in the answer and in the run's summary. */

/** In the order in which they run. */
export const CHECKS = [
  "verify",
  "gaps",
  "orphans",
  "duplicates",
  "unknown_attempts",
  "stale",
  "attribution",
  "counts",
  "quality",
  "recovery",
] as const;
export type Check = typeof CHECKS[number];

export type CheckStatus =
  | "done"
  /** Stopped at the deadline or at the cap: the next run goes on. */
  | "partial"
  /** Braze's list does not show schedules one by one, so nothing can be said. */
  | "not_judged"
  | "failed";

export interface Report {
  readonly status: CheckStatus;
  /** null where nothing can be said, which is not zero. */
  readonly counts: Readonly<Record<string, number>> | null;
  /** More of the same, as it is answered. */
  readonly [detail: string]: unknown;
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

export function countBy<T extends string>(values: readonly T[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}
