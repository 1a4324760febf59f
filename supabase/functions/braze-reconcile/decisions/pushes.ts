/** Sums the pushes in Braze's statistics. Pure. */
import type { DailyStatistics } from "../../_shared/braze/schemas.ts";

/** Sum over all push channels and days; null when Braze gives no number. */
export function countPushes(days: DailyStatistics): number | null {
  const sent = days.flatMap(({ channels }) =>
    Object.entries(channels)
      .filter(([channel]) => /push/i.test(channel))
      .flatMap(([, variations]) => variations.map((variation) => variation.sent))
  );
  // With one number missing the sum would be a guess.
  if (sent.some((count) => count === null)) return null;
  return days.length === 0 ? null : sent.reduce((sum: number, count) => sum + (count ?? 0), 0);
}
