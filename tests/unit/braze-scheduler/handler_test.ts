import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { createHandler } from "../../../supabase/functions/braze-scheduler/handler.ts";
import type { Fixture } from "../../../supabase/functions/_shared/store/planning.ts";
import { at, ledgerIdOf } from "../../support/facts.ts";
import { brazeTemplate } from "../../support/braze_liquid.ts";
import { campaignDetails, failed, succeeded, timedOut } from "../../support/fake_braze.ts";
import { refusals, RUN_ID } from "../../support/fake_store.ts";
import {
  type Answered,
  cron,
  fakeWorld,
  post,
  type World,
  type WorldOptions,
} from "../../support/fake_world.ts";
import { match, row, settings, teams, wanted } from "../../support/matches.ts";

interface Ran extends World {
  readonly answer: Answered;
}

async function run(
  fixtures: readonly Fixture[],
  options: WorldOptions = {},
  body: unknown = "",
): Promise<Ran> {
  const planInput = { fixtures: [...fixtures], teams, ...options.planInput };
  const world = fakeWorld({ ...options, planInput });
  const answer = await post(createHandler(world.dependencies), body);
  return { ...world, answer };
}

const WRITES = [
  "journal.openCreate",
  "journal.openUpdate",
  "journal.openDelete",
  "journal.openSendId",
  "journal.cancelLedger",
  "braze.create",
  "braze.update",
  "braze.delete",
  "braze.sendId",
];
const three = [
  match({ matchId: 1 }),
  match({ matchId: 2, kickoffAt: at("17:30:00") }),
  match({ matchId: 3, kickoffAt: at("20:00:00") }),
];

/** The matches of which a create was sent to Braze, in order. */
function created({ said }: World): unknown[] {
  const calls = said("braze.create") as {
    readonly body: { readonly trigger_properties: { readonly match_id: string } };
  }[];
  return calls.map(({ body }) => Number(body.trigger_properties.match_id));
}

/** The rules of the alerts, but for the one that the matches of these tests raise by their equal teams. */
function told({ alerts }: World): string[] {
  return alerts.map(({ rule }) => rule).filter((rule) => rule !== "same_fixture_twice");
}

Deno.test("braze-scheduler closes the open attempts of dead runs before it plans", async () => {
  const { calls } = await run([]);
  deepStrictEqual(calls.slice(0, 3), ["runs.claim", "journal.giveUp", "planning.holdSuccessors"]);
});

Deno.test("braze-scheduler loads matches from yesterday to the last kick-off of the horizon", async () => {
  const { said } = await run([]);
  deepStrictEqual(said("planning.load"), [{
    from: new Date("2024-12-06T06:00:00Z"),
    until: new Date("2024-12-14T07:00:00Z"),
    matchIds: null,
    now: at("06:00:00"),
  }]);
});

Deno.test("braze-scheduler plans the matches that a person names, and no others", async () => {
  const { said } = await run([], {}, { match_ids: [7, 8] });
  const [window] = said("planning.load") as { readonly matchIds: unknown }[];
  deepStrictEqual(window?.matchIds, [7, 8]);
});

for (const match_ids of [[], [-1], [1.5], ["1"], "1"]) {
  Deno.test(`braze-scheduler refuses match_ids ${JSON.stringify(match_ids)}`, async () => {
    strictEqual((await run([], {}, { match_ids })).answer.status, 400);
  });
}

Deno.test("braze-scheduler creates schedules, soonest first, and answers what it did", async () => {
  const world = await run([...three.toReversed(), match({ matchId: 4, status: "postponed" })]);
  deepStrictEqual(created(world), [1, 2, 3]);
  deepStrictEqual(world.answer.body, {
    run_id: RUN_ID,
    outcome: "succeeded",
    dry_run: false,
    timing: {
      send_lead_seconds: 3_600,
      freeze_seconds: 900,
      create_lead_seconds: 180,
      horizon_seconds: 604_800,
    },
    matches: 4,
    planned: {
      create: 3,
      move: 0,
      recreate: 0,
      reactivate: 0,
      supersede: 0,
      delete: 0,
      cancel: 0,
      skip: 1,
      frozen: 0,
    },
    skipped: { match_postponed: 1 },
    given_up: 0,
    held: 0,
    done: { created: 3 },
  });
  deepStrictEqual(world.logs.map(({ action, matchId }) => [action, matchId]), [
    ["schedule_created", 1],
    ["schedule_created", 2],
    ["schedule_created", 3],
  ]);
});

Deno.test("braze-scheduler changes nothing in a dry run, and returns its plan", async () => {
  const moved = match({ matchId: 2, kickoffAt: at("19:00:00"), ledger: row() });
  const late = match({ matchId: 3, kickoffAt: at("07:03:00") });
  const world = await run([match(), moved, late], {}, { dry_run: true });
  deepStrictEqual(world.calls, ["runs.claim", "planning.load", "runs.finish"]);
  strictEqual(world.answer.body.dry_run, true);
  deepStrictEqual(world.answer.body.plan, [
    {
      match_id: 3,
      action: "frozen",
      reason: "create_inside_freeze",
      alerts: ["Match 3 Arsenal–Chelsea: became known too late to be scheduled safely"],
    },
    { match_id: 1, action: "create", send_at: "2024-12-07T14:00:00.000Z" },
    {
      match_id: 2,
      action: "recreate",
      send_at: "2024-12-07T18:00:00.000Z",
      schedule_id: "schedule-1",
    },
  ]);
});

Deno.test("braze-scheduler alerts on an unknown create, and does not try again", async () => {
  const world = await run([match()], { braze: { create: () => timedOut } });
  deepStrictEqual(created(world), [1]);
  deepStrictEqual(world.alerts.map((alert) => alert.fingerprint), ["create_unknown:1:1"]);
  deepStrictEqual(world.answer.body.done, { unknown: 1 });
  strictEqual(world.answer.body.outcome, "partial");
});

Deno.test("braze-scheduler continues with the other matches after a create that failed", async () => {
  let calls = 0;
  const create = () => ++calls === 1 ? failed("rejected", 400) : timedOut;
  const world = await run(three, { braze: { create } });
  deepStrictEqual(created(world), [1, 2, 3]);
  deepStrictEqual(world.answer.body.done, { failed: 1, unknown: 2 });
});

Deno.test("braze-scheduler starts no step after its deadline, and reports that it is not done", async () => {
  const world = await run(three, {
    during: (call, { clock }) => {
      if (call === "braze.create") clock.advance(30_000);
    },
  });
  deepStrictEqual(created(world), [1, 2]);
  strictEqual(world.answer.body.outcome, "partial");
  deepStrictEqual(world.answer.body.done, { created: 2, deferred: 1 });
});

Deno.test("braze-scheduler reports that it is not done if Braze's rate limits stopped it", async () => {
  const create = () => failed("rate_limited", 429);
  const world = await run([match()], { braze: { create } });
  strictEqual(world.answer.body.outcome, "partial");
  deepStrictEqual(world.alerts, []);
});

Deno.test("braze-scheduler checks the freeze window again before each step", async () => {
  const soon = match({
    kickoffAt: at("07:15:10"),
    ledger: row({}, { state: "deleted", sendAt: at("06:15:10"), changedAt: at("05:00:00") }),
  });
  const sooner = match({ matchId: 2, kickoffAt: at("07:15:05") });
  const world = await run([soon, sooner], {
    during: (call, { clock }) => {
      if (call === "braze.create") clock.advance(20_000);
    },
  });
  deepStrictEqual(created(world), [2]);
  deepStrictEqual(world.answer.body.done, { created: 1, frozen: 1 });
  deepStrictEqual(told(world), ["create_inside_freeze"]);
});

Deno.test("braze-scheduler makes the first schedule of a match inside the freeze window, without a new send id", async () => {
  const late = match({ kickoffAt: at("07:05:00"), sendId: null });
  const world = await run([late]);
  deepStrictEqual(world.answer.body.done, { created: 1 });
  deepStrictEqual(world.said("braze.sendId"), []);
  const [opened] = world.said("journal.openCreate") as { readonly sendId: string | null }[];
  strictEqual(opened?.sendId, null);
  // No try begins from which the answer could come within three minutes of the send.
  const [call] = world.said("braze.create") as { readonly deadline: Date }[];
  deepStrictEqual(call?.deadline, at("06:01:00"));
  const later = await run([{ ...late, kickoffAt: at("07:04:00") }]);
  const [sooner] = later.said("braze.create") as { readonly deadline: Date }[];
  deepStrictEqual(sooner?.deadline, at("06:00:40"));
});

Deno.test("braze-scheduler keeps the send id that a match has when there is no time for a new one", async () => {
  const world = await run([match({ kickoffAt: at("07:05:00") })]);
  const [opened] = world.said("journal.openCreate") as { readonly sendId: string | null }[];
  strictEqual(opened?.sendId, "match-1");
});

Deno.test("braze-scheduler journals no create that has no time left to be made", async () => {
  const first = match({ matchId: 2, kickoffAt: at("07:04:00") });
  const second = match({ kickoffAt: at("07:04:05") });
  const world = await run([first, second], {
    during: (call, { clock }) => {
      if (call === "braze.create") clock.advance(50_000);
    },
  });
  deepStrictEqual(created(world), [2]);
  strictEqual(world.said("journal.openCreate").length, 1);
  deepStrictEqual(world.answer.body.done, { created: 1, frozen: 1 });
  deepStrictEqual(told(world), ["create_inside_freeze"]);
});

const woken = (time: string) => ({
  now: `2024-12-07T${time}Z`,
  caller: { ...cron, scheduledAt: at("13:44:00") },
});

for (
  const [what, wokenAt, from] of [
    ["at once", "13:44:00.300", "13:44:00"],
    ["90 seconds late", "13:45:30", "13:44:00"],
    ["later", "13:45:30.001", "13:45:30.001"],
    ["before its time", "13:43:59.999", "13:43:59.999"],
  ] as const
) {
  Deno.test(`braze-scheduler that woke ${what} plans with ${from} as now`, async () => {
    const body = { function: "braze-scheduler", scheduled_at: "2024-12-07T13:44:00Z" };
    const world = await run([], woken(wokenAt), body);
    await Promise.all(world.background);
    const [window] = world.said("planning.load") as { readonly now: Date }[];
    deepStrictEqual(window?.now, at(from));
  });
}

Deno.test("braze-scheduler checks each call against the clock, and not against its scheduled time", async () => {
  const moved = match({
    kickoffAt: at("16:00:00"),
    ledger: row({}, { sendAt: at("13:59:30") }),
  });
  const body = { function: "braze-scheduler", scheduled_at: "2024-12-07T13:44:00Z" };
  const world = await run([moved], woken("13:44:31"), body);
  await Promise.all(world.background);
  deepStrictEqual(world.said("braze.update"), []);
  deepStrictEqual(world.alerts.map(({ rule }) => rule), ["change_inside_freeze"]);
});

const off = (matchId: number, changes = {}) =>
  match({ matchId, status: "postponed", ledger: row(), ...changes });
const many = [1, 2, 3].map((matchId) => off(matchId));
const changesAllowed = { removals: 2, remakes: 2 };

Deno.test("braze-scheduler takes off nothing when too many matches are off at once, marks them first, and alerts", async () => {
  const world = await run([...many, match({ matchId: 4 })], { planInput: { changesAllowed } });
  deepStrictEqual(world.said("braze.delete"), []);
  deepStrictEqual(created(world), [4]);
  deepStrictEqual(world.said("planning.holdChanges"), [{
    lease: { runId: RUN_ID, leaseSeconds: 180 },
    removals: [1, 2, 3],
    remakes: [],
    matchIds: null,
    now: at("06:00:00"),
  }]);
  ok(world.calls.indexOf("planning.holdChanges") < world.calls.indexOf("journal.openCreate"));
  deepStrictEqual(world.alerts.map(({ rule }) => rule), ["removals_held"]);
  deepStrictEqual(world.answer.body.skipped, { removal_held: 3 });
});

Deno.test("braze-scheduler carries out what a person confirms, in the same run", async () => {
  const confirmed = { heldAt: at("05:55:00"), kind: "removal", confirmed: true } as const;
  const fixtures = many.map((fixture) => ({ ...fixture, held: confirmed }));
  const confirm_removals = { match_ids: [1, 2, 3], reason: "The pitch is frozen" };
  const world = await run(fixtures, { planInput: { changesAllowed } }, { confirm_removals });
  deepStrictEqual(
    world.said("verbs.confirmRemovals"),
    [1, 2, 3].map((matchId) => ({
      matchId,
      reason: "The pitch is frozen",
      actorKind: "secret_key",
      actorId: null,
      runId: RUN_ID,
      dryRun: false,
      now: at("06:00:00"),
    })),
  );
  ok(world.calls.indexOf("verbs.confirmRemovals") < world.calls.indexOf("planning.load"));
  strictEqual(world.said("braze.delete").length, 3);
  deepStrictEqual(
    world.answer.body.verbs,
    [1, 2, 3].map((match_id) => ({
      verb: "confirm_removals",
      match_id,
      done: true,
      refused: null,
      next: "this run carries out what was held",
    })),
  );
});

Deno.test("braze-scheduler shows in a dry run what a confirmation would carry out", async () => {
  const waiting = { heldAt: at("05:55:00"), kind: "removal", confirmed: false } as const;
  const fixtures = many.map((fixture) => ({ ...fixture, held: waiting }));
  const confirm_removals = { match_ids: [1, 2], reason: "The pitch is frozen" };
  const { answer, said } = await run(fixtures, { planInput: { changesAllowed } }, {
    confirm_removals,
    dry_run: true,
  });
  const plan = answer.body.plan as { readonly action: string; readonly match_id: number }[];
  deepStrictEqual(plan.map(({ match_id, action }) => [match_id, action]), [
    [1, "cancel"],
    [2, "cancel"],
    [3, "skip"],
  ]);
  deepStrictEqual(said("planning.holdChanges"), []);
});

for (
  const confirm_removals of [
    {},
    { match_ids: [1] },
    { match_ids: [], reason: "x" },
    { match_ids: [1], reason: " " },
    { match_ids: "all", reason: "x" },
  ]
) {
  Deno.test(`braze-scheduler refuses confirm_removals ${JSON.stringify(confirm_removals)}`, async () => {
    strictEqual((await run([], {}, { confirm_removals })).answer.status, 400);
  });
}

Deno.test("braze-scheduler judges rules over several matches only in a run over all of them", async () => {
  const judged = async (body: unknown) => {
    const { said } = await run([], {}, body);
    const [sync] = said("alertsAndLogs.syncAlerts") as { readonly rules: readonly string[] }[];
    return ["removals_held", "remakes_held", "same_fixture_twice", "teams_empty"]
      .filter((rule) => sync?.rules.includes(rule));
  };
  deepStrictEqual((await judged("")).length, 4);
  deepStrictEqual(await judged({ match_ids: [1] }), []);
});

Deno.test("braze-scheduler keeps all schedules and alerts when teams is empty", async () => {
  const fixtures = [1, 2].map((matchId) => match({ matchId, ledger: row() }));
  const world = await run(fixtures, { planInput: { teams: [] } });
  deepStrictEqual(world.answer.body.skipped, { unknown_team: 2 });
  ok(world.alerts.some(({ rule, severity }) => rule === "teams_empty" && severity === "critical"));
  const quiet = await run([match({ status: "postponed" })], { planInput: { teams: [] } });
  deepStrictEqual(quiet.alerts, []);
});

Deno.test("braze-scheduler still cancels a send that entered the freeze window during the run", async () => {
  const first = match({ matchId: 2, kickoffAt: at("07:15:05") });
  const off = match({
    kickoffAt: at("07:15:10"),
    status: "postponed",
    ledger: row({}, { sendAt: at("06:15:10") }),
  });
  const world = await run([first, off], {
    during: (call, { clock }) => {
      if (call === "braze.create") clock.advance(20_000);
    },
  });
  deepStrictEqual(world.answer.body.done, { created: 1, cancelled: 1 });
});

Deno.test("braze-scheduler skips a match that another process resolved meanwhile", async () => {
  let opened = 0;
  const world = await run(three, {
    journal: {
      openCreate: ({ attemptId, matchId, request }) => {
        if (++opened === 2) return Promise.reject(refusals.conflict);
        return Promise.resolve({
          attemptId,
          ledgerId: ledgerIdOf(matchId),
          generation: 1,
          request,
        });
      },
    },
  });
  strictEqual(world.answer.status, 200);
  deepStrictEqual(created(world), [1, 3]);
  deepStrictEqual(world.answer.body.done, { created: 2, conflict: 1 });
  const entry = world.logs.find(({ action }) => action === "step_conflict");
  strictEqual(entry?.matchId, 2);
});

for (
  const [what, error, status] of [
    ["its lease is lost", refusals.leaseLost, 500],
    ["the database becomes unavailable", refusals.unavailable, 503],
    ["the database is broken", refusals.broken, 500],
  ] as const
) {
  Deno.test(`braze-scheduler stops when ${what}, and reports its progress until then`, async () => {
    const late = match({ matchId: 9, kickoffAt: at("07:03:00") });
    let opened = 0;
    const world = await run([...three, late], {
      journal: {
        openCreate: ({ attemptId, matchId, request }) => {
          if (++opened === 2) return Promise.reject(error);
          const ledgerId = ledgerIdOf(matchId);
          return Promise.resolve({ attemptId, ledgerId, generation: 1, request });
        },
      },
    });
    strictEqual(world.answer.status, status);
    deepStrictEqual(created(world), [1]);
    deepStrictEqual(told(world), ["create_inside_freeze"]);
    deepStrictEqual(world.logs.map(({ action }) => action), ["frozen", "schedule_created"]);
    const [finished] = world.said("runs.finish") as { readonly outcome: string }[];
    strictEqual(finished?.outcome, "failed");
  });
}

Deno.test("braze-scheduler writes its log in parts, and each part once", async () => {
  const many = Array.from({ length: 120 }, (_, index) => match({ matchId: index + 1 }));
  const world = await run(many);
  strictEqual(world.said("alertsAndLogs.writeLogs").length, 3);
  deepStrictEqual(world.logs.map(({ matchId }) => matchId), many.map(({ matchId }) => matchId));
});

Deno.test("braze-scheduler gives send ids to the soonest matches, within the budget", async () => {
  const fixtures = three.map((fixture) => ({ ...fixture, sendId: null }));
  const world = await run(fixtures.toReversed(), { planInput: { sendIdsUsed: 98 } });
  const opened = world.said("journal.openCreate") as { readonly sendId: string | null }[];
  deepStrictEqual(opened.map(({ sendId }) => sendId), ["match-1", "match-2", null]);
  const entry = world.logs.find(({ action }) => action === "scheduled_without_send_id");
  strictEqual(entry?.matchId, 3);
});

Deno.test("braze-scheduler counts the open attempts of dead runs", async () => {
  const attempt = { kind: "create" as const, matchId: 1, generation: 1 };
  const giveUp = () => Promise.resolve([attempt, attempt]);
  const { answer } = await run([], { journal: { giveUp } });
  strictEqual(answer.body.given_up, 2);
});

Deno.test("braze-scheduler opens no attempt for a match that is as wanted", async () => {
  const { calls, alerts, logs } = await run([match({ ledger: row() })]);
  ok(calls.every((call) => !WRITES.includes(call)));
  deepStrictEqual([alerts, logs], [[], []]);
});

for (
  const [what, answer, done] of [
    ["has no answer", timedOut, { unknown: 2, deferred: 3 }],
    ["must wait", failed("rate_limited", 429), { deferred: 5 }],
  ] as const
) {
  Deno.test(`braze-scheduler leaves a run to the next one after two creates in a row that ${what}`, async () => {
    const five = [1, 2, 3, 4, 5].map((matchId) => match({ matchId }));
    const world = await run(five, { braze: { create: () => answer } });
    deepStrictEqual(created(world), [1, 2]);
    strictEqual(world.said("journal.openCreate").length, 2, "nothing is opened for the others");
    deepStrictEqual(world.answer.body.done, done);
    strictEqual(world.answer.body.outcome, "partial");
    strictEqual(world.answer.body.braze_ill, answer.outcome === "succeeded" ? "" : answer.detail);
    strictEqual(world.said("alertsAndLogs.syncAlerts").length, 0, "no alert is resolved unseen");
  });
}

for (
  const [what, braze, expected] of [
    ["while reads have no answer", { campaign: () => timedOut }, []],
    ["while even one that makes nothing has no answer", { nothing: timedOut }, []],
    ["that has no answer either", { create: () => timedOut }, [1]],
    ["and then the rest", {}, [1, 2, 3]],
  ] as const
) {
  Deno.test(`after a run that was stopped, braze-scheduler tries one create ${what}`, async () => {
    const three = [1, 2, 3].map((matchId) => match({ matchId }));
    const world = await run(three, { braze, planInput: { wasIll: true } });
    deepStrictEqual(created(world), expected);
    strictEqual(world.said("journal.openCreate").length, expected.length);
    strictEqual(world.answer.body.braze_ill === undefined, expected.length === three.length);
  });
}

Deno.test("while even a create that makes nothing has no answer, a match that cannot wait is tried", async () => {
  const soon = match({ matchId: 1, kickoffAt: at("07:40:00") });
  const world = await run([soon, match({ matchId: 2 })], {
    braze: { nothing: timedOut },
    planInput: { wasIll: true },
  });
  deepStrictEqual(created(world), [1]);
  deepStrictEqual(world.answer.body.done, { created: 1, deferred: 1 });
});

Deno.test("while creates alone have no answer, braze-scheduler moves and deletes, and makes nothing anew", async () => {
  const moved = match({ matchId: 1, ledger: row({}, { sendAt: at("13:00:00") }) });
  const off = match({ matchId: 2, status: "cancelled", ledger: row() });
  const world = await run([moved, off, match({ matchId: 3 })], {
    braze: { nothing: timedOut, update: failed("rejected", 400) },
    planInput: { wasIll: true },
  });
  deepStrictEqual(world.answer.body.done, { failed: 1, cancelled: 1, deferred: 1 });
  deepStrictEqual(
    ["braze.update", "braze.delete", "braze.create"].map((call) => world.said(call).length),
    [1, 1, 0],
  );
});

Deno.test("braze-scheduler asks for no more send ids after two in a row without an answer", async () => {
  const fixtures = [1, 2, 3].map((matchId) => match({ matchId, sendId: null }));
  const world = await run(fixtures, { braze: { sendId: timedOut } });
  strictEqual(world.said("braze.sendId").length, 2);
  deepStrictEqual(created(world), [1, 2, 3]);
  const without = world.logs.filter(({ action }) => action === "scheduled_without_send_id");
  deepStrictEqual(without.map(({ matchId }) => matchId), [1, 2, 3]);
});

Deno.test("braze-scheduler asks for a send id in each campaign", async () => {
  const known = match({ sendIdCampaigns: ["campaign-before"] });
  const world = await run([known]);
  deepStrictEqual(world.said("journal.openSendId").length, 1);
  const again = await run([match()]);
  deepStrictEqual(again.said("journal.openSendId"), []);
});

for (
  const [what, sendGate, ledger, campaigns] of [
    [
      "behind a closed gate, for each campaign with a live schedule",
      "fail_closed",
      row({}, {
        campaignId: "campaign-before",
      }),
      2,
    ],
    ["not without a schedule that has a token", "fail_closed", row({}, { gated: false }), 0],
    ["not behind an open gate", "fail_open", row(), 0],
  ] as const
) {
  Deno.test(`braze-scheduler reads campaign details ${what}`, async () => {
    const world = await run([match({ ledger })], { environment: { sendGate } });
    strictEqual(world.said("braze.campaign").length, campaigns);
  });
}

for (
  const [what, seconds, done] of [
    ["in time", 0, "superseded"],
    ["too late since the run began", 31, "frozen"],
  ] as const
) {
  Deno.test(`braze-scheduler checks again before a replacement: ${what}`, async () => {
    const { signature } = wanted(match(), { ...settings, sendGate: "fail_closed" });
    const messages = { a: { channel: "ios_push", alert: await brazeTemplate("gate_fail_closed") } };
    const first = match({ matchId: 2, kickoffAt: at("07:20:00") });
    const reworded = match({
      triggerProperties: { title: "Derby" },
      kickoffAt: at("07:45:30"),
      ledger: row({ signature }, { sendAt: at("06:45:30") }),
    });
    const world = await run([first, reworded], {
      environment: { sendGate: "fail_closed" },
      braze: { campaign: () => succeeded(campaignDetails({ messages })) },
      during: (call, { clock }) => {
        if (call === "braze.create") clock.advance(seconds * 1_000);
      },
    });
    deepStrictEqual(world.answer.body.done, { created: 1, [done]: 1 });
  });
}
