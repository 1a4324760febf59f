import { deepStrictEqual } from "node:assert/strict";
import { replacedParts } from "../../../supabase/functions/braze-scheduler/reused_id.ts";
import type { Fixture, MadeFor } from "../../../supabase/functions/_shared/store/planning.ts";
import { match, row, team } from "../../support/matches.ts";

const teams = new Map(
  ["Arsenal", "Chelsea", "Everton", "Fulham"].map((name) => [name, team(name)]),
);
const MADE_FOR: MadeFor = {
  competition: "Premier League",
  homeTeam: "Arsenal",
  awayTeam: "Chelsea",
  homeValue: "Arsenal",
  awayValue: "Chelsea",
};

for (
  const [what, changes, madeFor, replaced] of [
    ["the same match", {}, {}, []],
    ["two other teams", { homeTeam: "Everton", awayTeam: "Fulham" }, {}, ["teams"]],
    ["one other team", { awayTeam: "Fulham" }, {}, ["teams"]],
    ["the same teams at the other ground", { homeTeam: "Chelsea", awayTeam: "Arsenal" }, {}, []],
    ["a team that is unknown by its new name", { awayTeam: "Chelsea Football Club" }, {}, []],
    ["a team with a new name and the same value", {}, { homeTeam: "The Gunners" }, []],
    ["a team with the same name and a new value", {}, { homeValue: "arsenal-fc" }, []],
    ["a team that was not known yet", {}, { homeTeam: "Winner of 57", homeValue: null }, []],
    [
      "two other teams, where one was not known yet",
      { homeTeam: "Everton", awayTeam: "Fulham" },
      { homeTeam: "Winner of 57", homeValue: null },
      ["teams"],
    ],
    ["another competition", { competition: "FA Cup" }, {}, ["competition"]],
    ["a longer name of the competition", { competition: "English Premier League" }, {}, []],
    ["a competition of two letters", { competition: "PL" }, { competition: "PL" }, []],
    ["another of two letters", { competition: "FA" }, { competition: "PL" }, ["competition"]],
  ] as const satisfies readonly (readonly [
    string,
    Partial<Fixture>,
    Partial<MadeFor>,
    readonly string[],
  ])[]
) {
  Deno.test(`replacedParts() of ${what}: ${replaced.join(", ") || "none"}`, () => {
    const ledger = row({ madeFor: { ...MADE_FOR, ...madeFor } });
    deepStrictEqual(replacedParts(match({ ...changes, ledger }), teams), [...replaced]);
  });
}

Deno.test("replacedParts() finds nothing without a schedule, or before the database kept its match", () => {
  const others = { homeTeam: "Everton", awayTeam: "Fulham" };
  const cancelled = { status: "cancelled", cancelReason: "plan", madeFor: MADE_FOR } as const;
  for (const ledger of [null, row(cancelled), row({ madeFor: null })]) {
    deepStrictEqual(replacedParts(match({ ...others, ledger }), teams), []);
  }
});
