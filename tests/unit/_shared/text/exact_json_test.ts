import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { readJson } from "../../../../supabase/functions/_shared/text/exact_json.ts";

function valueOf(text: string): unknown {
  const read = readJson(text);
  if (!read.ok) throw new Error(`Cannot read ${text}: ${read.reason}`);
  return read.value;
}

for (
  const number of [
    "9007199254740992",
    "9007199254740993",
    "100000000000000000000",
    "-9007199254740993",
    "18446744073709551617",
    "0.1000000000000000055511151231257827",
    "1234567890123456.7",
    `1${"0".repeat(300)}`,
    "1.23456789012345678e30",
  ]
) {
  Deno.test(`readJson() reads ${number.slice(0, 40)} so that it is written unchanged`, () => {
    strictEqual(JSON.stringify(valueOf(`{"a":[${number}]}`)), `{"a":[${number}]}`);
  });
}

for (
  const [text, value] of [
    ["0", 0],
    ["1e3", 1_000],
    ["1002.0", 1_002],
    ["1.5", 1.5],
    ["9007199254740991", 9_007_199_254_740_991],
    ["1002.00000000000000000000", 1_002],
    ["0.00000000000000000000125", 1.25e-21],
    ["1e308", 1e308],
    ["1.7976931348623157e+308", Number.MAX_VALUE],
    ["0.0000000000000000000", 0],
    ["0e999", 0],
  ] as const
) {
  Deno.test(`readJson() reads ${text} as its number`, () => {
    strictEqual(valueOf(text), value);
  });
}

for (
  const [text, reason] of [
    ['"\\u0000"', "Text must not hold NUL"],
    ['{"a\\u0000b":1}', "Text must not hold NUL"],
    ['["\\ud83d"]', "Text must not hold a lone surrogate"],
    ['{"a":1,"b":{"a":1,"c":2,"a":1}}', "Object must not hold a name twice"],
    ['{"":1,"":1}', "Object must not hold a name twice"],
    ['{"__proto__":1,"__proto__":1}', "Object must not hold a name twice"],
    ['{"a":":","a":"\\":"}', "Object must not hold a name twice"],
    ["[1e400]", "Number must be of a size that a double can hold"],
    ["-1e400", "Number must be of a size that a double can hold"],
    [`1${"0".repeat(400)}`, "Number must be of a size that a double can hold"],
    ["1e-400", "Number must be of a size that a double can hold"],
    [
      "1001.9999999999999999",
      "Number must not be a fraction that a double rounds to a whole number",
    ],
    ["9007199254740993.0", "Number must not be a fraction that a double rounds to a whole number"],
    ["[".repeat(65) + "]".repeat(65), "JSON must not be nested deeper than 64 levels"],
    [
      `${"[".repeat(300_000)}1.0000000000000001${"]".repeat(300_000)}`,
      "JSON must not be nested deeper than 64 levels",
    ],
  ] as const
) {
  Deno.test(`readJson() returns for ${text.slice(0, 40)}: ${reason}`, () => {
    deepStrictEqual(readJson(text), { ok: false, isJson: true, reason });
  });
}

for (
  const text of [
    '{"a":1,"A":1,"a ":1}',
    '[{"a":1},{"a":1}]',
    '{"a":{"a":{"a":":::"}}}',
    '{"a\\"":1,"a\\\\":2}',
    '{"__proto__":{"a":1},"constructor":1}',
    '"\\ud83d\\ude00 \\\\u0000"',
    "[".repeat(64) + "]".repeat(64),
    `{"a":"${'\\"'.repeat(400_000)}"}`,
  ]
) {
  Deno.test(`readJson() accepts ${text.slice(0, 40)}`, () => {
    deepStrictEqual(valueOf(text), JSON.parse(text));
  });
}

for (const text of ["", " ", "NaN", "{a:1}", "[1,]", "01", '"\t"', "{}{}", "\ufeff{}", "1n"]) {
  Deno.test(`readJson() refuses ${JSON.stringify(text)} as not JSON`, () => {
    deepStrictEqual(readJson(text), { ok: false, isJson: false, reason: "Must be JSON" });
  });
}
