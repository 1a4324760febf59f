import { deepStrictEqual } from "node:assert/strict";
import { inTurn } from "../../../../supabase/functions/braze-reconcile/decisions/turn.ts";
import { at } from "../../../support/facts.ts";
import { knownMatch } from "../../../support/known.ts";

Deno.test("inTurn() begins with those that were never asked for, then with those that waited longest", () => {
  const matches = [
    knownMatch(1, { statisticsAt: at("05:00:00") }),
    knownMatch(2),
    knownMatch(3, { statisticsAt: at("04:00:00") }),
    knownMatch(4),
  ];
  deepStrictEqual(inTurn(matches).map(({ matchId }) => matchId), [2, 4, 3, 1]);
});
