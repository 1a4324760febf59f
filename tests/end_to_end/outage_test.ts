/** `deno task soak` on a small scale: parts of a project fail while Braze delivers the events of a send. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { runBurst } from "../soak/burst.ts";

Deno.test("messages sent to a crashed database or a killed receiver are stored once, and no acknowledged message is lost", async () => {
  const burst = await runBurst({
    users: 1_500,
    secondsMax: 300,
    switches: {
      currents: { enabled: false },
      webhook: { enabled: true, duplicateProbability: 0.05 },
    },
    kills: [
      { at: 0.3, parts: ["Postgres"] },
      { at: 0.6, parts: ["receiver"] },
    ],
  });
  deepStrictEqual(burst.problems, []);
  deepStrictEqual([burst.stored, burst.kills], [burst.sent, 2]);
  ok(burst.sent > 1_000, `${burst.sent} events sent`);
  strictEqual((burst.requests["unreachable"] ?? 0) > 0 && (burst.requests["503"] ?? 0) > 0, true);
});
