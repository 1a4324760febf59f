/** Finds matches that the feed lists twice: users would get two pushes for one match. Pure. */
import { compareAsc, differenceInMilliseconds } from "date-fns";
import type { Alert } from "../_shared/store/alerts_and_logs.ts";
import type { Fixture, Team } from "../_shared/store/planning.ts";
import { foldName } from "./names.ts";
import * as alerts from "./plan_alerts.ts";

/** The same teams do not meet twice within a day. */
const APART_MS_MIN = 24 * 60 * 60_000;

export function sameFixtureAlerts(
  fixtures: readonly Fixture[],
  teams: readonly Team[],
): Alert[] {
  const values = new Map(teams.map((team) => [team.name, team.brazeAttributeValue]));
  const teamsOf = ({ homeTeam, awayTeam }: Fixture) =>
    JSON.stringify([homeTeam, awayTeam].map((name) => values.get(name) ?? foldName(name)).sort());
  const wanted = fixtures.filter(({ status, push }) => status === "scheduled" && push);
  const byTeams = Map.groupBy(
    [...wanted].sort((a, b) => compareAsc(a.kickoffAt, b.kickoffAt) || a.matchId - b.matchId),
    teamsOf,
  );
  // Each with the one before it: of many there is one alert less than matches.
  return [...byTeams.values()].flatMap((same) =>
    same.flatMap((other, index) => {
      const one = same[index - 1];
      return one !== undefined && areClose(one, other) ? [alerts.sameFixtureTwice(one, other)] : [];
    })
  );
}

function areClose(one: Fixture, other: Fixture): boolean {
  return Math.abs(differenceInMilliseconds(one.kickoffAt, other.kickoffAt)) < APART_MS_MIN;
}
