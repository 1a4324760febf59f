/**
 * Hostile JSON values as text. Half of them cannot come from JSON.stringify: numbers beyond the exact integers, and
 * repeated names.
 */
import fc from "fast-check";

/** `levels` lists or objects, one inside the other. */
export function nested(levels: number, open: "[" | '{"a":' = "["): string {
  return open.repeat(levels) + "1" + (open === "[" ? "]" : "}").repeat(levels);
}

/** The largest integer up to which a double represents every integer exactly. */
export const LARGEST_EXACT = 9_007_199_254_740_991;

export const numbers = fc.constantFrom(
  "0",
  "-0",
  "-1",
  "1.5",
  "1e3",
  "1001.0",
  // As a double, each of these is 1002 or the largest exact integer.
  "1001.9999999999999999",
  "1002.0000000000000001",
  "9007199254740991.4",
  `${LARGEST_EXACT}`,
  "9007199254740992",
  "9007199254740993",
  "-9007199254740993",
  "9007199254740993.0",
  "18446744073709551617",
  `1${"0".repeat(400)}`,
  "1e400",
  "-1e400",
  "1e-400",
  "1e131073",
  "0.1000000000000000055511151231257827",
  "1733580023.5",
  "253402300800",
  "99999999999",
  "1e308",
);

/** Values that a lenient parser reads as numbers. */
export const numberLikeTexts = fc.constantFrom(
  "NaN",
  "Infinity",
  "-Infinity",
  "1e3",
  "0x3ea",
  "0b1",
  "-1",
  "+1002",
  " 1002",
  "1002 ",
  "1002.0",
  "1_002",
  "1,002",
  "１００２",
  "9007199254740993",
  "1002\n",
  "null",
  "undefined",
  "true",
).map((text) => JSON.stringify(text));

const times = fc.constantFrom(
  "2024-02-30T00:00:00Z",
  "2024-12-07T24:00:00Z",
  "2024-12-07T14:00:60Z",
  "2024-12-07",
  "07/12/2024",
  "kickoff 12/07/2024",
  "match 5",
  "5",
  "0000-00-00T00:00:00Z",
  "-271821-04-20T00:00:00Z",
  "+275760-09-13T00:00:00Z",
  "9999-12-31T23:59:59Z",
  "2024-12-07T14:00:23+99:99",
  "2024-12-07T14:00:23.123456789012345Z",
  "2024-12-07T14:00:23 +0000",
  "20241207T140023Z",
).map((text) => JSON.stringify(text));

/** Escaped as in JSON: NUL, and halves of surrogate pairs. */
export const unstorableTexts = fc.constantFrom(
  '"\\u0000"',
  '"before\\u0000after"',
  '"\\ud800"',
  '"\\udc00"',
  '"\\udc00\\ud800"',
  '"pair \\ud83d\\ude00 half \\ud83d"',
);

const texts = fc.oneof(
  numberLikeTexts,
  times,
  unstorableTexts,
  fc.constantFrom(
    '""',
    '" "',
    '"\\\\u0000"',
    '"\\ufeff"',
    '"\\uffff\\ufffe"',
    '"\\u202e\\u2066"',
    '"\ufffd"',
    `"'; drop table public.matches; --"`,
    '"$1 %s %n {} ${x} {{y}} \\\\"',
    '"*,and(id.gt.0),or=(a.eq.1)"',
    '"{\\"match_id\\":\\"1001\\",\\"match_id\\":\\"1002\\"}"',
    '"{\\"__proto__\\":{\\"match_id\\":\\"1001\\"}}"',
    '"{\\"match_id\\":9007199254740993}"',
    '"dispatch_id_for_unsent_campaign"',
    '"users.messages.pushnotification.Send"',
  ),
  fc.string({ unit: "binary", maxLength: 20 }).map((text) => JSON.stringify(text)),
);

/** Long values cost the database most, so they are rare. */
const large = fc.constantFrom(
  `"${"x".repeat(300)}"`,
  `"${"\u{1f600}".repeat(1_100)}"`,
  `"${"x".repeat(100_000)}"`,
  nested(70),
  nested(10_000),
  nested(10_000, '{"a":'),
  `[${Array(2_000).fill("{}").join()}]`,
);

/** Names that every object inherits. */
export const INHERITED_NAMES = ["__proto__", "constructor", "prototype", "toString", "valueOf"];

const structures = fc.oneof(
  fc.constantFrom(
    "[]",
    "{}",
    "[[]]",
    "[null]",
    '{"match_id":"1001","match_id":"1002"}',
    '{"__proto__":{"match_id":"1001","external_user_id":"u-0","dry_run":true}}',
    '{"constructor":{"prototype":{"match_id":"1001"}}}',
    '{"toString":null,"valueOf":1,"hasOwnProperty":false}',
    '{"length":1e9,"0":1}',
  ),
  fc.json({ stringUnit: "binary", maxDepth: 3 }),
);

export const hostileValue: fc.Arbitrary<string> = fc.oneof(
  { weight: 12, arbitrary: texts },
  { weight: 10, arbitrary: numbers },
  { weight: 5, arbitrary: structures },
  { weight: 3, arbitrary: fc.constantFrom("null", "true", "false") },
  { weight: 1, arbitrary: large },
);

/** A member name, as JSON text. */
export const hostileName: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...INHERITED_NAMES, "", "events", "replay_rejects", "EVENTS", "Match_ID").map(
    (name) => JSON.stringify(name),
  ),
  unstorableTexts,
  fc.string({ unit: "binary", maxLength: 10 }).map((name) => JSON.stringify(name)),
);

/** Whole bodies that are not JSON. */
export const noJson: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.constantFrom(
    "NaN",
    "Infinity",
    "undefined",
    "{'external_user_id':'u-1'}",
    '{"external_user_id":"u-1",}',
    '[{"external_user_id":"u-1"}',
    '{"events":[{"external_user_id":"u-1"}]}}',
    '{"events":[,]}',
    '{"events":[{"external_user_id":"u-1"},]}',
    '{"external_user_id":"u-1"} trailing',
    '{"external_user_id":NaN}',
    '{"external_user_id":0x10}',
    '{"external_user_id":01}',
    '{"external_user_id":"\t"}',
    '{"external_user_id":"\\x41"}',
    "[".repeat(100_000),
    '{"a":'.repeat(100_000),
    "external_user_id=u-1&dispatch_id=d-1",
    '<?xml version="1.0"?><event/>',
    "\ufeff\ufeff{}",
    '"',
    "\\",
    "\u0000",
    "{}{}",
    '{"external_user_id":"u-1"}\n{"external_user_id":"u-2"}',
  ).map((text) => new TextEncoder().encode(text)),
  fc.uint8Array({ minLength: 1, maxLength: 200 })
    .filter((bytes) => !isJson(bytes) && new TextDecoder().decode(bytes).trim() !== ""),
);

export function isJson(bytes: Uint8Array): boolean {
  try {
    JSON.parse(new TextDecoder().decode(bytes));
    return true;
  } catch {
    return false;
  }
}
