/** The suite's targets as ratios within one run, since ratios differ less between machines than rates. */
import type { Summary } from "./report.ts";
import type { ShapeName } from "./shapes.ts";

interface Target {
  readonly shape: ShapeName;
  readonly against: string;
  /** The shape of the other contestant, where it is another one. */
  readonly inShape?: ShapeName;
  readonly atLeast: number;
}

const TARGETS: readonly Target[] = [
  { shape: "one", against: "stripe_sync_engine", atLeast: 1.2 },
  { shape: "one", against: "original", atLeast: 10 },
  { shape: "batch", against: "pg_boss", atLeast: 2.5 },
  { shape: "batch", against: "original", atLeast: 60 },
  { shape: "batch", against: "ceiling", atLeast: 0.65 },
  { shape: "doubled", against: "pg_boss", atLeast: 2 },
  { shape: "message", against: "ours", inShape: "one", atLeast: 0.8 },
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
    const { shape, against, inShape = shape } = target;
    const [ours, theirs] = [speed(shape, "ours"), speed(inShape, against)];
    if (ours === undefined || theirs === undefined) return [];
    const ratio = Math.round(ours / theirs * 100) / 100;
    return [{ ...target, ratio, isReached: ratio >= target.atLeast }];
  });
}

export function printRatio(
  { shape, against, inShape, atLeast, ratio, isReached }: Ratio,
): string {
  const other = inShape === undefined ? against : `${against} in the shape ${inShape}`;
  return `${shape.padEnd(8)} ours is ${ratio} × ${other}: target ≥ ${atLeast}, ${
    isReached ? "reached" : "MISSED"
  }`;
}
