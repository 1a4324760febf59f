/**
 * A dozen worlds, one test each; half as many on a chosen server. `deno task simulate` runs any number of them; `SEED=… deno task simulate` prints the
 * timeline of a world that fails here.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { runWorld } from "./run.ts";
import { addTotals, NOTHING, type Totals } from "./tally.ts";

const url = Deno.env.get("TEST_DATABASE_URL");
const postgresBin = Deno.env.get("TEST_POSTGRES_BIN");
/**
 * Other worlds on another server: the check runs the tests on two. All of these last four to six hours; worlds that last
 * days cost as much as the whole dozen and run in the nightly workflow.
 */
const FIRST_SEED = postgresBin === undefined ? 7_012 : 7_044;
const WORLDS = postgresBin === undefined ? 12 : 6;
let totals: Totals = NOTHING;

for (let seed = FIRST_SEED; seed < FIRST_SEED + WORLDS; seed++) {
  Deno.test(`the auditor finds nothing wrong in world ${seed}`, async () => {
    if (url === undefined) {
      throw new Error(
        "Cannot simulate: TEST_DATABASE_URL must name a test server, got nothing; run `deno task test`",
      );
    }
    const { violations, broken, totals: own } = await runWorld(seed, { url, postgresBin });
    totals = addTotals(totals, own);
    strictEqual(broken, null, broken ?? "");
    deepStrictEqual(violations.map(({ rule, details }) => `${rule}: ${details}`), []);
  });
}

Deno.test("the worlds had events and faults of each kind", () => {
  strictEqual(totals.worlds, WORLDS);
  ok(totals.events > 50 * WORLDS, `${totals.events} events`);
  for (const kind of ["death", "braze", "database", "scheduled time", "call"]) {
    ok(Object.keys(totals.faults).some((name) => name.startsWith(kind)), `no fault of ${kind}`);
  }
});
