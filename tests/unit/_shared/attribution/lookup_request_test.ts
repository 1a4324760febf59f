import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { TEST_DISPATCH_ID } from "../../../../supabase/functions/_shared/attribution/evidence.ts";
import { lookupRequestFor } from "../../../../supabase/functions/_shared/attribution/lookup_request.ts";
import { at, CAMPAIGN, evidence, ledgerIdOf } from "../../../support/facts.ts";

const ATTEMPT = "0b9f6f6e-0000-4d6c-9a51-00000000000a";
const everything = evidence({
  echoedLedgerId: ledgerIdOf(1).toUpperCase(),
  echoedMatchId: "1",
  echoedGeneration: "1",
  echoedAttemptId: ATTEMPT,
  scheduleId: "schedule-1",
  sendId: "send-1",
  dispatchId: "dispatch-1",
});

Deno.test("lookupRequestFor() requests each id of the events once", () => {
  deepStrictEqual(lookupRequestFor([everything, everything]), {
    ledgerIds: [ledgerIdOf(1)],
    matchIds: [1],
    attemptIds: [ATTEMPT],
    campaignIds: [CAMPAIGN],
    identifiers: [
      { kind: "schedule_id", value: "schedule-1" },
      { kind: "send_id", value: "send-1" },
      { kind: "dispatch_id", value: "dispatch-1" },
    ],
    times: [at("14:00:00")],
    guardMs: 11 * 60_000,
  });
});

Deno.test("lookupRequestFor() requests the match of an own send id, and not the id", () => {
  const { matchIds, identifiers } = lookupRequestFor([
    evidence({ sendId: "match-7" }),
    evidence({ sendId: "match-8-2", echoedMatchId: "9" }),
  ]);
  deepStrictEqual([matchIds, identifiers], [[7, 9, 8], []]);
});

Deno.test("lookupRequestFor() requests no echoed value that is no id", () => {
  const { ledgerIds, matchIds, attemptIds } = lookupRequestFor([
    evidence({ echoedLedgerId: "led_1", echoedMatchId: "12a", echoedAttemptId: "att_1" }),
  ]);
  deepStrictEqual([ledgerIds, matchIds, attemptIds], [[], [], []]);
});

Deno.test("lookupRequestFor() requests the whole minute of each send, so that no schedule within the guard is missed", () => {
  const late = evidence({ sentAt: at("14:00:59.999") });
  const { times, guardMs } = lookupRequestFor([late, evidence({ sentAt: at("14:01:00") })]);
  deepStrictEqual(times, [at("14:00:00"), at("14:01:00")]);
  const furthest = at("14:10:59.999").getTime() - at("14:00:00").getTime();
  strictEqual(furthest <= guardMs, true);
});

Deno.test("lookupRequestFor() requests no time for an event without a send time", () => {
  for (const timeKind of ["occurrence", "receipt"] as const) {
    deepStrictEqual(lookupRequestFor([evidence({ timeKind })]).times, []);
  }
});

for (
  const [what, changes] of [
    ["a test send", { dispatchId: TEST_DISPATCH_ID }],
    ["a Canvas", { canvasId: "canvas-1" }],
  ] as const
) {
  Deno.test(`lookupRequestFor() requests nothing for an event of ${what}`, () => {
    const { guardMs: _, ...request } = lookupRequestFor([{ ...everything, ...changes }]);
    for (const asked of Object.values(request)) deepStrictEqual(asked, []);
  });
}
