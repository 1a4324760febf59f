/** Small scenarios in which names and times often collide, and the events that may occur in them. */
import fc from "fast-check";
import type {
  Evidence,
  IdentifierFacts,
  LedgerFacts,
} from "../../supabase/functions/_shared/attribution/evidence.ts";
import { at, CAMPAIGN, ledgerIdOf, OTHER_CAMPAIGN } from "./facts.ts";

// Near 14:00, and on its boundaries.
export const MINUTE = 60_000;
const sendAt = fc.oneof(
  fc.constantFrom(-10, -2, -1, 0, 1, 2, 10).map((minutes) => minutes * MINUTE),
  fc.integer({ min: -12 * MINUTE, max: 12 * MINUTE }),
).map((offset) => new Date(at("14:00:00").getTime() + offset));
const campaign = fc.constantFrom(CAMPAIGN, CAMPAIGN, OTHER_CAMPAIGN);
const state = fc.constantFrom(
  "creating" as const,
  "live" as const,
  "unknown" as const,
  "failed" as const,
  "deleting" as const,
  "deleted" as const,
  "completed" as const,
);
const matchId = fc.integer({ min: 1, max: 5 });
const value = fc.constantFrom("id-1", "id-2", "id-3");
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null, freq: 2 });

export const ledgers: fc.Arbitrary<LedgerFacts[]> = fc.uniqueArray(matchId, { maxLength: 4 }).chain(
  (
    ids,
  ) =>
    fc.tuple(...ids.map((matchId) =>
      fc.tuple(
        fc.array(
          fc.record({ campaignId: campaign, state, sendAt, movingTo: maybe(sendAt) }),
          { minLength: 1, maxLength: 3 },
        ),
        maybe(fc.constantFrom(`match-${matchId}`, "id-1")),
      ).map(([schedules, sendId]) => ({
        ledgerId: ledgerIdOf(matchId),
        matchId,
        sendId,
        schedules: schedules.map((schedule, index) => ({ ...schedule, generation: index + 1 })),
      }))
    )),
);
export const identifiers: fc.Arbitrary<IdentifierFacts[]> = fc.uniqueArray(
  fc.record({
    kind: fc.constantFrom("schedule_id" as const, "dispatch_id" as const, "send_id" as const),
    value,
    ledgerId: matchId.map(ledgerIdOf),
    generation: maybe(fc.integer({ min: 1, max: 3 })),
    ambiguous: fc.boolean(),
  }),
  { selector: ({ kind, value }) => `${kind}:${value}`, maxLength: 6 },
);
export const evidences: fc.Arbitrary<Evidence> = fc.record({
  eventType: fc.constantFrom("send", "open", "bounce", "abort"),
  channel: fc.constantFrom("push" as const, "webhook" as const, "email" as const),
  sentAt: fc.constant(at("14:00:00")),
  timeIsSendTime: fc.boolean(),
  isTest: fc.constantFrom(false, false, false, true),
  campaignId: fc.option(campaign, { nil: null }),
  ledgerId: maybe(matchId.map(ledgerIdOf)),
  matchId: maybe(matchId),
  generation: maybe(fc.integer({ min: 1, max: 4 })),
  scheduleId: maybe(value),
  dispatchId: maybe(value),
  sendId: maybe(value),
});
