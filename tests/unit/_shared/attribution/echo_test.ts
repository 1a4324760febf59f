import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  generationOf,
  isLedgerId,
  ledgerIdOf as ledgerIdOfEcho,
  matchIdOf,
  readEcho,
} from "../../../../supabase/functions/_shared/attribution/echo.ts";
import { contextOf, evidence, ledger, ledgerIdOf } from "../../../support/facts.ts";

const ATTEMPT = "0b9f6f6e-0000-4d6c-9a51-00000000000a";
const one = ledger(1, {}, {});
const two = ledger(2, {});
const context = contextOf([one, two], [], {
  attempts: [{ attemptId: ATTEMPT, ledgerId: ledgerIdOf(1), generation: 2 }],
});

Deno.test("readEcho() returns none for an event that echoes nothing", () => {
  deepStrictEqual(readEcho(evidence({ hasForeignExtras: true }), context), { kind: "none" });
});

for (
  const [what, echo, expected] of [
    ["a ledger id", { echoedLedgerId: ledgerIdOf(1) }, ["ledger_id", one, null, null]],
    ["a ledger id in capitals", {
      echoedLedgerId: ledgerIdOf(1).toUpperCase(),
    }, ["ledger_id", one, null, null]],
    ["a match id", { echoedMatchId: "1" }, ["match_id", one, null, null]],
    ["a match id with its generation", {
      echoedMatchId: "1",
      echoedGeneration: "2",
    }, ["match_id", one, 2, null]],
    ["all of one schedule", {
      echoedLedgerId: ledgerIdOf(1),
      echoedMatchId: "1",
      echoedGeneration: "2",
      echoedAttemptId: ATTEMPT.toUpperCase(),
    }, ["ledger_id", one, 2, null]],
    ["a ledger id and the match id of another row", {
      echoedLedgerId: ledgerIdOf(1),
      echoedMatchId: "2",
    }, ["ledger_id", one, null, two]],
    ["an attempt id without a generation", {
      echoedMatchId: "1",
      echoedAttemptId: ATTEMPT,
    }, ["match_id", one, null, null]],
    ["a generation that was never made", {
      echoedLedgerId: ledgerIdOf(1),
      echoedGeneration: "9",
    }, ["ledger_id", one, 9, null]],
  ] as const
) {
  Deno.test(`readEcho() reads ${what}`, () => {
    const [method, ledger, generation, other] = expected;
    deepStrictEqual(readEcho(evidence(echo), context), {
      kind: "named",
      method,
      ledger,
      generation,
      other,
    });
  });
}

for (
  const [what, echo] of [
    ["an unknown ledger id", { echoedLedgerId: ledgerIdOf(9) }],
    ["an unknown ledger id beside a known match id", {
      echoedLedgerId: ledgerIdOf(9),
      echoedMatchId: "1",
    }],
    ["an unknown match id", { echoedMatchId: "9" }],
    ["an unknown match id beside a known ledger id", {
      echoedLedgerId: ledgerIdOf(1),
      echoedMatchId: "9",
    }],
    ["a ledger id that is none", { echoedLedgerId: "led_1", echoedMatchId: "1" }],
    ["a match id that is none", { echoedLedgerId: ledgerIdOf(1), echoedMatchId: "12a" }],
    ["a blank match id", { echoedMatchId: "" }],
    ["a match id past exact integers", { echoedMatchId: "9007199254740993" }],
    ["a negative match id", { echoedMatchId: "-1" }],
    ["a generation that is none", { echoedLedgerId: ledgerIdOf(1), echoedGeneration: "one" }],
    ["a generation of 0", { echoedLedgerId: ledgerIdOf(1), echoedGeneration: "0" }],
    ["a generation alone", { echoedGeneration: "1" }],
    ["an attempt id alone", { echoedAttemptId: ATTEMPT }],
    ["an unknown attempt id", { echoedMatchId: "1", echoedAttemptId: ledgerIdOf(1) }],
    ["an attempt id that is none", { echoedMatchId: "1", echoedAttemptId: "att_1" }],
    ["an attempt id of another row", { echoedMatchId: "2", echoedAttemptId: ATTEMPT }],
    ["an attempt id of another generation", {
      echoedMatchId: "1",
      echoedGeneration: "1",
      echoedAttemptId: ATTEMPT,
    }],
  ] as const
) {
  Deno.test(`readEcho() returns unknown for ${what}`, () => {
    deepStrictEqual(readEcho(evidence(echo), context), { kind: "unknown" });
  });
}

Deno.test("matchIdOf() and generationOf() return null for what is absent, and NaN for what is none", () => {
  deepStrictEqual(
    [null, "1002", "", "1.5", "9007199254740993", "99999999999999999"].map(matchIdOf),
    [null, 1002, NaN, NaN, NaN, NaN],
  );
  deepStrictEqual(
    [null, "1", "999999", "", "0", "01", "-1", "1000000"].map(generationOf),
    [null, 1, 999_999, NaN, NaN, NaN, NaN, NaN],
  );
});

Deno.test("ledgerIdOf() writes an id as the database does, and leaves all else", () => {
  const id = ledgerIdOf(1);
  strictEqual(ledgerIdOfEcho(id.toUpperCase().replace("0B9F", "0B9F")), id);
  strictEqual(ledgerIdOfEcho("LED_1"), "LED_1");
  deepStrictEqual([id, id.toUpperCase(), "led_1", null].map(isLedgerId), [
    true,
    true,
    false,
    false,
  ]);
});
