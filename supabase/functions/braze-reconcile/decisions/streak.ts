/** Whether something happened on several days running. Pure. */

const DAY_MS = 86_400_000;

/** How many UTC days in a row `days` holds, up to today or, as long as today is not over, yesterday. */
export function streakUntil(days: readonly string[], now: Date): number {
  const known = new Set(days);
  const dayAt = (back: number) =>
    new Date(now.getTime() - back * DAY_MS).toISOString().slice(0, 10);
  const first = known.has(dayAt(0)) ? 0 : 1;
  let streak = 0;
  while (known.has(dayAt(first + streak))) streak++;
  return streak;
}
