import { deepStrictEqual, ok } from "node:assert/strict";
import { minutes, NOW, type Suite, withSuite } from "./fixtures.ts";

async function changes({ sql }: Suite): Promise<unknown[]> {
  const rows = await sql`select kind, changed_at, changes from public.match_changes order by id`;
  return rows.map((row) => [row.kind, row.changed_at, row.changes]);
}

Deno.test(
  "a change of a match is kept with the sync's own time, and writing the same row again is no change",
  withSuite(async (suite) => {
    const { sql } = suite;
    // As the fixture sync writes: with the rights of the project's secret key.
    await sql.begin(async (tx) => {
      await tx`set local role service_role`;
      await tx`
        insert into public.matches (id, competition, home_team, away_team, kickoff_at, updated_at)
        values (1, 'League', 'Home', 'Away', ${NOW}, ${NOW})`;
      await tx`update public.matches set updated_at = ${minutes(1)}, home_team = 'Home'`;
      await tx`
        update public.matches
        set status = 'postponed', trigger_properties = '{"a": 1}', updated_at = ${minutes(2)}`;
    });
    deepStrictEqual(await changes(suite), [
      ["added", NOW, {
        competition: "League",
        home_team: "Home",
        away_team: "Away",
        kickoff_at: "2024-12-07T06:00:00+00:00",
        kickoff_confirmed: true,
        status: "scheduled",
        push: true,
        trigger_properties: {},
      }],
      ["changed", minutes(2), {
        status: { from: "scheduled", to: "postponed" },
        trigger_properties: { from: {}, to: { a: 1 } },
      }],
    ]);
  }),
);

Deno.test(
  "a change without a time of its own is dated by the database; a time that the sync writes stands",
  withSuite(async (suite) => {
    const { sql } = suite;
    await sql`
      insert into public.matches (id, competition, home_team, away_team, kickoff_at, updated_at)
      values (1, 'League', 'Home', 'Away', ${NOW}, ${NOW})`;
    const before = new Date();
    const [patched] = await sql<{ updated_at: Date }[]>`
      update public.matches set status = 'postponed' returning updated_at`;
    ok(patched!.updated_at >= new Date(before.getTime() - 1_000));
    const [same] = await sql<{ updated_at: Date }[]>`
      update public.matches set status = 'postponed' returning updated_at`;
    deepStrictEqual(same!.updated_at, patched!.updated_at);
    const [written] = await sql<{ updated_at: Date }[]>`
      update public.matches set status = 'scheduled', updated_at = ${minutes(1)}
      returning updated_at`;
    deepStrictEqual(written!.updated_at, minutes(1));
    const changed = await changes(suite) as [string, Date, unknown][];
    deepStrictEqual(changed.map(([, at]) => at), [NOW, patched!.updated_at, minutes(1)]);
  }),
);
