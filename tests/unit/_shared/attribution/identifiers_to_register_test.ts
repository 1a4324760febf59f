import { deepStrictEqual } from "node:assert/strict";
import { correlate } from "../../../../supabase/functions/_shared/attribution/correlate.ts";
import {
  type Evidence,
  TEST_DISPATCH_ID,
} from "../../../../supabase/functions/_shared/attribution/evidence.ts";
import {
  identifiersOf,
  identifiersToRegister,
} from "../../../../supabase/functions/_shared/attribution/identifiers_to_register.ts";
import {
  at,
  contextOf,
  evidence,
  identifier,
  ledger,
  ledgerIdOf,
  OTHER_CAMPAIGN,
} from "../../../support/facts.ts";

const ids = { scheduleId: "schedule-1", dispatchId: "dispatch-1", sendId: "send-1" };
const ECHO = { echoedLedgerId: ledgerIdOf(1), echoedMatchId: "1", echoedGeneration: "1" };
const context = contextOf([ledger(1, {}, {}), ledger(2, {})]);

/** `kind=value` of each. */
function registered(given: Partial<Evidence>, known = context): string[] {
  return identifiersToRegister(evidence(given), known).map(({ kind, value }) => `${kind}=${value}`);
}

Deno.test("identifiersToRegister() returns every identifier of an event that echoes its schedule", () => {
  const whose = { ledgerId: ledgerIdOf(1), generation: 1 };
  deepStrictEqual(identifiersToRegister(evidence({ ...ECHO, ...ids }), context), [
    { kind: "schedule_id", value: "schedule-1", ...whose },
    { kind: "send_id", value: "send-1", ...whose },
    { kind: "dispatch_id", value: "dispatch-1", ...whose },
  ]);
});

Deno.test("identifiersToRegister() returns those of an event with an own send id, but not the send id", () => {
  const whose = { ledgerId: ledgerIdOf(1), generation: null };
  deepStrictEqual(identifiersToRegister(evidence({ ...ids, sendId: "match-1-2" }), context), [
    { kind: "schedule_id", value: "schedule-1", ...whose },
    { kind: "dispatch_id", value: "dispatch-1", ...whose },
  ]);
});

const all = ["schedule_id=schedule-1", "send_id=send-1", "dispatch_id=dispatch-1"];
const own = all.filter((id) => !id.startsWith("send_id"));
for (
  const [what, given, expected] of [
    ["an echoed match id alone", { echoedMatchId: "1", ...ids }, all],
    ["an echo with the match's own send id", { ...ECHO, ...ids, sendId: "match-1" }, own],
    ["an open", { ...ECHO, ...ids, eventType: "open", timeKind: "occurrence" }, all],
    ["a bounce", { ...ECHO, ...ids, eventType: "bounce", timeKind: "occurrence" }, all],
    ["an event of unknown kind", {
      ...ECHO,
      ...ids,
      eventType: "unknown",
      timeKind: "occurrence",
    }, all],
    ["an event of a time that was left", {
      echoedMatchId: "1",
      ...ids,
      sentAt: at("14:00:23"),
    }, all],
    ["an echo with another match's own send id", { ...ECHO, ...ids, sendId: "match-2" }, []],
    ["an echo with an unknown match's own send id", { ...ECHO, ...ids, sendId: "match-9" }, []],
    ["an echo that names two matches", { ...ECHO, ...ids, echoedMatchId: "2" }, []],
    ["an echo that names nothing", { ...ECHO, ...ids, echoedLedgerId: ledgerIdOf(9) }, []],
    ["an invalid echo beside an own send id", { echoedMatchId: "x", sendId: "match-1" }, []],
    ["an unknown match's own send id", { ...ids, sendId: "match-9" }, []],
    ["an event without an echo or an own send id", ids, []],
    ["a test send", { ...ECHO, ...ids, dispatchId: TEST_DISPATCH_ID }, []],
    ["a Canvas", { ...ECHO, ...ids, canvasId: "canvas-1" }, []],
    ["another campaign", { ...ECHO, ...ids, campaignId: OTHER_CAMPAIGN }, []],
    ["no campaign", { ...ECHO, ...ids, campaignId: null }, []],
    ["a send that is too early", { ...ECHO, ...ids, sentAt: at("13:57:59") }, []],
    ["a send that is too late", {
      ...ECHO,
      ...ids,
      sentAt: new Date("2024-12-08T14:00:01Z"),
      receivedAt: new Date("2024-12-08T14:05:00Z"),
    }, []],
    ["an open before the send", {
      ...ECHO,
      ...ids,
      eventType: "open",
      timeKind: "occurrence",
      sentAt: at("13:00:00"),
    }, []],
    ["a generation that was never made", { ...ECHO, ...ids, echoedGeneration: "9" }, []],
    ["nothing that it does not name", ECHO, []],
  ] as const
) {
  Deno.test(`identifiersToRegister() returns ${expected.length} identifiers from ${what}`, () => {
    deepStrictEqual(registered(given), expected);
  });
}

Deno.test("identifiersToRegister() returns those of a send at a time that was moved away", () => {
  const moved = ledger(1, {
    sendAt: at("16:00:00"),
    times: [{ at: at("14:00:00"), leftAt: at("10:00:00") }, { at: at("16:00:00"), leftAt: null }],
  });
  deepStrictEqual(registered({ ...ECHO, ...ids }, contextOf([moved])), all);
});

Deno.test("identifiersToRegister() returns nothing that an identifier or the time found", () => {
  const known = contextOf([ledger(1, {})], [
    identifier("schedule_id", "schedule-1", 1),
    identifier("dispatch_id", "dispatch-1", 1),
  ]);
  for (
    const [method, given] of [
      ["schedule_id", { scheduleId: "schedule-1", dispatchId: "dispatch-2" }],
      ["dispatch_id", { dispatchId: "dispatch-1" }],
      ["time_exact", {}],
    ] as const
  ) {
    deepStrictEqual(correlate(evidence(given), known).method, method);
    deepStrictEqual(registered(given, known), []);
  }
});

Deno.test("identifiersToRegister() teaches that an identifier is shared, whatever it is registered for", () => {
  const known = contextOf([ledger(1, {}), ledger(2, {})], [
    identifier("schedule_id", "schedule-1", 2),
    identifier("dispatch_id", "dispatch-1", 2, { ambiguous: true }),
  ]);
  const given = { ...ECHO, ...ids };
  deepStrictEqual(correlate(evidence(given), known).method, "contradiction");
  deepStrictEqual(registered(given, known), all);
});

Deno.test("identifiersOf() returns all identifiers except send ids of our own form", () => {
  deepStrictEqual(identifiersOf({ ...ids, sendId: "match-1" }).map(({ kind }) => kind), [
    "schedule_id",
    "dispatch_id",
  ]);
  deepStrictEqual(identifiersOf({ scheduleId: null, dispatchId: null, sendId: null }), []);
});
