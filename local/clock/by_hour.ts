/** Splits a move of a clock at the full hours, so that somebody who watches it sees it pass. Pure. */
const HOUR_MS = 3_600_000;

/** Each full hour after `from` and before `to`, and then `to`. */
export function* byHour(from: Date, to: Date): Generator<Date> {
  const first = Math.floor(from.getTime() / HOUR_MS) * HOUR_MS + HOUR_MS;
  for (let hour = first; hour < to.getTime(); hour += HOUR_MS) yield new Date(hour);
  yield to;
}
