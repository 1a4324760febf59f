import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  type Done,
  execute,
  type StepResult,
} from "../../../supabase/functions/braze-scheduler/execute.ts";
import type { GatedGeneration } from "../../../supabase/functions/_shared/auth/gate_token.ts";
import type { Fixture } from "../../../supabase/functions/_shared/store/planning.ts";
import { at, CAMPAIGN, ledgerIdOf } from "../../support/facts.ts";
import { type Answers, failed, succeeded, timedOut } from "../../support/fake_braze.ts";
import { RUN_ID } from "../../support/fake_store.ts";
import { fakeWorld, type World, type WorldOptions } from "../../support/fake_world.ts";
import { match, planOne, row, settings, wanted } from "../../support/matches.ts";

const DEADLINE = at("06:01:00");

interface Executed extends World {
  readonly result: StepResult;
}

/** Executes the planned step of the match. */
async function executeStep(fixture: Fixture, options: WorldOptions = {}): Promise<Executed> {
  const world = fakeWorld(options);
  const { sendGate = "off" } = options.environment ?? {};
  const closedGates = new Set(sendGate === "fail_closed" ? [CAMPAIGN] : []);
  const planSettings = { ...settings, sendGate, closedGates };
  const { step } = planOne(fixture, undefined, undefined, planSettings);
  if (step.action === "skip" || step.action === "frozen") {
    throw new Error(`Cannot execute: the plan is to do nothing (${step.reason})`);
  }
  const { store, braze, clock, newId, log } = world.dependencies;
  const run = {
    runId: RUN_ID,
    lease: { runId: RUN_ID, leaseSeconds: 180 },
    caller: { kind: "secret_key" } as const,
    dryRun: false,
    asOf: at("06:00:00"),
    deadline: DEADLINE,
    log,
  };
  const sendIdFor = ({ sendId }: Fixture) => Promise.resolve(sendId);
  const gateTokenFor = ({ generation }: GatedGeneration) =>
    Promise.resolve(sendGate === "off" ? null : `token of ${generation}`);
  const stepDependencies = {
    journal: store.journal,
    braze,
    clock,
    newId,
    settings: planSettings,
    sendIdFor,
    gateTokenFor,
  };
  return { ...world, result: await execute(fixture, step, run, stepDependencies) };
}

const create = match();
const move = match({ kickoffAt: at("19:00:00"), ledger: row() });
const recreate = match({ triggerProperties: { title: "Derby" }, ledger: row() });
const cancel = match({ status: "postponed", ledger: row() });
const forget = match({ status: "postponed", ledger: row({}, { state: "deleted" }) });

const whenCreating = ["journal.openCreate", "braze.create", "journal.close"];
const whenMoving = ["journal.openUpdate", "braze.update", "journal.close"];
const whenDeleting = ["journal.openDelete", "braze.delete", "journal.close"];
const whenCancelling = [...whenDeleting, "journal.cancelLedger"];

interface Row {
  readonly what: string;
  readonly fixture: Fixture;
  readonly braze?: Answers;
  readonly done: Done;
  readonly calls: readonly string[];
  /** What the journal receives for each call, in order. */
  readonly outcomes: readonly string[];
  readonly log: string;
  readonly alerts?: readonly string[];
}

const deferred = [failed("deadline"), failed("rate_limited", 429)];
const unclear = [failed("not_connected"), failed("rejected", 403), failed("rejected", 401)];
const unknownToBraze = [failed("rejected", 400), failed("rejected", 404)];

const rows: readonly Row[] = [
  {
    what: "a create that succeeds",
    fixture: create,
    done: "created",
    calls: whenCreating,
    outcomes: ["succeeded"],
    log: "schedule_created",
  },
  {
    what: "a create that times out",
    fixture: create,
    braze: { create: () => timedOut },
    done: "unknown",
    calls: whenCreating,
    outcomes: ["unknown"],
    log: "create_unknown",
    alerts: ["create_unknown"],
  },
  {
    what: "a create that Braze refuses",
    fixture: create,
    braze: { create: () => failed("rejected", 400) },
    done: "failed",
    calls: whenCreating,
    outcomes: ["failed"],
    log: "create_failed",
    alerts: ["create_failed"],
  },
  ...deferred.map((answer): Row => ({
    what: `a create that must wait (${answer.outcome === "failed" && answer.reason})`,
    fixture: create,
    braze: { create: () => answer },
    done: "deferred",
    calls: whenCreating,
    outcomes: ["failed"],
    log: "create_deferred",
  })),
  {
    what: "a move that succeeds",
    fixture: move,
    done: "moved",
    calls: whenMoving,
    outcomes: ["succeeded"],
    log: "schedule_moved",
  },
  {
    what: "a move that times out",
    fixture: move,
    braze: { update: timedOut },
    done: "unknown",
    calls: whenMoving,
    outcomes: ["unknown"],
    log: "move_unknown",
    alerts: ["move_failed"],
  },
  ...unclear.map((answer): Row => ({
    what: `a move that does not succeed (${answer.httpStatus ?? "no connection"})`,
    fixture: move,
    braze: { update: answer },
    done: "failed",
    calls: whenMoving,
    outcomes: ["failed"],
    log: "move_failed",
    alerts: ["move_failed"],
  })),
  {
    what: "a move that Braze refuses after a try whose answer was lost",
    fixture: move,
    braze: { update: failed("rejected", 400, true) },
    done: "unknown",
    calls: whenMoving,
    outcomes: ["unknown"],
    log: "move_unknown",
    alerts: ["move_failed"],
  },
  {
    what: "a move that must wait after a try whose answer was lost",
    fixture: move,
    braze: { update: failed("rate_limited", 429, true) },
    done: "unknown",
    calls: whenMoving,
    outcomes: ["unknown"],
    log: "move_unknown",
    alerts: ["move_failed"],
  },
  ...deferred.map((answer): Row => ({
    what: `a move that must wait (${answer.outcome === "failed" && answer.reason})`,
    fixture: move,
    braze: { update: answer },
    done: "deferred",
    calls: whenMoving,
    outcomes: ["failed"],
    log: "move_deferred",
  })),
  {
    what: "a recreate that succeeds",
    fixture: recreate,
    done: "recreated",
    calls: [...whenDeleting, ...whenCreating],
    outcomes: ["succeeded", "succeeded"],
    log: "schedule_created",
  },
  {
    what: "a recreate whose delete times out",
    fixture: recreate,
    braze: { delete: timedOut },
    done: "unknown",
    calls: whenDeleting,
    outcomes: ["unknown"],
    log: "delete_unknown",
    alerts: ["delete_unconfirmed"],
  },
  ...[...unclear, ...unknownToBraze].map((answer): Row => ({
    what: `a recreate whose delete does not succeed (${answer.httpStatus ?? "no answer"})`,
    fixture: recreate,
    braze: { delete: answer },
    done: "failed",
    calls: whenDeleting,
    outcomes: ["failed"],
    log: "delete_failed",
    alerts: ["delete_unconfirmed"],
  })),
  ...deferred.map((answer): Row => ({
    what: `a recreate whose delete must wait (${answer.outcome === "failed" && answer.reason})`,
    fixture: recreate,
    braze: { delete: answer },
    done: "deferred",
    calls: whenDeleting,
    outcomes: ["failed"],
    log: "delete_deferred",
  })),
  {
    what: "a recreate whose create times out",
    fixture: recreate,
    braze: { create: () => timedOut },
    done: "unknown",
    calls: [...whenDeleting, ...whenCreating],
    outcomes: ["succeeded", "unknown"],
    log: "create_unknown",
    alerts: ["create_unknown"],
  },
  {
    what: "a cancel that succeeds",
    fixture: cancel,
    done: "cancelled",
    calls: whenCancelling,
    outcomes: ["succeeded"],
    log: "schedule_cancelled",
  },
  ...unknownToBraze.map((answer): Row => ({
    what: `a cancel of a schedule that Braze does not know (${answer.httpStatus})`,
    fixture: cancel,
    braze: { delete: answer },
    done: "cancelled",
    calls: whenCancelling,
    outcomes: ["failed"],
    log: "schedule_cancelled",
    alerts: ["delete_unconfirmed"],
  })),
  {
    what: "a cancel that times out",
    fixture: cancel,
    braze: { delete: timedOut },
    done: "unknown",
    calls: whenDeleting,
    outcomes: ["unknown"],
    log: "delete_unknown",
    alerts: ["delete_unconfirmed"],
  },
  ...unclear.map((answer): Row => ({
    what: `a cancel that does not succeed (${answer.httpStatus ?? "no answer"})`,
    fixture: cancel,
    braze: { delete: answer },
    done: "failed",
    calls: whenDeleting,
    outcomes: ["failed"],
    log: "delete_failed",
    alerts: ["delete_unconfirmed"],
  })),
  {
    what: "a cancel where Braze has nothing left",
    fixture: forget,
    done: "cancelled",
    calls: ["journal.cancelLedger"],
    outcomes: [],
    log: "schedule_cancelled",
  },
];

for (const { what, fixture, braze = {}, done, calls, outcomes, log, alerts = [] } of rows) {
  Deno.test(`execute() returns ${done} for ${what}, and journals before and after`, async () => {
    const world = await executeStep(fixture, { braze });
    strictEqual(world.result.done, done);
    deepStrictEqual(world.calls, calls);
    const closed = world.said("journal.close") as { readonly outcome: string }[];
    deepStrictEqual(closed.map(({ outcome }) => outcome), outcomes);
    deepStrictEqual(world.result.logs.map((entry) => entry.action), [log]);
    deepStrictEqual(world.result.alerts.map((alert) => alert.rule), alerts);
  });
}

const withoutAnswer = match({ ledger: row({}, { state: "unknown", brazeScheduleId: null }) });
const gated = { environment: { sendGate: "fail_closed" } } as const;

Deno.test("execute() creates the next generation beside a create that stayed unknown", async () => {
  const { result, calls, said } = await executeStep(withoutAnswer, gated);
  strictEqual(result.done, "superseded");
  deepStrictEqual(calls, whenCreating);
  const [opened] = said("journal.openCreate") as { readonly besideGeneration: unknown }[];
  strictEqual(opened?.besideGeneration, 1);
  deepStrictEqual(result.logs.map(({ action }) => action), ["schedule_created"]);
});

Deno.test("execute() behind a closed gate creates first, then deletes the old schedule", async () => {
  const { result, calls, said } = await executeStep(recreate, gated);
  strictEqual(result.done, "superseded");
  deepStrictEqual(calls, [...whenCreating, ...whenDeleting]);
  const [opened] = said("journal.openCreate") as { readonly besideGeneration: unknown }[];
  strictEqual(opened?.besideGeneration, 1);
  deepStrictEqual(result.logs.map(({ action }) => action), [
    "schedule_created",
    "schedule_deleted",
  ]);
});

for (
  const [what, answer, done] of [
    ["has no answer", timedOut, "unknown"],
    ["is refused", failed("rejected", 400), "failed"],
    ["must wait", failed("rate_limited", 429), "deferred"],
  ] as const
) {
  Deno.test(`execute() behind a closed gate keeps the old schedule if the create ${what}`, async () => {
    const { result, calls } = await executeStep(recreate, {
      ...gated,
      braze: { create: () => answer },
    });
    strictEqual(result.done, done);
    deepStrictEqual(calls, whenCreating);
  });
}

Deno.test("execute() is content behind a closed gate if the old schedule cannot be deleted", async () => {
  const { result } = await executeStep(recreate, { ...gated, braze: { delete: timedOut } });
  strictEqual(result.done, "superseded");
  deepStrictEqual(result.alerts.map(({ rule, severity }) => [rule, severity]), [
    ["delete_unconfirmed", "warning"],
  ]);
});

for (const [what, fixture] of [["create", create], ["recreate", recreate]] as const) {
  Deno.test(`execute() opens nothing for a ${what} without a place in the rate limits`, async () => {
    const { result, calls } = await executeStep(fixture, { braze: { admit: false } });
    strictEqual(result.done, "deferred");
    deepStrictEqual(calls, []);
  });
}

Deno.test("execute() deletes nothing when no time is left for the create", async () => {
  const { result, calls } = await executeStep(recreate, { now: "2024-12-07T06:00:40Z" });
  strictEqual(result.done, "deferred");
  deepStrictEqual(calls, []);
});

Deno.test("execute() begins the create after a delete whatever time is left", async () => {
  const { result, said } = await executeStep(recreate, {
    during: (call, { clock }) => {
      if (call === "braze.delete") clock.advance(90_000);
    },
  });
  strictEqual(result.done, "recreated");
  const [sent] = said("braze.create") as { readonly deadline: Date }[];
  deepStrictEqual(sent?.deadline, at("06:01:30.001"));
});

for (const answer of [failed("rejected", 400), ...deferred]) {
  Deno.test(`execute() alerts at once if a replaced match has no schedule (${answer.outcome === "failed" && answer.reason})`, async () => {
    const { result } = await executeStep(recreate, { braze: { create: () => answer } });
    deepStrictEqual(result.alerts.map(({ rule, severity }) => [rule, severity]), [
      ["create_failed", "critical"],
    ]);
  });
}

const muchLater = match({ kickoffAt: new Date("2024-12-20T15:00:00Z"), ledger: row() });

Deno.test("execute() deletes a schedule whose new time Braze refuses, and creates it anew", async () => {
  const { result, calls } = await executeStep(move, { braze: { update: failed("rejected", 400) } });
  strictEqual(result.done, "recreated");
  deepStrictEqual(calls, [...whenMoving, ...whenDeleting, ...whenCreating]);
  deepStrictEqual(result.logs.map(({ action }) => action), ["move_refused", "schedule_created"]);
});

Deno.test("execute() leaves a match to a later run if its refused time is beyond the horizon", async () => {
  const { result, calls, said } = await executeStep(muchLater, {
    braze: { update: failed("rejected", 422) },
  });
  strictEqual(result.done, "cancelled");
  deepStrictEqual(calls, [...whenMoving, ...whenCancelling]);
  const [cancelled] = said("journal.cancelLedger") as { readonly cancelReason: string }[];
  strictEqual(cancelled?.cancelReason, "plan");
});

Deno.test("execute() creates nothing beside a schedule that Braze neither moves nor deletes", async () => {
  const refused = failed("rejected", 400);
  const { result, calls } = await executeStep(move, {
    braze: { update: refused, delete: refused },
  });
  strictEqual(result.done, "failed");
  deepStrictEqual(calls, [...whenMoving, ...whenDeleting]);
  deepStrictEqual(result.alerts.map(({ rule }) => rule), ["delete_unconfirmed"]);
});

Deno.test("execute() deletes nothing inside the freeze window when a move is refused", async () => {
  const { result, calls } = await executeStep(move, {
    braze: { update: failed("rejected", 400) },
    during: (call, { clock }) => {
      if (call === "braze.update") clock.advance(7.8 * 60 * 60_000);
    },
  });
  strictEqual(result.done, "failed");
  deepStrictEqual(calls, whenMoving);
  deepStrictEqual(result.alerts.map(({ rule }) => rule), ["move_failed"]);
});

const withEarlier = match({ ledger: row({}, { state: "deleting" }, {}) });

Deno.test("execute() deletes an earlier schedule again whose delete had no answer", async () => {
  const { result, calls, said } = await executeStep(withEarlier);
  strictEqual(result.done, "deleted");
  deepStrictEqual(calls, whenDeleting);
  const [opened] = said("journal.openDelete") as { readonly generation: number }[];
  strictEqual(opened?.generation, 1);
});

for (const status of ["pending", "cancelled"] as const) {
  Deno.test(`execute() tells the journal whether it deletes for a cancelled row: ${status}`, async () => {
    const fixture = status === "pending"
      ? cancel
      : match({ ledger: row({ status, cancelReason: "operator" }) });
    const { calls, said } = await executeStep(fixture);
    strictEqual(calls[0], "journal.openDelete");
    const [opened] = said("journal.openDelete") as { readonly ofCancelled: boolean }[];
    strictEqual(opened?.ofCancelled, status === "cancelled");
  });
}

const wantedAgain = match({ ledger: row({}, { state: "deleting", deleteFailed: true }) });

Deno.test("execute() keeps a schedule that is wanted again, and does not call Braze", async () => {
  const { result, calls, said } = await executeStep(wantedAgain);
  deepStrictEqual(result, { done: "reactivated", alerts: [], logs: [] });
  deepStrictEqual(calls, ["journal.reactivateSchedule"]);
  deepStrictEqual(said("journal.reactivateSchedule"), [{
    lease: { runId: RUN_ID, leaseSeconds: 180 },
    ledgerId: ledgerIdOf(1),
    generation: 1,
    now: at("06:00:00"),
  }]);
});

Deno.test("execute() leaves a kept schedule unchanged if another process resolved it", async () => {
  const resolvedElsewhere = { reactivateSchedule: () => Promise.resolve(false) };
  const { result } = await executeStep(wantedAgain, { journal: resolvedElsewhere });
  strictEqual(result.done, "conflict");
  deepStrictEqual(result.logs.map(({ action }) => action), ["step_conflict"]);
});

Deno.test("execute() reports a replacement that times out like any create", async () => {
  const { result } = await executeStep(withoutAnswer, {
    ...gated,
    braze: { create: () => timedOut },
  });
  strictEqual(result.done, "unknown");
  deepStrictEqual(result.alerts.map(({ rule }) => rule), ["create_unknown"]);
});

Deno.test("execute() puts the gate token into the push, and not into the journal", async () => {
  const { said } = await executeStep(create, gated);
  const [sent] = said("braze.create") as { body: { trigger_properties: object } }[];
  deepStrictEqual(sent?.body.trigger_properties, {
    ...wanted(create).request.trigger_properties,
    generation: "1",
    send_gate_token: "token of 1",
  });
  strictEqual(JSON.stringify(said("journal.openCreate")).includes("token"), false);
});

Deno.test("execute() sends the journalled request, with the deadline of the run", async () => {
  const { said } = await executeStep(create);
  const want = wanted(create);
  deepStrictEqual(said("journal.openCreate"), [{
    attemptId: "id-1",
    lease: { runId: RUN_ID, leaseSeconds: 180 },
    matchId: 1,
    request: want.request,
    signature: want.signature,
    sendAt: at("14:00:00"),
    sendId: "match-1",
    expected: want.expected,
    gated: false,
    besideGeneration: null,
    reason: "plan",
    now: at("06:00:00"),
  }]);
  const body = {
    ...want.request,
    trigger_properties: { ...want.request.trigger_properties, generation: "1" },
  };
  deepStrictEqual(said("braze.create"), [{ body, deadline: DEADLINE }]);
});

Deno.test("execute() journals every id that Braze returns for a schedule", async () => {
  const value = { scheduleId: "s", dispatchId: "d", sendId: null };
  const { said, result } = await executeStep(create, { braze: { create: () => succeeded(value) } });
  deepStrictEqual(said("journal.close"), [{
    attemptId: "id-1",
    outcome: "succeeded",
    httpStatus: 201,
    detail: null,
    answer: { schedule_id: "s", dispatch_id: "d", send_id: null },
    refused: false,
  }]);
  strictEqual(result.logs[0]?.details.schedule_id, "s");
});

Deno.test("execute() moves the schedule that the plan names", async () => {
  const { said } = await executeStep(move);
  deepStrictEqual(said("braze.update"), [{
    body: { campaignId: CAMPAIGN, scheduleId: "schedule-1", sendAt: at("18:00:00") },
    deadline: DEADLINE,
  }]);
  const [opened] = said("journal.openUpdate") as { readonly request: unknown }[];
  deepStrictEqual(opened?.request, {
    campaign_id: CAMPAIGN,
    schedule_id: "schedule-1",
    schedule: { time: "2024-12-07T18:00:00Z" },
  });
});

for (
  const [what, answer, refused] of [
    ["400", failed("rejected", 400), true],
    ["404", failed("rejected", 404), true],
    ["401", failed("rejected", 401), false],
    ["403", failed("rejected", 403), false],
    ["no answer", timedOut, false],
    ["a success", succeeded(null), false],
  ] as const
) {
  Deno.test(`execute() does ${refused ? "" : "not "}treat ${what} to a delete as a refusal`, async () => {
    const { said } = await executeStep(cancel, { braze: { delete: answer } });
    const [closed] = said("journal.close") as { readonly refused: boolean }[];
    strictEqual(closed?.refused, refused);
  });
}

for (
  const [what, answer, note] of [
    ["deleted", succeeded(null), "match_postponed"],
    [
      "refused to delete",
      failed("rejected", 404),
      "match_postponed; Braze refused the delete, so the schedule may be gone or not",
    ],
  ] as const
) {
  Deno.test(`execute() records in the ledger why it cancelled a schedule that Braze ${what}`, async () => {
    const { said } = await executeStep(cancel, { braze: { delete: answer } });
    deepStrictEqual(said("journal.cancelLedger"), [{
      ledgerId: ledgerIdOf(1),
      generation: 1,
      cancelReason: "plan",
      note,
      now: at("06:00:00"),
    }]);
  });
}
