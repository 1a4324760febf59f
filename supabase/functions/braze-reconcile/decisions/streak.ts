/** Counts consecutive days. Pure. */

const DAY_MS = 86_400_000;

/** Number of consecutive UTC days in `days` (YYYY-MM-DD) that end today, or yesterday when today is not in it. */
export function streakUntil(days: readonly string[], now: Date): number {
  const known = new Set(days);
  const dayAt = (back: number) =>
    new Date(now.getTime() - back * DAY_MS).toISOString().slice(0, 10);
  const first = known.has(dayAt(0)) ? 0 : 1;
  let streak = 0;
  while (known.has(dayAt(first + streak))) streak++;
  return streak;
}
