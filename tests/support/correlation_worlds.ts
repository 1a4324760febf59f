/** Small scenarios in which names and times often collide, and the events that may occur in them. */
import { addHours, addMilliseconds } from "date-fns";
import fc from "fast-check";
import {
  type AttemptFacts,
  type Channel,
  type Evidence,
  type Facts,
  type IdentifierFacts,
  type LedgerFacts,
  SCHEDULE_STATES,
  type ScheduleFacts,
  TEST_DISPATCH_ID,
  type TimeKind,
} from "../../supabase/functions/_shared/attribution/evidence.ts";
import { at, CAMPAIGN, ledgerIdOf, OTHER_CAMPAIGN, schedule } from "./facts.ts";

export const MINUTE = 60_000;
/** No schedule ever has it. */
export const FOREIGN_CAMPAIGN = "0f3b7c1e-3333-4c2a-9a00-5d5e6f7a8b90";
/** When a schedule may be due, and an event may be sent. */
const NEAR = at("14:00:00");

const HOUR = 60 * MINUTE;
// Near 14:00 and on its boundaries, or far away from it.
const sendAt = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(-10, -2, -1, 0, 0, 1, 2, 10).map((n) => n * MINUTE) },
  { weight: 2, arbitrary: fc.integer({ min: -12 * MINUTE, max: 12 * MINUTE }) },
  { weight: 1, arbitrary: fc.constantFrom(-25 * HOUR, -24 * HOUR, -5 * HOUR, 3 * HOUR) },
).map((offset) => addMilliseconds(NEAR, offset));
const earlier = fc.constantFrom(1, 14, 15, 16, 300).map((minutes) =>
  addMilliseconds(NEAR, -minutes * MINUTE)
);
const campaign = fc.constantFrom(CAMPAIGN, CAMPAIGN, CAMPAIGN, OTHER_CAMPAIGN);
const matchId = fc.integer({ min: 1, max: 4 });
const value = fc.constantFrom("id-1", "id-2", "id-3");
const maybe = <T>(arbitrary: fc.Arbitrary<T>, freq = 2) =>
  fc.option(arbitrary, { nil: null, freq });

export function attemptIdOf(matchId: number, generation: number): string {
  return `0b9f6f6e-0000-4d6c-9a51-${String(matchId * 10 + generation).padStart(12, "0")}`;
}

const schedules: fc.Arbitrary<ScheduleFacts> = fc.record({
  campaignId: campaign,
  state: fc.constantFrom(...SCHEDULE_STATES, "live" as const, "live" as const),
  sendAt,
  movingTo: maybe(sendAt, 1),
  deletedAt: maybe(earlier, 1),
  shutOutAt: maybe(earlier, 1),
  left: fc.array(fc.record({ at: sendAt, leftAt: earlier }), { maxLength: 1 }),
}).map(({ left, ...drawn }) => {
  const made = schedule(drawn);
  const others = left.filter(({ at }) => !made.times.some((known) => +known.at === +at));
  // A time that is twice the same is one.
  const times = [...new Map([...made.times, ...others].map((one) => [+one.at, one])).values()];
  return { ...made, times };
});

const ledgers: fc.Arbitrary<LedgerFacts[]> = fc.uniqueArray(matchId, { minLength: 1, maxLength: 4 })
  .chain((ids) =>
    fc.tuple(
      ...ids.map((matchId) =>
        fc.array(schedules, { minLength: 1, maxLength: 3 }).map((schedules) => ({
          ledgerId: ledgerIdOf(matchId),
          matchId,
          intent: 1,
          generation: schedules.length,
          schedules: schedules.map((one, index) => ({ ...one, generation: index + 1 })),
        }))
      ),
    )
  );

const identifiers: fc.Arbitrary<IdentifierFacts[]> = fc.uniqueArray(
  fc.record({
    kind: fc.constantFrom("schedule_id" as const, "dispatch_id" as const, "send_id" as const),
    value,
    ledgerId: matchId.map(ledgerIdOf),
    generation: maybe(fc.integer({ min: 1, max: 3 })),
    ambiguous: fc.constantFrom(false, false, false, true),
  }),
  { selector: ({ kind, value }) => `${kind}:${value}`, maxLength: 6 },
);

/** Everything that is stored, also the schedules that Braze refused. */
export const worlds: fc.Arbitrary<Facts> = fc.record({
  ledgers,
  identifiers,
  unmanaged: fc.array(fc.record({ campaignId: campaign, sendAt }), { maxLength: 1 }),
}).map(({ ledgers, identifiers, unmanaged }) => ({
  ledgers,
  // An identifier belongs to a ledger row that is there.
  identifiers: identifiers.filter(({ ledgerId }) =>
    ledgers.some((ledger) => ledger.ledgerId === ledgerId)
  ),
  attempts: ledgers.flatMap(({ ledgerId, matchId, schedules }) =>
    schedules.map(({ generation }): AttemptFacts => ({
      attemptId: attemptIdOf(matchId, generation),
      ledgerId,
      generation,
    }))
  ),
  campaignIds: [
    ...new Set(ledgers.flatMap(({ schedules }) => schedules.map((one) => one.campaignId))),
  ],
  unmanaged,
}));

/** As correlation_context returns it. */
export function asRead(facts: Facts): Facts {
  return {
    ...facts,
    ledgers: facts.ledgers.map((ledger) => ({
      ...ledger,
      schedules: ledger.schedules.filter(({ state }) => state !== "failed"),
    })),
  };
}

interface Kind {
  readonly channel: Channel;
  readonly eventType: string;
  readonly timeKind: TimeKind;
}
const kind = fc.constantFrom<Kind>(
  { channel: "push", eventType: "send", timeKind: "send" },
  { channel: "push", eventType: "send", timeKind: "send" },
  { channel: "push", eventType: "send", timeKind: "send" },
  { channel: "webhook", eventType: "send", timeKind: "send" },
  { channel: "webhook", eventType: "send", timeKind: "receipt" },
  { channel: "push", eventType: "open", timeKind: "occurrence" },
  { channel: "push", eventType: "bounce", timeKind: "occurrence" },
  { channel: "webhook", eventType: "failure", timeKind: "occurrence" },
  { channel: "push", eventType: "unknown", timeKind: "occurrence" },
  { channel: "email", eventType: "send", timeKind: "send" },
);
const rarely = <T>(common: fc.Arbitrary<T>, rare: fc.Arbitrary<T>, weight = 12) =>
  fc.oneof({ weight, arbitrary: common }, { weight: 1, arbitrary: rare });

const NO_ECHO = {
  echoedLedgerId: null,
  echoedMatchId: null,
  echoedGeneration: null,
  echoedAttemptId: null,
};
const NO_IDS = { scheduleId: null, sendId: null, dispatchId: null };

/** Most of what an event says belongs to one match, so that a contradiction is an exception. */
export const evidences: fc.Arbitrary<Evidence> = fc.tuple(matchId, fc.integer({ min: 1, max: 3 }))
  .chain(([own, generation]) => {
    const match = rarely(fc.constant(own), matchId);
    const none = fc.constant(null);
    return fc.tuple(
      kind,
      // An echo of everything, or what is left without it.
      fc.constantFrom({}, {}, NO_ECHO, { ...NO_ECHO, ...NO_IDS }),
      fc.record({
        sentAt: rarely(
          fc.constant(NEAR),
          fc.constantFrom(-26, -1, 1, 25).map((hours) => addHours(NEAR, hours)),
          8,
        ),
        age: rarely(fc.constant(MINUTE), fc.constant(-4 * HOUR), 10),
        campaignId: rarely(
          fc.constant<string | null>(CAMPAIGN),
          fc.constantFrom(OTHER_CAMPAIGN, FOREIGN_CAMPAIGN, null),
          5,
        ),
        canvasId: rarely(none, fc.constant<string | null>("canvas-1"), 30),
        echoedLedgerId: maybe(rarely(
          match.map(ledgerIdOf),
          fc.constantFrom("led_1", ledgerIdOf(99), ledgerIdOf(own).toUpperCase()),
        )),
        echoedMatchId: maybe(rarely(match.map(String), fc.constantFrom("", "12a", "99"))),
        echoedGeneration: maybe(
          rarely(fc.constant(String(generation)), fc.constantFrom("one", "2", "9")),
        ),
        echoedAttemptId: maybe(
          rarely(
            fc.constant(attemptIdOf(own, generation)),
            fc.constantFrom("att_1", attemptIdOf(9, 9), attemptIdOf(own, 2)),
          ),
          1,
        ),
        isForeign: rarely(fc.constant(false), fc.constant(true), 4),
        scheduleId: maybe(value, 1),
        dispatchId: maybe(rarely(value, fc.constant(TEST_DISPATCH_ID), 20)),
        sendId: maybe(
          rarely(
            match.map((id) => `match-${id}`),
            fc.oneof(value, match.map((id) => `match-${id}-2`)),
            2,
          ),
        ),
      }),
    ).map(([kind, without, { age, isForeign, ...said }]): Evidence => {
      const drawn = { ...said, ...without };
      const echoes = [
        drawn.echoedLedgerId,
        drawn.echoedMatchId,
        drawn.echoedGeneration,
        drawn.echoedAttemptId,
      ].some((one) => one !== null);
      return {
        ...kind,
        ...drawn,
        receivedAt: addMilliseconds(drawn.sentAt, age),
        hasForeignExtras: isForeign && !echoes,
      };
    });
  });
