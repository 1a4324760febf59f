import { strictEqual } from "node:assert/strict";
import { pastOf, withLabels } from "../../../../dashboard/src/verbs.ts";

Deno.test("a text names verbs as their buttons do, and leaves other words alone", () => {
  strictEqual(
    withLabels(
      "look in Braze, then mark_sent or `cancel`; cancel the rest of `matches`, quiet_hours",
    ),
    "look in Braze, then “Mark as sent” or “Cancel the push”; cancel the rest of `matches`, quiet_hours",
  );
  strictEqual(pastOf("mark_sent"), "The push is confirmed as sent");
  strictEqual(pastOf("erase_user"), "erase user");
});
