import { strictEqual } from "node:assert/strict";
import { whatMatters } from "../../../../local/cli/function_line.ts";

const line = (entry: unknown) => whatMatters("function", JSON.stringify(entry));

Deno.test("a problem and what a run has done matter, the rest does not", () => {
  const run = { level: "info", function: "braze-scheduler", event: "run_ended" };
  strictEqual(
    line({ ...run, done: { created: 10, moved: 0, taken_off: 2 } }),
    "braze-scheduler: 10 created, 2 taken off",
  );
  strictEqual(line({ ...run, done: { created: 0 } }), null);
  strictEqual(line(run), null);
  strictEqual(line({ level: "info", event: "webhook_ingested", received: 100 }), null);
  strictEqual(
    line({ level: "warn", function: "braze-webhook", detail: "Cannot read the body" }),
    "braze-webhook: Cannot read the body",
  );
  strictEqual(line({ level: "error", error: "Cannot go on" }), "function: Cannot go on");
});

Deno.test("a line that is no log line is shown as it is", () => {
  strictEqual(whatMatters("braze-webhook", "TypeError: x"), "braze-webhook: TypeError: x");
});
