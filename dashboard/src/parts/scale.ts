/** Computes axes. Pure. */

const HOUR_MS = 3_600_000;
const STEPS_HOURS = [0.5, 1, 2, 3, 6, 12, 24];

export interface TimeAxis {
  readonly from: number;
  readonly until: number;
  readonly ticks: readonly number[];
  /** The position of a time in percent, limited to 0 to 100. */
  at(time: number): number;
  holds(time: number): boolean;
}

/** From the half hour before the first time to the half hour after the last, with a few ticks. */
export function timeAxis(times: readonly number[], ticksMax = 5): TimeAxis {
  const half = HOUR_MS / 2;
  const first = Math.min(...times);
  const last = Math.max(...times);
  const from = Math.floor(first / half) * half - half;
  const until = Math.ceil(last / half) * half + half;
  const hours = (until - from) / HOUR_MS;
  const stepMs = HOUR_MS * (STEPS_HOURS.find((step) => hours / step <= ticksMax) ?? 24);
  const ticks: number[] = [];
  for (let tick = Math.ceil(from / stepMs) * stepMs; tick <= until; tick += stepMs) {
    ticks.push(tick);
  }
  return {
    from,
    until,
    ticks,
    at: (time) => Math.min(100, Math.max(0, (time - from) / (until - from) * 100)),
    holds: (time) => time >= from && time <= until,
  };
}

/** A round number at or above `value`: 1, 2, 2.5 or 5 times a power of ten. */
export function roundUp(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 2.5, 5, 10].find((step) => step * power >= value) ?? 10;
  return step * power;
}
