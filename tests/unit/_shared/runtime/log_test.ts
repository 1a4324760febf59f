import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { canonicalJson } from "../../../../supabase/functions/_shared/text/canonical_json.ts";
import { createLog } from "../../../../supabase/functions/_shared/runtime/log.ts";

const SECRET = "sb_secret_0123456789";

function setup() {
  const lines: string[] = [];
  const log = createLog({
    functionName: "braze-webhook",
    write: (line) => lines.push(line),
    secrets: [SECRET, `${SECRET}_longer`, "short"],
  });
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? "null") };
}

Deno.test("a log line states level, function, event, run and fields", () => {
  const { log, lines } = setup();
  log.forRun("run-1").warn("low_confidence", { candidates: 3, at: new Date(0), size: 7n });
  deepStrictEqual(lines, [
    '{"level":"warn","function":"braze-webhook","event":"low_confidence","run_id":"run-1",' +
    '"candidates":3,"at":"1970-01-01T00:00:00.000Z","size":"7"}',
  ]);
});

Deno.test("a field cannot replace the fixed keys of the line", () => {
  const { log, last } = setup();
  log.info("real", { event: "fake", level: "fake", function: "fake", run_id: "fake", a: 1 });
  deepStrictEqual(last(), { level: "info", function: "braze-webhook", event: "real", a: 1 });
});

Deno.test("a known secret is removed at any depth, as value, name, error or event", () => {
  const { log, lines } = setup();
  log.error(`failed with ${SECRET}`, {
    text: `Bearer ${SECRET}`,
    deep: [{ [SECRET]: `${SECRET}_longer!` }],
    error: new Error(`bad ${SECRET}`, { cause: new TypeError(SECRET) }),
  });
  const line = lines[0] ?? "";
  ok(!line.includes(SECRET), line);
  deepStrictEqual(JSON.parse(line), {
    level: "error",
    function: "braze-webhook",
    event: "failed with [redacted]",
    text: "Bearer [redacted]",
    deep: [{ "[redacted]": "[redacted]!" }],
    error: "Error: bad [redacted], caused by TypeError: [redacted]",
  });
});

Deno.test("words that contain a short secret by chance stay whole", () => {
  const { log, last } = setup();
  log.info("truncate", { text: "a short text" });
  strictEqual(last().text, "a short text");
});

for (
  const name of [
    "push_token",
    "authorization",
    "apikey",
    "api_key",
    "X-API-Key",
    "x-webhook-secret",
    "password",
    "set-cookie",
    "accessToken",
  ]
) {
  Deno.test(`a field named ${name} is never written`, () => {
    const { log, lines } = setup();
    log.info("event", { inner: { [name]: { value: "unknown" } } });
    ok(!lines[0]?.includes("unknown"));
  });
}

Deno.test("a line has at most 10,000 characters and is still JSON", () => {
  const { log, lines, last } = setup();
  log.forRun("r".repeat(5_000)).info("e".repeat(5_000), {
    payload: '"\\\u0000\ud800'.repeat(9_000),
  });
  ok((lines[0]?.length ?? 0) <= 10_000);
  ok(last().truncated_from_characters > 10_000);
  ok(last().excerpt.startsWith('{"payload":'));
});

Deno.test("fields that cannot be serialised do not stop a run", () => {
  const { log, last } = setup();
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  log.info("event", circle);
  strictEqual(last().event, "event");
  ok(last().unwritable_fields.startsWith("TypeError: "));
});

Deno.test("canonicalJson() returns one text for equal values, except for the order of lists", () => {
  strictEqual(
    canonicalJson({ b: [{ d: 1, c: 2 }, null], a: "x" }),
    '{"a":"x","b":[{"c":2,"d":1},null]}',
  );
  strictEqual(canonicalJson([2, 1]), "[2,1]");
});
