import { strictEqual } from "node:assert/strict";
import { truncate } from "../../../../supabase/functions/_shared/text/truncate.ts";

for (
  const [what, text, kept] of [
    ["a short text", "abc", "abc"],
    ["a long text", "abcdefghijkl", "abcdefghij…"],
    ["a surrogate pair at the end", "abcdefghi😀klm", "abcdefghi…"],
    ["a letter and its accent", "abcdefghie\u0301klm", "abcdefghi…"],
    ["a family of joined emoji", "abcdefg👩‍👩‍👧‍👦klm", "abcdefg…"],
    // Otherwise one such "character" would empty the message.
    ["a letter with more accents than fit", `a${"\u0301".repeat(50)}`, `a${"\u0301".repeat(9)}…`],
    [
      "surrogates under more marks than fit",
      `😀${"\u0301".repeat(50)}`,
      `😀${"\u0301".repeat(8)}…`,
    ],
  ] as const
) {
  Deno.test(`truncate() keeps whole: ${what}`, () => {
    strictEqual(truncate(text, 10), kept);
  });
}
