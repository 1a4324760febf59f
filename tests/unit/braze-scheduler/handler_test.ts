import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { createHandler } from "../../../supabase/functions/braze-scheduler/handler.ts";
import type { Fixture } from "../../../supabase/functions/_shared/store/planning.ts";
import { at, ledgerIdOf } from "../../support/facts.ts";
import { brazeTemplate } from "../../support/braze_liquid.ts";
import { campaignDetails, failed, succeeded, timedOut } from "../../support/fake_braze.ts";
import { refusals, RUN_ID } from "../../support/fake_store.ts";
import {
  type Answered,
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
  const late = match({ matchId: 3, kickoffAt: at("07:10:00") });
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
  const soon = match({ kickoffAt: at("07:15:10") });
  const sooner = match({ matchId: 2, kickoffAt: at("07:15:05") });
  const world = await run([soon, sooner], {
    during: (call, { clock }) => {
      if (call === "braze.create") clock.advance(20_000);
    },
  });
  deepStrictEqual(created(world), [2]);
  deepStrictEqual(world.answer.body.done, { created: 1, frozen: 1 });
  deepStrictEqual(world.alerts.map((alert) => alert.fingerprint), ["create_inside_freeze:1"]);
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
    const late = match({ matchId: 9, kickoffAt: at("07:10:00") });
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
    deepStrictEqual(world.alerts.map((alert) => alert.rule), ["create_inside_freeze"]);
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
