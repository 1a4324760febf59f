/** The suite's targets as ratios within one run, since ratios differ less between machines than rates. */
import type { Summary } from "./report.ts";
import type { ShapeName } from "./shapes.ts";

interface Target {
  readonly shape: ShapeName;
  readonly against: string;
  readonly atLeast: number;
}

const TARGETS: readonly Target[] = [
  { shape: "one", against: "stripe_sync_engine", atLeast: 0.6 },
  { shape: "one", against: "original", atLeast: 5 },
  { shape: "batch", against: "pg_boss", atLeast: 5 },
  { shape: "batch", against: "original", atLeast: 100 },
  { shape: "batch", against: "ceiling", atLeast: 0.5 },
];

export interface Ratio extends Target {
  readonly ratio: number;
  readonly isReached: boolean;
}

export function ratiosOf(summaries: readonly Summary[]): Ratio[] {
  const speed = (shape: ShapeName, contestant: string) =>
    summaries.find((summary) => summary.shape === shape && summary.contestant === contestant)
      ?.applied_a_second.median;
  return TARGETS.flatMap((target) => {
    const [ours, theirs] = [speed(target.shape, "ours"), speed(target.shape, target.against)];
    if (ours === undefined || theirs === undefined) return [];
    const ratio = Math.round(ours / theirs * 100) / 100;
    return [{ ...target, ratio, isReached: ratio >= target.atLeast }];
  });
}

export function printRatio({ shape, against, atLeast, ratio, isReached }: Ratio): string {
  return `${shape.padEnd(8)} ours is ${ratio} × ${against}: target ≥ ${atLeast}, ${
    isReached ? "reached" : "MISSED"
  }`;
}
