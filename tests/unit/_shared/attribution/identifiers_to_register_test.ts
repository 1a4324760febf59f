import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { Attribution } from "../../../../supabase/functions/_shared/attribution/evidence.ts";
import {
  identifiersToRegister,
  proofOf,
} from "../../../../supabase/functions/_shared/attribution/identifiers_to_register.ts";
import { lookupRequestFor } from "../../../../supabase/functions/_shared/attribution/lookup_request.ts";
import { at, evidence, ledgerIdOf } from "../../../support/facts.ts";

function attribution(changes: Partial<Attribution> = {}): Attribution {
  return {
    method: "ledger_id",
    confidence: "high",
    matchId: 1,
    ledgerId: ledgerIdOf(1),
    generation: 2,
    timeDiffMs: 0,
    candidateCount: 1,
    candidateMatchIds: [],
    contradictions: [],
    ...changes,
  };
}

const named = evidence({ scheduleId: "schedule-1", dispatchId: "dispatch-1", sendId: "send-1" });
const against = [{ method: "send_id", matchId: 2 }] as const;

Deno.test("identifiersToRegister() returns every identifier of an event of high confidence", () => {
  const whose = { ledgerId: ledgerIdOf(1), generation: 2 };
  deepStrictEqual(identifiersToRegister(named, attribution()), [
    { kind: "schedule_id", value: "schedule-1", ...whose },
    { kind: "send_id", value: "send-1", ...whose },
    { kind: "dispatch_id", value: "dispatch-1", ...whose },
  ]);
});

for (
  const [what, changes, registered] of [
    ["nothing from medium confidence", { method: "time_exact", confidence: "medium" }, 0],
    ["nothing from low confidence", { method: "time_window", confidence: "low" }, 0],
    [
      "nothing from an unattributed event",
      { method: "tie", confidence: "none", matchId: null, ledgerId: null, generation: null },
      0,
    ],
    ["from one identifier the others", { method: "schedule_id" }, 3],
    ["nothing from a dispatch id, which may be shared", { method: "dispatch_id" }, 0],
    ["nothing from identifiers that contradict each other", {
      method: "schedule_id",
      contradictions: against,
    }, 0],
    ["that a dispatch id is shared, from a send id that names another match", {
      method: "send_id",
      contradictions: [{ method: "dispatch_id", matchId: 2 }],
    }, 3],
    ["what an echoed ledger row identifies, against other evidence", {
      contradictions: against,
    }, 3],
    ["what an echoed match identifies, against other evidence", {
      method: "match_id",
      contradictions: against,
    }, 3],
    ["the match where the schedule is not known", { generation: null }, 3],
  ] as const
) {
  Deno.test(`identifiersToRegister() returns ${what}`, () => {
    strictEqual(identifiersToRegister(named, attribution(changes)).length, registered);
  });
}

Deno.test("identifiersToRegister() returns nothing that the event does not name", () => {
  deepStrictEqual(identifiersToRegister(evidence(), attribution()), []);
});

for (
  const [channel, eventType, proof] of [
    ["push", "send", "push"],
    ["push", "open", "push"],
    ["push", "abort", null],
    ["push", "bounce", null],
    ["push", "iosforeground", null],
    ["webhook", "send", "webhook"],
    ["webhook", "abort", null],
    ["email", "send", null],
    ["other", "send", null],
  ] as const
) {
  Deno.test(`proofOf() accepts ${channel} ${eventType} as a proof of ${proof ?? "nothing"}`, () => {
    strictEqual(proofOf({ channel, eventType }, attribution()), proof);
  });
}

for (
  const [what, changes, proof] of [
    ["medium confidence", { method: "time_exact", confidence: "medium" }, "push"],
    ["low confidence", { method: "time_window", confidence: "low" }, null],
    ["an unknown schedule of a known match", { generation: null }, null],
    ["no match", { confidence: "none", matchId: null, ledgerId: null }, null],
  ] as const
) {
  Deno.test(`proofOf() accepts a push at ${what} as a proof of ${proof ?? "nothing"}`, () => {
    strictEqual(proofOf({ channel: "push", eventType: "send" }, attribution(changes)), proof);
  });
}

Deno.test("lookupRequestFor() requests each id of the events once", () => {
  const echoing = evidence({ ledgerId: ledgerIdOf(1), matchId: 1, dispatchId: "dispatch-1" });
  deepStrictEqual(lookupRequestFor([echoing, echoing, named]), {
    ledgerIds: [ledgerIdOf(1)],
    matchIds: [1],
    identifiers: [
      { kind: "dispatch_id", value: "dispatch-1" },
      { kind: "schedule_id", value: "schedule-1" },
      { kind: "send_id", value: "send-1" },
    ],
    times: [at("14:00:00")],
    guardMs: 11 * 60_000,
  });
});

Deno.test("lookupRequestFor() requests the whole minute of each send, so that no schedule within the guard is missed", () => {
  const late = evidence({ sentAt: at("14:00:59.999") });
  const { times, guardMs } = lookupRequestFor([late, evidence({ sentAt: at("14:01:00") })]);
  deepStrictEqual(times, [at("14:00:00"), at("14:01:00")]);
  const furthest = at("14:10:59.999").getTime() - at("14:00:00").getTime();
  strictEqual(furthest <= guardMs, true);
});

Deno.test("lookupRequestFor() requests no time for an event without a send time", () => {
  deepStrictEqual(lookupRequestFor([evidence({ timeIsSendTime: false })]).times, []);
});

Deno.test("lookupRequestFor() requests nothing for a test send", () => {
  const { ledgerIds, identifiers, times } = lookupRequestFor([{
    ...named,
    ledgerId: ledgerIdOf(1),
    isTest: true,
  }]);
  deepStrictEqual([ledgerIds, identifiers, times], [[], [], []]);
});
