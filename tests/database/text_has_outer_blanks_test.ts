import { deepStrictEqual, rejects } from "node:assert/strict";
import { NOW, type Suite, withSuite } from "./fixtures.ts";

const BAD = [
  ["a decomposed accent", "Atle\u0301tico", "nfc"],
  ["a blank at its end", "Arsenal ", "no_outer_blanks"],
  ["a tab at its start", "\tArsenal", "no_outer_blanks"],
  ["a line break at its end", "Arsenal\n", "no_outer_blanks"],
  ["a no-break space at its end", "Arsenal\u00a0", "no_outer_blanks"],
  ["an ideographic space at its start", "\u3000Arsenal", "no_outer_blanks"],
  ["a space without width at its end", "Arsenal\u200b", "no_outer_blanks"],
  ["a byte order mark at its start", "\ufeffArsenal", "no_outer_blanks"],
] as const;

function team({ sql }: Suite, name: string, value: string) {
  return sql`insert into public.teams (name, braze_attribute_value) values (${name}, ${value})`;
}

function match({ sql }: Suite, home: string, away: string) {
  return sql`
    insert into public.matches (id, competition, home_team, away_team, kickoff_at)
    values (1, 'Premier League', ${home}, ${away}, ${NOW})`;
}

Deno.test(
  "names and attribute values that look like others are refused, by a constraint that says why",
  withSuite(async (suite) => {
    for (const [, name, why] of BAD) {
      const refused = (constraint: string) => ({ constraint_name: new RegExp(`^${constraint}`) });
      const reason = why === "nfc" ? "is_nfc" : "has_no_outer_blanks";
      await rejects(team(suite, name, "x"), refused(`name_${reason}`));
      await rejects(team(suite, "x", name), refused(`braze_attribute_value_${reason}`));
      await rejects(match(suite, name, "x"), refused(`home_team_${reason}`));
      await rejects(match(suite, "x", name), refused(`away_team_${reason}`));
    }
  }),
);

Deno.test(
  "blanks and accents inside a name are its own",
  withSuite(async (suite) => {
    await team(suite, "1.\u00a0FC Köln", "Atlético Madrid");
    await match(suite, "1.\u00a0FC Köln", "Atlético  Madrid");
    const [kept] = await suite.sql`select home_team, away_team from public.matches`;
    deepStrictEqual({ ...kept }, { home_team: "1.\u00a0FC Köln", away_team: "Atlético  Madrid" });
  }),
);
