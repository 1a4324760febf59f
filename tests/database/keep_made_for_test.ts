import { deepStrictEqual } from "node:assert/strict";
import { addMatch, close, ledgerRow, openCreate, startRun, withSuite } from "./fixtures.ts";

Deno.test(
  "a ledger row keeps for which match its present generation was made",
  withSuite(async (suite) => {
    await addMatch(suite, 1001);
    await suite.sql`
      insert into public.teams (name, braze_attribute_value) values ('Home 1001', 'home')`;
    const runId = await startRun(suite);
    const first = await openCreate(suite, runId, 1001);
    const made = async () => (await ledgerRow(suite, 1001)).made_for;
    const before = {
      competition: "Premier League",
      home_team: "Home 1001",
      away_team: "Away 1001",
      home_value: "home",
      // Unknown to `teams`.
      away_value: null,
    };
    deepStrictEqual(await made(), before);

    await suite.sql`update public.matches set home_team = 'Other', competition = 'FA Cup'`;
    await close(suite, first.attempt_id, "failed");
    deepStrictEqual(await made(), before);
    await openCreate(suite, runId, 1001);
    deepStrictEqual(await made(), {
      competition: "FA Cup",
      home_team: "Other",
      away_team: "Away 1001",
      home_value: null,
      away_value: null,
    });
  }),
);
