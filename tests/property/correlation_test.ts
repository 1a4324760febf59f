import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { correlate } from "../../supabase/functions/_shared/attribution/correlate.ts";
import {
  type Attribution,
  createContext,
  type Evidence,
  type IdentifierFacts,
  type LedgerFacts,
} from "../../supabase/functions/_shared/attribution/evidence.ts";
import {
  identifiersToRegister,
  proofOf,
} from "../../supabase/functions/_shared/attribution/identifiers_to_register.ts";
import { evidences, identifiers, ledgers, MINUTE } from "../support/correlation_worlds.ts";
import { CAMPAIGN, ledgerIdOf } from "../support/facts.ts";

function judge(
  evidence: Evidence,
  ledgers: readonly LedgerFacts[],
  identifiers: readonly IdentifierFacts[],
): Attribution {
  return correlate(evidence, createContext(ledgers, identifiers), [CAMPAIGN]);
}

type World = readonly [Evidence, LedgerFacts[], IdentifierFacts[]];

function inEveryWorld(check: (...world: World) => void): void {
  fc.assert(fc.property(evidences, ledgers, identifiers, check), { numRuns: 3_000 });
}

/** Distance to the closest time of the match, over the schedules that can explain the event. Infinity: none. */
function distanceTo(ledger: LedgerFacts, { sentAt, campaignId }: Evidence): number {
  const times = ledger.schedules
    .filter((schedule) => schedule.state !== "failed" && schedule.campaignId === campaignId)
    .flatMap(({ sendAt, movingTo }) => movingTo === null ? [sendAt] : [sendAt, movingTo]);
  return Math.min(...times.map((time) => Math.abs(time.getTime() - sentAt.getTime())));
}

/** Whether the evidence behind `method` is present and names `ledgerId`. */
function supports(
  method: Attribution["method"],
  ledgerId: string,
  [evidence, ledgers, identifiers]: World,
): boolean {
  const named = {
    schedule_id: evidence.scheduleId,
    dispatch_id: evidence.dispatchId,
    send_id: evidence.sendId,
  };
  switch (method) {
    case "ledger_id":
      return evidence.ledgerId === ledgerId;
    case "match_id":
      return evidence.matchId !== null && ledgerIdOf(evidence.matchId) === ledgerId;
    case "schedule_id":
    case "dispatch_id":
    case "send_id":
      return identifiers.some((one) =>
        one.kind === method && one.value === named[method] && one.ledgerId === ledgerId &&
        !one.ambiguous
      );
    case "time_exact": {
      const near = ledgers.filter((ledger) => distanceTo(ledger, evidence) <= 10 * MINUTE);
      const [only] = near;
      return near.length === 1 && only?.ledgerId === ledgerId && evidence.timeIsSendTime &&
        distanceTo(only, evidence) <= 2 * MINUTE;
    }
    default:
      return false;
  }
}

Deno.test("correlate() returns high or medium only with the required evidence", () => {
  let certain = 0;
  inEveryWorld((...world) => {
    const { confidence, method, ledgerId } = judge(...world);
    if (confidence !== "high" && confidence !== "medium") return;
    certain++;
    ok(ledgerId !== null && supports(method, ledgerId, world));
    strictEqual(confidence, method === "time_exact" ? "medium" : "high");
  });
  ok(certain > 100, "the worlds must hold evidence");
});

Deno.test("correlate() attributes an event to a match of the context or to none", () => {
  inEveryWorld((evidence, ledgers, identifiers) => {
    const { ledgerId, matchId, generation, confidence } = judge(evidence, ledgers, identifiers);
    if (confidence === "none") {
      return deepStrictEqual([ledgerId, matchId, generation], [null, null, null]);
    }
    const ledger = ledgers.find((ledger) => ledger.ledgerId === ledgerId);
    strictEqual(ledger?.matchId, matchId);
    ok(generation === null || ledger?.schedules.some((one) => one.generation === generation));
  });
});

Deno.test("correlate() returns the same verdict for any order of the candidates", () => {
  const shuffled = (world: World) => {
    const [evidence, ledgers, identifiers] = world;
    return fc.tuple(
      fc.constant(world),
      fc.constant(evidence),
      fc.shuffledSubarray(ledgers, { minLength: ledgers.length }).chain((ledgers) =>
        fc.tuple(
          ...ledgers.map((ledger) =>
            fc.shuffledSubarray([...ledger.schedules], { minLength: ledger.schedules.length })
              .map((schedules) => ({ ...ledger, schedules }))
          ),
        )
      ),
      fc.shuffledSubarray(identifiers, { minLength: identifiers.length }),
    );
  };
  fc.assert(
    fc.property(
      fc.tuple(evidences, ledgers, identifiers).chain(shuffled),
      ([world, ...again]) => deepStrictEqual(judge(...again), judge(...world)),
    ),
    { numRuns: 3_000 },
  );
});

Deno.test("correlate() chooses no match by time that is less than a minute closer than the next one", () => {
  let close = 0;
  inEveryWorld((evidence, ledgers, identifiers) => {
    const { method, ledgerId } = judge(evidence, ledgers, identifiers);
    const distances = ledgers
      .map((ledger) => ({ ...ledger, distance: distanceTo(ledger, evidence) }))
      .filter(({ distance }) => distance <= 10 * MINUTE)
      .sort((a, b) => a.distance - b.distance);
    const [first, second] = distances;
    if (!first || !second || second.distance - first.distance >= MINUTE) return;
    close++;
    ok(method !== "time_exact" && method !== "time_window", `${method} won for ${ledgerId}`);
  });
  ok(close > 100, "the worlds must contain ties");
});

Deno.test("proofOf() and identifiersToRegister() return nothing for test sends and for uncertain events", () => {
  inEveryWorld((evidence, ledgers, identifiers) => {
    const attribution = judge(evidence, ledgers, identifiers);
    const proof = proofOf(evidence, attribution);
    const registered = identifiersToRegister(evidence, attribution);
    if (evidence.isTest) deepStrictEqual([proof, registered], [null, []]);
    if (attribution.confidence === "low") deepStrictEqual([proof, registered], [null, []]);
    if (attribution.confidence !== "high") strictEqual(registered.length, 0);
    if (attribution.generation === null) strictEqual(proof, null);
    for (const { ledgerId } of registered) strictEqual(ledgerId, attribution.ledgerId);
  });
});
