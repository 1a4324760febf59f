import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { sameFixtureAlerts } from "../../../supabase/functions/braze-scheduler/same_fixtures.ts";
import type { Fixture } from "../../../supabase/functions/_shared/store/planning.ts";
import { KICKOFF_AT, match, team, teams } from "../../support/matches.ts";

const HOUR_MS = 3_600_000;
const later = (ms: number) => ({ kickoffAt: new Date(KICKOFF_AT.getTime() + ms) });
const found = (...others: Partial<Fixture>[]) =>
  sameFixtureAlerts(
    [match(), ...others.map((changes, index) => match({ matchId: index + 2, ...changes }))],
    [...teams, team("Everton"), team("Arsenal FC", { brazeAttributeValue: "Arsenal" })],
  );

for (
  const [what, other, isFound] of [
    ["the same teams at the same time", {}, true],
    ["the same teams at the other ground", { homeTeam: "Chelsea", awayTeam: "Arsenal" }, true],
    ["the same teams just under a day later", later(24 * HOUR_MS - 1), true],
    ["the same teams a day later", later(24 * HOUR_MS), false],
    ["a team under another name with the same value", { homeTeam: "Arsenal FC" }, true],
    ["one other team", { homeTeam: "Everton" }, false],
    ["a match that is off", { status: "postponed" }, false],
    ["a match that is to have no push", { push: false }, false],
  ] as const
) {
  Deno.test(`sameFixtureAlerts() ${isFound ? "reports" : "does not report"} ${what}`, () => {
    strictEqual(found(other).length, isFound ? 1 : 0);
  });
}

Deno.test("sameFixtureAlerts() names each match with the one before it, critical within a competition", () => {
  const alerts = found({}, { competition: "Women's Super League" });
  deepStrictEqual(
    alerts.map(({ fingerprint, severity, matchId }) => [
      fingerprint,
      severity,
      matchId,
    ]),
    [
      ["same_fixture_twice:1:2", "critical", 2],
      ["same_fixture_twice:2:3", "warning", 3],
    ],
  );
});

Deno.test("sameFixtureAlerts() compares unknown teams by their folded names", () => {
  const one = match({ homeTeam: "Atlético", awayTeam: "Porto" });
  const other = match({ matchId: 2, homeTeam: "ATLETICO", awayTeam: "Porto" });
  strictEqual(sameFixtureAlerts([one, other], []).length, 1);
});
