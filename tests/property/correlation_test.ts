import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { correlate } from "../../supabase/functions/_shared/attribution/correlate.ts";
import {
  type Context,
  createContext,
  type Evidence,
  type Facts,
  type LedgerFacts,
  TEST_DISPATCH_ID,
} from "../../supabase/functions/_shared/attribution/evidence.ts";
import { identifiersToRegister } from "../../supabase/functions/_shared/attribution/identifiers_to_register.ts";
import { asRead, evidences, MINUTE, worlds } from "../support/correlation_worlds.ts";
import { CAMPAIGN, ledgerIdOf, POLICY } from "../support/facts.ts";

function contextOf(facts: Facts): Context {
  return createContext(asRead(facts), POLICY);
}

function judge(evidence: Evidence, facts: Facts) {
  return correlate(evidence, contextOf(facts));
}

function inEveryWorld(check: (evidence: Evidence, facts: Facts) => void): void {
  fc.assert(fc.property(evidences, worlds, check), { numRuns: 10_000 });
}

function isOurs({ campaignId }: Evidence, { campaignIds }: Facts): boolean {
  return campaignId === null || campaignId === CAMPAIGN || campaignIds.includes(campaignId);
}

function possible(ledger: LedgerFacts, { campaignId }: Evidence) {
  return ledger.schedules.filter((one) =>
    one.state !== "failed" && (campaignId === null || one.campaignId === campaignId)
  );
}

function distancesTo(ledger: LedgerFacts, evidence: Evidence): number[] {
  return possible(ledger, evidence)
    .flatMap(({ times }) => times.map(({ at }) => Math.abs(+at - +evidence.sentAt)));
}

/** The matches that the explicit ids of an event name, each with what names it. */
function namedBy(evidence: Evidence, { identifiers }: Facts): (readonly [string, string])[] {
  const { echoedLedgerId, echoedMatchId, sendId, scheduleId, dispatchId } = evidence;
  const own = /^match-(\d+)/.exec(sendId ?? "")?.[1];
  const known = (["schedule_id", "send_id", "dispatch_id"] as const).flatMap((kind) => {
    const value = { schedule_id: scheduleId, send_id: sendId, dispatch_id: dispatchId }[kind];
    const identifier = identifiers.find((one) => one.kind === kind && one.value === value);
    return identifier === undefined || identifier.ambiguous
      ? []
      : [[kind, identifier.ledgerId] as const];
  });
  return [
    ...(echoedLedgerId === null ? [] : [["ledger_id", echoedLedgerId.toLowerCase()] as const]),
    ...(echoedMatchId === null ? [] : [["match_id", ledgerIdOf(Number(echoedMatchId))] as const]),
    ...(own === undefined ? [] : [["send_id", ledgerIdOf(Number(own))] as const]),
    ...known,
  ];
}

/** A schedule id or foreign send id that the registry does not hold. */
function hasUnregistered({ scheduleId, sendId }: Evidence, { identifiers }: Facts): boolean {
  const isKnown = (kind: string, value: string) =>
    identifiers.some((one) => one.kind === kind && one.value === value);
  return (scheduleId !== null && !isKnown("schedule_id", scheduleId)) ||
    (sendId !== null && !sendId.startsWith("match-") && !isKnown("send_id", sendId));
}

const echoes = ({ echoedLedgerId, echoedMatchId, echoedGeneration, echoedAttemptId }: Evidence) =>
  [echoedLedgerId, echoedMatchId, echoedGeneration, echoedAttemptId].some((one) => one !== null);

Deno.test("correlate() returns high only where an explicit id names the match, and no other id another", () => {
  let certain = 0;
  inEveryWorld((evidence, facts) => {
    const { confidence, method, ledgerId } = judge(evidence, facts);
    if (confidence !== "high") return;
    certain++;
    ok(isOurs(evidence, facts) && evidence.canvasId === null);
    ok(method !== "dispatch_id" || !hasUnregistered(evidence, facts));
    const named = namedBy(evidence, facts);
    ok(named.some(([by, id]) => by === method && id === ledgerId), `${method} must name it`);
    for (const [by, id] of named) {
      if (by !== "dispatch_id") strictEqual(id, ledgerId, `${by} names another match`);
    }
    const used = facts.ledgers.find((ledger) => ledger.ledgerId === ledgerId)!;
    const isRefused = used.schedules.every(({ state }) => state === "failed");
    ok(isRefused || possible(used, evidence).length > 0, "the match never used the campaign");
  });
  ok(certain > 500, `the worlds must hold evidence, got ${certain}`);
});

Deno.test("correlate() returns medium only for a send of our campaign beside one match that is certainly due", () => {
  let certain = 0;
  inEveryWorld((evidence, facts) => {
    const { confidence, method, ledgerId } = judge(evidence, facts);
    if (confidence !== "medium") return strictEqual(method === "time_exact", false);
    certain++;
    strictEqual(method, "time_exact");
    strictEqual(evidence.eventType, "send");
    strictEqual(evidence.timeKind, "send");
    ok(+evidence.sentAt - +evidence.receivedAt <= 2 * MINUTE, "it is dated ahead");
    ok(evidence.campaignId !== null && isOurs(evidence, facts) && evidence.canvasId === null);
    ok(!echoes(evidence) && !evidence.hasForeignExtras && !hasUnregistered(evidence, facts));
    const named = namedBy(evidence, facts).filter(([by]) => by !== "dispatch_id");
    deepStrictEqual(named, []);
    const around = facts.ledgers.filter((ledger) =>
      distancesTo(ledger, evidence).some((distance) => distance <= 10 * MINUTE)
    );
    deepStrictEqual(around.map((ledger) => ledger.ledgerId), [ledgerId]);
    ok(distancesTo(around[0]!, evidence).some((distance) => distance <= 2 * MINUTE));
    ok(
      !facts.unmanaged.some(({ campaignId, sendAt }) =>
        campaignId === evidence.campaignId && Math.abs(+sendAt - +evidence.sentAt) <= 10 * MINUTE
      ),
    );
  });
  ok(certain > 20, `the worlds must hold evidence, got ${certain}`);
});

Deno.test("correlate() takes a proof only from a push, or a message, at a time that a schedule of the match had", () => {
  let proofs = 0;
  inEveryWorld((evidence, facts) => {
    const { proof, confidence, ledgerId, generation, timing } = judge(evidence, facts);
    if (proof === null) return;
    proofs++;
    ok(confidence === "high" || confidence === "medium");
    ok(timing === "in_window" || timing === "moved_away");
    const { channel, eventType, sentAt, receivedAt, timeKind } = evidence;
    ok(channel === proof && (eventType === "send" || (channel === "push" && eventType === "open")));
    const ledger = facts.ledgers.find((ledger) => ledger.ledgerId === ledgerId)!;
    const schedules = possible(ledger, evidence)
      .filter((one) => generation === null || one.generation === generation);
    const knownAt = Math.min(+sentAt, +receivedAt);
    ok(
      schedules.some(({ times }) =>
        times.some(({ at }) =>
          knownAt >= +at - 2 * MINUTE &&
          (timeKind !== "send" || +sentAt <= +at + POLICY.windowMs || +sentAt > +receivedAt)
        )
      ),
      "it proves a send that was not due",
    );
  });
  ok(proofs > 300, `the worlds must hold proofs, got ${proofs}`);
});

Deno.test("correlate() attributes an event to a match of the facts or to none", () => {
  inEveryWorld((evidence, facts) => {
    const { ledgerId, matchId, generation, confidence, proof, timing } = judge(evidence, facts);
    if (confidence === "none") {
      return deepStrictEqual([ledgerId, matchId, generation, proof, timing], Array(5).fill(null));
    }
    const ledger = facts.ledgers.find((ledger) => ledger.ledgerId === ledgerId);
    strictEqual(ledger?.matchId, matchId);
    const of = ledger?.schedules.find((one) => one.generation === generation);
    ok(generation === null || (of !== undefined && of.state !== "failed"));
  });
});

const shuffled = <T>(items: readonly T[]) =>
  fc.shuffledSubarray([...items], { minLength: items.length });
const reordered = (facts: Facts): fc.Arbitrary<Facts> =>
  fc.record({
    ledgers: shuffled(facts.ledgers).chain((ledgers) =>
      fc.tuple(...ledgers.map((ledger) =>
        fc.tuple(
          ...ledger.schedules.map((one) => shuffled(one.times).map((times) => ({ ...one, times }))),
        ).chain(shuffled).map((schedules) => ({ ...ledger, schedules }))
      ))
    ),
    identifiers: shuffled(facts.identifiers),
    attempts: shuffled(facts.attempts),
    campaignIds: shuffled(facts.campaignIds),
    unmanaged: shuffled(facts.unmanaged),
  });

Deno.test("correlate() and identifiersToRegister() return the same for any order of the facts", () => {
  const both = worlds.chain((facts) => fc.tuple(fc.constant(facts), reordered(facts)));
  fc.assert(
    fc.property(evidences, both, (evidence, [facts, again]) => {
      deepStrictEqual(judge(evidence, again), judge(evidence, facts));
      deepStrictEqual(
        identifiersToRegister(evidence, contextOf(again)),
        identifiersToRegister(evidence, contextOf(facts)),
      );
    }),
    { numRuns: 3_000 },
  );
});

Deno.test("correlate() and identifiersToRegister() return nothing for test sends, Canvases and other campaigns", () => {
  const foreign = fc.constantFrom<Partial<Evidence>>(
    { dispatchId: TEST_DISPATCH_ID },
    { canvasId: "canvas-1" },
    { campaignId: "campaign-of-another" },
  );
  fc.assert(
    fc.property(evidences, foreign, worlds, (drawn, changes, facts) => {
      const evidence = { ...drawn, ...changes };
      const { method, matchId, proof, candidateMatchIds } = judge(evidence, facts);
      ok(method === "test_send" || method === "other_campaign");
      deepStrictEqual([matchId, proof, candidateMatchIds], [null, null, []]);
      deepStrictEqual(identifiersToRegister(evidence, contextOf(facts)), []);
    }),
    { numRuns: 1_000 },
  );
});

Deno.test("correlate() takes no proof from an event of unknown kind", () => {
  inEveryWorld((drawn, facts) => {
    const evidence = { ...drawn, eventType: "unknown" };
    const { method, proof } = judge(evidence, facts);
    strictEqual(proof, null);
    ok(method !== "time_exact" && method !== "time_window");
  });
});

Deno.test("identifiersToRegister() looks at no identifier and no verdict: only at the event, its match and its times", () => {
  let lessons = 0;
  inEveryWorld((evidence, facts) => {
    const registered = identifiersToRegister(evidence, contextOf(facts));
    lessons += registered.length;
    const bare = { ...facts, identifiers: [], unmanaged: [] };
    deepStrictEqual(registered, identifiersToRegister(evidence, contextOf(bare)));
    const named = namedBy(evidence, bare).map(([, id]) => id);
    for (const { ledgerId } of registered) deepStrictEqual([...new Set(named)], [ledgerId]);
  });
  ok(lessons > 300, `the worlds must hold lessons, got ${lessons}`);
});

Deno.test("correlate() never lets a dispatch id change what another explicit id says", () => {
  inEveryWorld((evidence, facts) => {
    if (evidence.dispatchId === TEST_DISPATCH_ID) return;
    const found = judge(evidence, facts);
    const without = judge({ ...evidence, dispatchId: null }, facts);
    if (found.method !== "dispatch_id") return deepStrictEqual(found, without);
    ok(without.confidence !== "high" && without.method !== "contradiction");
  });
});

Deno.test("correlate() chooses no match by time that is less than a minute closer than the next one", () => {
  let close = 0;
  inEveryWorld((evidence, facts) => {
    const distances = facts.ledgers
      .map((ledger) => Math.min(...distancesTo(ledger, evidence)))
      .filter((distance) => distance <= 10 * MINUTE)
      .sort((a, b) => a - b);
    const [first, second] = distances;
    if (first === undefined || second === undefined || second - first >= MINUTE) return;
    close++;
    const { method, ledgerId } = judge(evidence, facts);
    ok(method !== "time_exact" && method !== "time_window", `${method} won for ${ledgerId}`);
  });
  ok(close > 500, `the worlds must contain ties, got ${close}`);
});
