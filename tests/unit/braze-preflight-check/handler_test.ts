import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type {
  NearSend,
  PreflightCheck,
} from "../../../supabase/functions/_shared/store/preflight.ts";
import { createHandler } from "../../../supabase/functions/braze-preflight-check/handler.ts";
import { brazeTemplate } from "../../support/braze_liquid.ts";
import { CAMPAIGN, ledgerIdOf, OTHER_CAMPAIGN } from "../../support/facts.ts";
import { campaignDetails, succeeded, timedOut } from "../../support/fake_braze.ts";
import { refusals, RUN_ID } from "../../support/fake_store.ts";
import {
  type Answered,
  cron,
  fakeWorld,
  post,
  type World,
  type WorldOptions,
} from "../../support/fake_world.ts";
import { teams } from "../../support/matches.ts";
import { nearSend } from "../../support/near_sends.ts";

interface Ran extends World {
  readonly answer: Answered;
}

async function run(
  sends: readonly NearSend[],
  options: WorldOptions = {},
  body: unknown = "",
): Promise<Ran> {
  const world = fakeWorld({
    functionName: "braze-preflight-check",
    now: "2024-12-07T13:50:30Z",
    ...options,
    preflight: {
      load: () => Promise.resolve({ sends: [...sends], teams }),
      ...options.preflight,
    },
  });
  const answer = await post(createHandler(world.dependencies), body);
  return { ...world, answer };
}

function listing(...sends: NearSend[]) {
  return succeeded(sends.map(({ fixture, dispatchId, sendId }) => ({
    campaignId: CAMPAIGN,
    scheduleId: `schedule-${fixture.matchId}`,
    isCanvas: false,
    sendAt: null,
    triggerProperties: null,
    dispatchId,
    sendId,
  })));
}

const WRITES = [
  "observations.record",
  "observations.cancelAbsent",
  "preflight.raiseMissed",
  "preflight.raiseUnwanted",
  "preflight.note",
  "preflight.noteShutOut",
  "alertsAndLogs.syncAlerts",
  "alertsAndLogs.raiseAlerts",
  "alertsAndLogs.writeLogs",
];
const one = nearSend({ matchId: 1 });
const two = nearSend({ matchId: 2 });

Deno.test("braze-preflight-check loads whole minutes, since cron runs some seconds late", async () => {
  const asked: unknown[] = [];
  await run([], {
    preflight: {
      load: (window) => {
        asked.push(window);
        return Promise.resolve({ sends: [], teams: [] });
      },
    },
  });
  deepStrictEqual(asked, [{
    from: new Date("2024-12-07T13:55:00Z"),
    until: new Date("2024-12-07T14:05:00Z"),
    now: new Date("2024-12-07T13:50:30Z"),
  }]);
});

Deno.test("braze-preflight-check answers the counts of its results", async () => {
  const world = await run([one, two], { braze: { listing: listing(one) } });
  deepStrictEqual(world.answer.body, {
    run_id: RUN_ID,
    outcome: "succeeded",
    dry_run: false,
    listing_mode: "per_schedule",
    checked: 2,
    ok: 1,
    not_contradicted: 0,
    absent: 0,
    unknown: 1,
    campaign_stopped: 0,
    changed: 0,
    no_schedule_id: 0,
    ids_captured: 0,
  });
  deepStrictEqual(world.logs.map(({ action, matchId }) => [action, matchId]), [
    ["preflight_unknown", 2],
  ]);
});

Deno.test("braze-preflight-check looks at Braze while no send is near, and checks nothing", async () => {
  const world = await run([]);
  deepStrictEqual(
    world.calls.filter((call) => call.startsWith("braze.") || call === "preflight.note"),
    ["braze.list", "braze.campaign"],
  );
  strictEqual(world.answer.body.listing_mode, "empty");
});

Deno.test("braze-preflight-check requests the list once, and each campaign once", async () => {
  const other = nearSend({ matchId: 3, ledger: { campaignId: OTHER_CAMPAIGN } });
  const { said, calls } = await run([one, two, other], {
    braze: { listing: listing(one, two) },
    observations: {
      toObserve: () =>
        Promise.resolve({ campaignIds: [CAMPAIGN, OTHER_CAMPAIGN], lastSendAt: null }),
    },
  });
  strictEqual(calls.filter((call) => call === "braze.list").length, 1);
  deepStrictEqual(
    said("braze.campaign").map((call) => (call as { readonly body: unknown }).body),
    [CAMPAIGN, OTHER_CAMPAIGN],
  );
});

Deno.test("braze-preflight-check is partial without a list, and checks the sends all the same", async () => {
  const { answer, said } = await run([one], { braze: { listing: timedOut } });
  deepStrictEqual([answer.body.outcome, answer.body.unknown], ["partial", 1]);
  strictEqual(said("preflight.note").length, 1);
});

Deno.test("braze-preflight-check waits for Braze at most 15 seconds, since the sends must be checked without it, too", async () => {
  const { said } = await run([one]);
  const [asked] = said("braze.list") as { readonly deadline: Date }[];
  strictEqual(asked?.deadline.toISOString(), "2024-12-07T13:50:45.000Z");
});

Deno.test("braze-preflight-check raises alerts before it records, since recorded sends are not inspected again", async () => {
  const { calls } = await run([one], { braze: { listing: listing(one) } });
  ok(calls.indexOf("alertsAndLogs.syncAlerts") < calls.indexOf("preflight.note"));
});

Deno.test("braze-preflight-check records each due send once, with the ids that Braze lists", async () => {
  const listedSends = [nearSend({ matchId: 1, dispatchId: "d-1" })];
  const world = await run([one, nearSend({ matchId: 2, isDue: false })], {
    braze: { listing: listing(...listedSends) },
  });
  const [checks] = world.said("preflight.note") as PreflightCheck[][];
  deepStrictEqual(checks, [{
    ledgerId: ledgerIdOf(1),
    generation: 1,
    result: "ok",
    dispatchId: "d-1",
    sendId: "match-1",
  }]);
});

Deno.test("braze-preflight-check counts the ids that it was the first to see", async () => {
  const seen = nearSend({ matchId: 1, dispatchId: "d-1", sendId: "s-1" });
  const braze = { listing: listing(seen) };
  const captured = async (known: Partial<NearSend>) =>
    (await run([{ ...seen, ...known }], { braze })).answer.body.ids_captured;
  strictEqual(await captured({ dispatchId: null, sendId: null }), 2);
  strictEqual(await captured({ dispatchId: "d-0" }), 1);
  strictEqual(await captured({}), 0);
});

Deno.test("braze-preflight-check judges stored events again at its end, whether or not a send is near", async () => {
  for (const sends of [[one], []]) {
    const { calls } = await run(sends, { braze: { listing: listing(one) } });
    const writes = calls.filter((call) => WRITES.includes(call) || call.startsWith("events."));
    strictEqual(writes.at(-1), "events.loadRejudgements");
  }
});

Deno.test("braze-preflight-check stops judging stored events again after 20 seconds", async () => {
  let pages = 0;
  const world: World = fakeWorld({
    functionName: "braze-preflight-check",
    preflight: {
      load: () => Promise.resolve({ sends: [], teams }),
    },
    events: {
      loadRejudgements: () => {
        pages++;
        world.clock.advance(15_000);
        return Promise.resolve({ ids: [1], startedAt: new Date(0), events: [] });
      },
    },
  });
  strictEqual((await post(createHandler(world.dependencies))).body.outcome, "succeeded");
  strictEqual(pages, 2);
});

Deno.test("braze-preflight-check checks nothing after its deadline, and leaves it to the next run", async () => {
  const world = fakeWorld({
    functionName: "braze-preflight-check",
    preflight: {
      load: () => {
        world.clock.advance(60_000);
        return Promise.resolve({ sends: [one], teams });
      },
    },
  });
  const { body } = await post(createHandler(world.dependencies));
  deepStrictEqual([body.outcome, body.checked], ["partial", 0]);
  ok(!world.calls.includes("preflight.note"));
});

Deno.test("braze-preflight-check changes nothing in a dry run", async () => {
  const world = await run([one, two], { braze: { listing: listing(one) } }, { dry_run: true });
  deepStrictEqual(world.calls.filter((call) => WRITES.includes(call)), []);
  deepStrictEqual(
    (world.answer.body.checks as { readonly match_id: number; readonly result: string }[])
      .map(({ match_id, result }) => [match_id, result]),
    [[1, "ok"], [2, "unknown"]],
  );
});

for (const body of [{ match_ids: [1] }, { dry_run: "yes" }, []]) {
  Deno.test(`braze-preflight-check refuses the body ${JSON.stringify(body)}`, async () => {
    strictEqual((await run([], {}, body)).answer.status, 400);
  });
}

Deno.test("braze-preflight-check answers cron at once, and continues", async () => {
  const world = await run([one], { caller: cron, braze: { listing: listing(one) } });
  strictEqual(world.answer.status, 202);
  await Promise.all(world.background);
  strictEqual(world.said("preflight.note").length, 1);
});

Deno.test("braze-preflight-check reports a failure when the database becomes unavailable before it recorded", async () => {
  const world = await run([one], {
    braze: { listing: listing(one) },
    preflight: { note: () => Promise.reject(refusals.unavailable) },
  });
  strictEqual(world.answer.status, 503);
  const [finished] = world.said("runs.finish") as { readonly outcome: string }[];
  strictEqual(finished?.outcome, "failed");
});

Deno.test("braze-preflight-check notes of each campaign whether the send gate shuts schedules out", async () => {
  const other = nearSend({ matchId: 3, ledger: { campaignId: OTHER_CAMPAIGN } });
  const third = nearSend({ matchId: 4, ledger: { campaignId: "campaign-3" } });
  const gate = await brazeTemplate("gate_fail_closed");
  const { said } = await run([one, other, third], {
    observations: {
      toObserve: () =>
        Promise.resolve({
          campaignIds: [CAMPAIGN, OTHER_CAMPAIGN, "campaign-3"],
          lastSendAt: null,
        }),
    },
    braze: {
      campaign: (campaignId) =>
        campaignId === "campaign-3" ? timedOut : succeeded(campaignDetails({
          messages: {
            push: { channel: "ios_push", alert: campaignId === CAMPAIGN ? gate : "Kick-off" },
          },
        })),
    },
  });
  const now = new Date("2024-12-07T13:50:30Z");
  const from = new Date("2024-12-07T13:55:30Z");
  deepStrictEqual(said("preflight.noteShutOut"), [
    { campaignId: CAMPAIGN, failsClosed: true, from, now },
    { campaignId: OTHER_CAMPAIGN, failsClosed: false, from, now },
  ]);
});
