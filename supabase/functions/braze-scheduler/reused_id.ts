/** Finds ids under which the feed now lists another match than the one that a schedule was made for. Pure. */
import type { Fixture, MadeFor, Team } from "../_shared/store/planning.ts";
import { foldName, hasWordsOf } from "./names.ts";

export type Part = "teams" | "competition";

/** What was replaced since the present generation was made; of a cancelled row nothing. */
export function replacedParts(
  { competition, homeTeam, awayTeam, ledger }: Fixture,
  teams: ReadonlyMap<string, Team>,
): readonly Part[] {
  if (ledger === null || ledger.status === "cancelled" || ledger.madeFor === null) return [];
  const { madeFor } = ledger;
  const strangers = [homeTeam, awayTeam].filter((name) => isStranger(name, madeFor, teams));
  // A team that was unknown then ("Winner of match 57") may be any team now.
  const unknown = [madeFor.homeValue, madeFor.awayValue].filter((value) => value === null);
  return [
    ...(strangers.length > unknown.length ? ["teams" as const] : []),
    ...(isSame(competition, madeFor.competition) ? [] : ["competition" as const]),
  ];
}

/** "PL" has no word that is long enough to tell it from another, and is itself. */
function isSame(one: string, other: string): boolean {
  return foldName(one) === foldName(other) || hasWordsOf(one, other);
}

/** Neither of the two teams, home or away: a club that was renamed keeps its value. */
function isStranger(
  name: string,
  { homeTeam, awayTeam, homeValue, awayValue }: MadeFor,
  teams: ReadonlyMap<string, Team>,
): boolean {
  const value = teams.get(name)?.brazeAttributeValue;
  // An unknown team has an alert of its own. It may be a rename of which `teams` has not heard yet.
  if (value === undefined) return false;
  const folded = foldName(name);
  return value !== homeValue && value !== awayValue &&
    folded !== foldName(homeTeam) && folded !== foldName(awayTeam);
}
