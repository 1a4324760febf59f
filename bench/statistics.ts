/**
 * Summarizes measurements.
 *
 * Keeps and sorts all of them: ten thousands fit into memory, and a histogram would round.
 */

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface Percentiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** Median and range; the median of an even number of values is the mean of the middle two. */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) {
    throw new RangeError("Cannot sum up: there must be at least one value, got none");
  }
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const median = sorted.length % 2 === 1
    ? sorted[middle]!
    : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { median, min: sorted[0]!, max: sorted.at(-1)! };
}

export function percentilesOf(values: readonly Float64Array[]): Percentiles {
  const count = values.reduce((sum, part) => sum + part.length, 0);
  if (count === 0) {
    throw new RangeError("Cannot sum up: there must be at least one value, got none");
  }
  const sorted = new Float64Array(count);
  let at = 0;
  for (const part of values) {
    sorted.set(part, at);
    at += part.length;
  }
  sorted.sort();
  // The smallest value that is at least as large as this share of all values.
  const rank = (share: number) => sorted[Math.ceil(share * count) - 1]!;
  return { p50: rank(0.5), p95: rank(0.95), p99: rank(0.99), max: sorted[count - 1]! };
}
