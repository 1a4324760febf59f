import { ok, strictEqual } from "node:assert/strict";
import { createSanitizeText } from "../../../../supabase/functions/_shared/runtime/sanitize_text.ts";

const KEY = "0b9f6f6e-key-of-the-test";
const sanitizeText = createSanitizeText([KEY, `${KEY}-the-longer-one`]);

Deno.test("createSanitizeText() removes secrets before it truncates the text", () => {
  // Wherever the secret lies, also across the place of the cut.
  for (let before = 470; before <= 520; before++) {
    const quoted = sanitizeText(`${"-".repeat(before)}${KEY}${"-".repeat(600)}`);
    strictEqual(quoted.length, 500);
    ok(!quoted.includes(KEY.slice(0, 4)), quoted.slice(440));
  }
});

Deno.test("createSanitizeText() returns only text that Postgres can store, also where it truncates", () => {
  strictEqual(sanitizeText("a\u0000b\ud800c"), "a\ufffdb\ufffdc");
  const quoted = sanitizeText(`${"-".repeat(499)}\u{1f600}`);
  strictEqual(quoted, `${"-".repeat(499)}\ufffd`);
});

Deno.test("createSanitizeText() does not change other texts", () => {
  strictEqual(sanitizeText("Bodø/Glimt – 👩‍👩‍👧‍👦 \u{1f600}"), "Bodø/Glimt – 👩‍👩‍👧‍👦 \u{1f600}");
  strictEqual(sanitizeText(`${KEY}-the-longer-one`), "[redacted]");
});
