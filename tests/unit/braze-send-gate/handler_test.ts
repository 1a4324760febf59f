import { deepStrictEqual, match as matches, strictEqual } from "node:assert/strict";
import type { GateFacts } from "../../../supabase/functions/_shared/store/gate.ts";
import { decide } from "../../../supabase/functions/braze-send-gate/decide.ts";
import { createHandler } from "../../../supabase/functions/braze-send-gate/handler.ts";
import { at, ledgerIdOf } from "../../support/facts.ts";
import { refusals } from "../../support/fake_store.ts";
import { fakeWorld, type WorldOptions } from "../../support/fake_world.ts";

const GENERATION = 2;
const CURRENT: GateFacts = {
  generation: GENERATION,
  status: "pending",
  cancelReason: null,
  matchStatus: "scheduled",
  push: true,
  removalHeld: false,
  kickoffAt: at("07:00:00"),
  isHeld: false,
  state: "live",
  sendAt: at("06:00:00"),
};
const LATE_MS = 45 * 60_000;
/** As it is cancelled when the list lacked it twice. */
const TAKEN_FOR_GONE: GateFacts = {
  ...CURRENT,
  status: "cancelled",
  cancelReason: "dashboard",
  state: "deleted",
};

for (
  const [what, facts, send, reason] of [
    ["the live current generation", CURRENT, true, "current"],
    ["one that is under way", { ...CURRENT, state: "creating" }, true, "current"],
    ["one whose create is unknown", { ...CURRENT, state: "unknown" }, true, "current"],
    ["one whose delete is unknown", { ...CURRENT, state: "deleting" }, true, "current"],
    ["one that is going out", { ...CURRENT, status: "sent", state: "completed" }, true, "current"],
    ["a ledger row that is not there", null, false, "unknown_schedule"],
    [
      "a generation that never was, or another create of the same number",
      { ...CURRENT, state: null },
      false,
      "unknown_schedule",
    ],
    ["an old generation", { ...CURRENT, generation: 3 }, false, "superseded"],
    ["one of an older copy of the database", { ...CURRENT, generation: 1 }, false, "superseded"],
    [
      "a row that the plan cancelled",
      { ...CURRENT, status: "cancelled", cancelReason: "plan" },
      false,
      "cancelled",
    ],
    [
      "a row that a person cancelled",
      { ...CURRENT, status: "cancelled", cancelReason: "operator" },
      false,
      "cancelled",
    ],
    ["one that no list showed any more, and that is there", TAKEN_FOR_GONE, true, "current"],
    [
      "an old generation of a match whose last one no list shows",
      { ...TAKEN_FOR_GONE, generation: 3 },
      false,
      "superseded",
    ],
    [
      "one that no list showed any more, of a match that is off",
      { ...TAKEN_FOR_GONE, matchStatus: "postponed" },
      false,
      "match_postponed",
    ],
    ["a deleted schedule", { ...CURRENT, state: "deleted" }, false, "taken_back"],
    ["a schedule that was never made", { ...CURRENT, state: "failed" }, false, "taken_back"],
    [
      "a match that was postponed",
      { ...CURRENT, matchStatus: "postponed" },
      false,
      "match_postponed",
    ],
    [
      "a match that was cancelled",
      { ...CURRENT, matchStatus: "cancelled" },
      false,
      "match_cancelled",
    ],
    ["a match that is to have no push", { ...CURRENT, push: false }, false, "push_off"],
    [
      "a match that was called off with too many others",
      { ...CURRENT, matchStatus: "postponed", removalHeld: true },
      true,
      "current",
    ],
    [
      "one of too many that are to have no push",
      { ...CURRENT, push: false, removalHeld: true },
      true,
      "current",
    ],
    ["a match of which another schedule went out", { ...CURRENT, isHeld: true }, false, "held"],
    ["a match that is over", { ...CURRENT, matchStatus: "finished" }, false, "match_finished"],
  ] as const
) {
  Deno.test(`decide() returns for ${what}: ${reason}`, () => {
    deepStrictEqual(decide(facts, GENERATION, LATE_MS, at("06:00:30")), { send, reason });
  });
}

for (
  const [what, changes, now, reason] of [
    ["in its last minute", {}, "06:44:59.999", "current"],
    ["that is too late", {}, "06:45:00", "too_late"],
    ["after the match", {}, "09:10:00", "too_late"],
    [
      "before a kick-off that was brought forward",
      { kickoffAt: at("06:10:00") },
      "06:09:59",
      "current",
    ],
    [
      "at a kick-off that was brought forward",
      { kickoffAt: at("06:10:00") },
      "06:10:00",
      "too_late",
    ],
    [
      "of a match that was moved to a later day",
      { kickoffAt: at("23:00:00") },
      "06:45:00",
      "too_late",
    ],
    ["that is early", {}, "03:00:00", "current"],
    ["that an old generation presents, too late", { generation: 3 }, "06:45:00", "superseded"],
  ] as const
) {
  Deno.test(`decide() returns for a push ${what}: ${reason}`, () => {
    const answer = decide({ ...CURRENT, ...changes }, GENERATION, LATE_MS, at(now));
    deepStrictEqual(answer, { send: reason === "current", reason });
  });
}

Deno.test("the gate lets nothing out after SEND_GATE_LATE_MINUTES, by its own clock", async () => {
  const late = { now: "2024-12-07T06:30:00Z", environment: { sendGateLateMs: 30 * 60_000 } };
  deepStrictEqual((await ask(CURRENT, late)).body, { send: false, reason: "too_late" });
});

const gated = { ledgerId: ledgerIdOf(1002), generation: GENERATION, attemptId: ledgerIdOf(7) };

async function ask(facts: GateFacts | null | Error, changes: WorldOptions = {}, init = {}) {
  const world = fakeWorld({
    functionName: "braze-send-gate",
    caller: { kind: "gate_token", gated },
    gate: {
      load: () => facts instanceof Error ? Promise.reject(facts) : Promise.resolve(facts),
    },
    ...changes,
  });
  const handle = createHandler(world.dependencies);
  const response = await handle(new Request("http://functions.test/?token=t", init));
  return { ...world, response, body: await response.json() };
}

Deno.test("the gate allows a wanted push, in an answer that only Braze may cache", async () => {
  const { response, body, logged } = await ask(CURRENT);
  strictEqual(response.status, 200);
  deepStrictEqual(body, { send: true, reason: "current" });
  strictEqual(response.headers.get("cache-control"), "private, max-age=300");
  deepStrictEqual(logged, []);
});

Deno.test("the gate logs what it refuses, and why", async () => {
  const { body, logged } = await ask({ ...CURRENT, generation: 3 });
  deepStrictEqual(body, { send: false, reason: "superseded" });
  const [line] = logged;
  strictEqual(line?.event, "push_turned_away");
  deepStrictEqual(
    [line?.ledger_id, line?.generation, line?.reason],
    [gated.ledgerId, GENERATION, "superseded"],
  );
});

for (
  const [what, error, status, code] of [
    ["is away", refusals.unavailable, 503, "database_unavailable"],
    ["lacks the function", refusals.broken, 500, "internal"],
  ] as const
) {
  Deno.test(`the gate answers neither yes nor no when the database ${what}`, async () => {
    const { response, body, logged } = await ask(error);
    strictEqual(response.status, status);
    strictEqual(body.code, code);
    strictEqual("send" in body, false);
    strictEqual(response.headers.has("cache-control"), false);
    strictEqual(logged[0]?.event, "gate_not_answered");
  });
}

Deno.test("the gate answers only GET", async () => {
  const { response, body } = await ask(CURRENT, {}, { method: "POST" });
  strictEqual(response.status, 405);
  strictEqual(response.headers.get("allow"), "GET");
  matches(body.message, /GET/);
});

Deno.test("the gate does not query the database for an unauthorised caller", async () => {
  const refused = { ok: false, code: "bad_credential" } as const;
  const { response, calls } = await ask(CURRENT, { identification: refused });
  strictEqual(response.status, 401);
  deepStrictEqual(calls, []);
});
