import { ok, strictEqual } from "node:assert/strict";
import { createQuote } from "../../supabase/functions/_shared/quotation.ts";

const KEY = "0b9f6f6e-key-of-the-test";
const quote = createQuote([KEY, `${KEY}-the-longer-one`]);

Deno.test("createQuote() cuts secrets out before it cuts the text off", () => {
  // Wherever the secret lies, also across the place of the cut.
  for (let before = 470; before <= 520; before++) {
    const quoted = quote(`${"-".repeat(before)}${KEY}${"-".repeat(600)}`);
    strictEqual(quoted.length, 500);
    ok(!quoted.includes(KEY.slice(0, 4)), quoted.slice(440));
  }
});

Deno.test("createQuote() leaves nothing that Postgres cannot keep, also where it cuts", () => {
  strictEqual(quote("a\u0000b\ud800c"), "a\ufffdb\ufffdc");
  const quoted = quote(`${"-".repeat(499)}\u{1f600}`);
  strictEqual(quoted, `${"-".repeat(499)}\ufffd`);
});

Deno.test("createQuote() leaves other texts as they are", () => {
  strictEqual(quote("Bodø/Glimt – 👩‍👩‍👧‍👦 \u{1f600}"), "Bodø/Glimt – 👩‍👩‍👧‍👦 \u{1f600}");
  strictEqual(quote(`${KEY}-the-longer-one`), "[redacted]");
});
