import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  readEchoFields,
  readMessageExtras,
} from "../../../../supabase/functions/_shared/events/echo_fields.ts";
import { ExactNumber, readJson } from "../../../../supabase/functions/_shared/text/exact_json.ts";

const LEDGER_ID = "0b9f6f6e-2f3a-4d6c-9a51-7f6d0c1e1002";
const ATTEMPT_ID = "0b9f6f6e-2f3a-4d6c-9a51-7f6d0c1e2002";

/** Ledger id, match id, generation, attempt id, and whether the extras are foreign. */
type Said = readonly [string | null, string | null, string | null, string | null, boolean];
const NOTHING: Said = [null, null, null, null, false];
const FOREIGN: Said = [null, null, null, null, true];
/** Not a match id, so no match has it. */
const BLANK: Said = [null, "", null, null, false];

function said(read: ReturnType<typeof readEchoFields>): Said {
  if (!read.ok) throw new Error(`Cannot read the echo: ${read.reason}`);
  const { echo } = read;
  return [
    echo.echoedLedgerId,
    echo.echoedMatchId,
    echo.echoedGeneration,
    echo.echoedAttemptId,
    echo.hasForeignExtras,
  ];
}

for (
  const [what, extras, expected] of [
    ["undefined", undefined, NOTHING],
    ["null", null, NOTHING],
    ["empty", "", NOTHING],
    ["an empty object", "{}", NOTHING],
    ["JSON null", "null", FOREIGN],
    ["a JSON list", '["1002"]', FOREIGN],
    ["a number", 7, FOREIGN],
    ["cut off", '{"match_id":"1002","ledger_id":"0b9f', FOREIGN],
    ["other things", '{"title":"Kick-off soon"}', FOREIGN],
    ["blanks in all our keys", '{"match_id":"","ledger_id":"","generation":""}', BLANK],
    ["a blank in one of our keys", '{"generation":""}', BLANK],
    ["a blank in one key, an id in another", '{"match_id":"1002","ledger_id":""}', [
      null,
      "1002",
      null,
      null,
      false,
    ]],
    [
      "all of an echo",
      JSON.stringify({
        match_id: "1002",
        ledger_id: LEDGER_ID,
        generation: "1",
        attempt_id: ATTEMPT_ID,
        title: "Kick-off soon",
      }),
      [LEDGER_ID, "1002", "1", ATTEMPT_ID, false],
    ],
    ["nonsense", '{"match_id":"12a","ledger_id":"led_1","generation":"0"}', [
      "led_1",
      "12a",
      "0",
      null,
      false,
    ]],
    ["an object", { match_id: 1002, generation: 1 }, [null, "1002", "1", null, false]],
    ["a number past counting", '{"match_id":99999999999999999}', [
      null,
      "99999999999999999",
      null,
      null,
      false,
    ]],
    ["values of odd types", '{"match_id":{"a":1},"ledger_id":true,"generation":[1]}', [
      "true",
      '{"a":1}',
      "[1]",
      null,
      false,
    ]],
  ] as const
) {
  Deno.test(`readMessageExtras() reads extras that are ${what}`, () => {
    deepStrictEqual(said(readMessageExtras(extras)), expected);
  });
}

Deno.test("readEchoFields() merges the objects, and takes a blank for absent", () => {
  const ours = { match_id: "", ledger_id: LEDGER_ID };
  deepStrictEqual(said(readEchoFields([ours, { match_id: 7 }], { match_id: 7 })), [
    LEDGER_ID,
    "7",
    null,
    null,
    false,
  ]);
});

Deno.test("readEchoFields() refuses two values for one key", () => {
  deepStrictEqual(readEchoFields([{ match_id: "1" }, { match_id: "2" }], null), {
    ok: false,
    reason: "Event must name one match_id, got 2",
  });
});

Deno.test("readEchoFields() takes only the extras for foreign, not the message around them", () => {
  strictEqual(said(readEchoFields([{ external_user_id: "u-1" }, {}], {}))[4], false);
  strictEqual(said(readEchoFields([{ external_user_id: "u-1" }], null))[4], false);
});

Deno.test("readEchoFields() keeps the digits of a number that a double cannot hold", () => {
  const read = readJson('{"match_id":9007199254740993}');
  const value = read.ok ? read.value as { match_id: unknown } : null;
  strictEqual(value?.match_id instanceof ExactNumber, true);
  strictEqual(said(readEchoFields([{ ...value }], null))[1], "9007199254740993");
});

Deno.test("readEchoFields() cuts a value that is too long for an id, and keeps it storable", () => {
  strictEqual(said(readEchoFields([{ match_id: "9".repeat(2_000) }], null))[1], "9".repeat(256));
  const cut = said(readEchoFields([{ match_id: `${"x".repeat(255)}🏟` }], null))[1];
  strictEqual(cut, `${"x".repeat(255)}\ufffd`);
});
