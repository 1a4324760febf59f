/** How many pushes Braze counted. Pure. */
import type { DailyStatistics } from "../../_shared/braze/schemas.ts";

/** Over all push channels and days; null where Braze tells no number at all. */
export function countPushes(days: DailyStatistics): number | null {
  const sent = days.flatMap(({ channels }) =>
    Object.entries(channels)
      .filter(([channel]) => /push/i.test(channel))
      .flatMap(([, variations]) => variations.map((variation) => variation.sent))
  );
  // One number that is missing makes the sum a guess.
  if (sent.some((count) => count === null)) return null;
  return days.length === 0 ? null : sent.reduce((sum: number, count) => sum + (count ?? 0), 0);
}
