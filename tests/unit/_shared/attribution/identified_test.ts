import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  type Evidence,
  TEST_DISPATCH_ID,
} from "../../../../supabase/functions/_shared/attribution/evidence.ts";
import {
  asColumns,
  type IdentifiableEvent,
  isIdentifiable,
} from "../../../../supabase/functions/_shared/attribution/identified.ts";
import { at, CAMPAIGN, evidence, ledgerIdOf } from "../../../support/facts.ts";

const ATTEMPT = "0b9f6f6e-0000-4d6c-9a51-00000000000a";
const ECHO = {
  echoedLedgerId: ledgerIdOf(1),
  echoedMatchId: "1",
  echoedGeneration: "1",
  echoedAttemptId: ATTEMPT,
} as const;

let made = 0;

function echoing(
  changes: Partial<Evidence> = {},
  { eventId, claim }: Partial<IdentifiableEvent> = {},
): IdentifiableEvent {
  return {
    eventId: eventId ?? `event-${++made}`,
    claim: claim ?? null,
    evidence: evidence({ ...ECHO, ...changes }),
  };
}

Deno.test("asColumns() returns what the events of a kind have in common", () => {
  const event = echoing({ scheduleId: "schedule", sendId: "match-1", dispatchId: "dispatch" });
  deepStrictEqual(asColumns([[event]]), {
    kinds: [{
      ledger_id: ledgerIdOf(1),
      match_id: "1",
      generation: "1",
      attempt_id: ATTEMPT,
      own_match_id: 1,
      campaign_id: CAMPAIGN,
      schedule_id: "schedule",
      send_id: "match-1",
      dispatch_id: "dispatch",
      event_type: "send",
      channel: "push",
      time_kind: "send",
      proof: "push",
      echoed_ledger_id: ledgerIdOf(1),
      echoed_match_id: "1",
      echoed_generation: "1",
      echoed_attempt_id: ATTEMPT,
      first_at: at("14:00:23"),
      last_send_at: at("14:00:23"),
    }],
    events: [{ event, kind: 0 }],
    places: [[0]],
    copies: null,
  });
});

Deno.test("asColumns() returns the first time of a kind and the last time of its sends", () => {
  const opened = { eventType: "open", timeKind: "occurrence" } as const;
  const [kind] =
    asColumns([["14:00:30", "14:00:10", "14:00:20"].map((time) => echoing({ sentAt: at(time) }))])
      .kinds;
  deepStrictEqual([kind?.first_at, kind?.last_send_at], [at("14:00:10"), at("14:00:30")]);
  const [open] = asColumns([[echoing(opened)]]).kinds;
  deepStrictEqual([open?.first_at, open?.last_send_at], [at("14:00:23"), null]);
  const [ahead] = asColumns([[echoing({ ...opened, receivedAt: at("10:00:00") })]]).kinds;
  deepStrictEqual(ahead?.first_at, at("10:00:00"));
});

for (
  const [what, changes] of [
    ["ledger row", { echoedLedgerId: ledgerIdOf(2) }],
    ["match id", { echoedMatchId: null }],
    ["generation", { echoedGeneration: "2" }],
    ["attempt", { echoedAttemptId: null }],
    ["campaign", { campaignId: "another" }],
    ["schedule id", { scheduleId: "schedule" }],
    ["send id", { sendId: "match-1" }],
    ["dispatch id", { dispatchId: "dispatch" }],
    ["type", { eventType: "bounce" }],
    ["channel", { channel: "webhook" }],
    ["kind of time", { timeKind: "receipt" }],
  ] as const
) {
  Deno.test(`asColumns() keeps apart events with another ${what}`, () => {
    const { kinds, events } = asColumns([[echoing(), echoing(changes)], [echoing()]]);
    strictEqual(kinds.length, 2);
    deepStrictEqual(events.map(({ kind }) => kind), [0, 1, 0]);
  });
}

Deno.test("asColumns() keeps a ledger id as it was echoed, beside the form of the database", () => {
  const capitals = ledgerIdOf(1).toUpperCase();
  const [kind] = asColumns([[echoing({ echoedLedgerId: capitals })]]).kinds;
  deepStrictEqual([kind?.ledger_id, kind?.echoed_ledger_id], [ledgerIdOf(1), capitals]);
});

Deno.test("asColumns() names each event once, with the places of its repetitions in all requests", () => {
  const [one, two] = [echoing(), echoing()];
  const { events, places, copies } = asColumns([[one, two, one], [two]]);
  deepStrictEqual(events.map(({ event }) => event), [one, two]);
  deepStrictEqual([places, copies], [[[0, 1, 0], [1]], [1, 1]]);
});

Deno.test("asColumns() takes the same message at two receipts for one, and the same id at two times for two", () => {
  const receipt = { timeKind: "receipt", channel: "webhook" } as const;
  const message = (time: string) =>
    echoing({ ...receipt, sentAt: at(time) }, { eventId: "message", claim: "strong" });
  strictEqual(asColumns([[message("14:00:00")], [message("14:00:01")]]).events.length, 1);
  const push = (time: string) => echoing({ sentAt: at(time) }, { eventId: "push" });
  strictEqual(asColumns([[push("14:00:00"), push("14:00:01")]]).events.length, 2);
});

for (
  const [what, changes] of [
    ["without a ledger id", { echoedLedgerId: null }],
    ["with a ledger id that is none", { echoedLedgerId: "led_1" }],
    ["without a generation", { echoedGeneration: null }],
    ["with a generation that is none", { echoedGeneration: "one" }],
    ["with a generation beyond integers", { echoedGeneration: "9999999999" }],
    ["with a match id that is none", { echoedMatchId: "12a" }],
    ["with a match id beyond integers", { echoedMatchId: "9".repeat(20) }],
    ["with an attempt id that is none", { echoedAttemptId: "att_1" }],
    ["without a campaign", { campaignId: null }],
    ["of a Canvas", { canvasId: "canvas-1" }],
    ["of a test send", { dispatchId: TEST_DISPATCH_ID }],
    ["of a send that is dated ahead", { receivedAt: at("10:00:00") }],
  ] as const
) {
  Deno.test(`isIdentifiable() leaves an event ${what} to the policy`, () => {
    strictEqual(isIdentifiable(echoing(changes).evidence), false);
  });
}

Deno.test("isIdentifiable() takes an event of any kind of time", () => {
  for (const timeKind of ["send", "occurrence", "receipt"] as const) {
    strictEqual(isIdentifiable(echoing({ timeKind }).evidence), true);
  }
});
