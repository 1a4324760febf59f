/** Draws a matchday: many kick-offs at the same time, and pairs of teams that play twice. */
import { addMinutes } from "date-fns";
import type { Prng } from "../../local/lib/prng.ts";

export const TEAMS = [
  "Liverpool",
  "Arsenal",
  "Manchester City",
  "Everton",
  "Brighton & Hove Albion",
  "Nott'm Forest",
] as const;
/** In no user's attributes and, until a person adds it, not in `teams`. */
export const UNKNOWN_TEAM = "AFC Nowhere";

export interface FixturePlan {
  readonly matchId: number;
  readonly home: string;
  readonly away: string;
  readonly kickoffAt: Date;
  readonly status: "scheduled" | "postponed" | "cancelled" | "finished";
  /** When the fixture list first contains it. */
  readonly knownAt: Date;
}

const MATCHES_MAX = 8;
/** The earliest kick-off, for which a push can still be scheduled. */
const FIRST_MINUTES = 80;

export function drawFixtures(prng: Prng, startAt: Date, endAt: Date): FixturePlan[] {
  const minutes = (endAt.getTime() - startAt.getTime()) / 60_000;
  // A few kick-off times for all, some of them close to each other.
  const kickoffMinutes = Array.from(
    { length: 1 + prng.below(4) },
    () => FIRST_MINUTES + 5 * prng.below((minutes - FIRST_MINUTES) / 5 + 12),
  );
  if (prng.chance(0.4)) {
    kickoffMinutes.push(kickoffMinutes[0]! + [1, 5, 9, 11, 12][prng.below(5)]!);
  }
  const count = 4 + prng.below(MATCHES_MAX - 3);
  const fixtures: FixturePlan[] = [];
  while (fixtures.length < count) {
    const [home, away] = prng.shuffled(TEAMS);
    const at = addMinutes(startAt, kickoffMinutes[prng.below(kickoffMinutes.length)]!);
    const matchId = 1_001 + fixtures.length;
    const isLate = prng.chance(0.1);
    const status = prng.chance(0.9)
      ? "scheduled" as const
      : (["postponed", "cancelled", "finished"] as const)[prng.below(3)]!;
    const knownAt = isLate
      ? addMinutes(startAt, prng.below((at.getTime() - startAt.getTime()) / 60_000))
      : startAt;
    fixtures.push({ matchId, home: home!, away: away!, kickoffAt: at, status, knownAt });
    if (prng.chance(0.15) && fixtures.length < count) {
      // The second match of the same pair, on the same day.
      const later = addMinutes(at, 120 + 30 * prng.below(4));
      fixtures.push({
        matchId: matchId + 1,
        home: away!,
        away: home!,
        kickoffAt: later,
        status: "scheduled",
        knownAt: startAt,
      });
    }
  }
  return fixtures;
}
