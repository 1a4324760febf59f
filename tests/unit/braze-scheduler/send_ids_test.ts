import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { createSendIds } from "../../../supabase/functions/braze-scheduler/send_ids.ts";
import { at, CAMPAIGN } from "../../support/facts.ts";
import { failed, timedOut } from "../../support/fake_braze.ts";
import { RUN_ID } from "../../support/fake_store.ts";
import { fakeWorld, type WorldOptions } from "../../support/fake_world.ts";
import { match } from "../../support/matches.ts";

function setup(usedIn24Hours: number, options: WorldOptions = {}) {
  const world = fakeWorld(options);
  const { store: { journal }, braze, clock, newId, log } = world.dependencies;
  const lease = { runId: RUN_ID, leaseSeconds: 180 };
  const run = {
    runId: RUN_ID,
    caller: { kind: "secret_key" } as const,
    lease,
    dryRun: false,
    asOf: at("06:00:00"),
    deadline: at("06:01:00"),
    log,
  };
  const stepDependencies = { journal, braze, clock, newId };
  return { ...world, sendIds: createSendIds(usedIn24Hours, CAMPAIGN, run, stepDependencies) };
}

const fresh = (matchId: number) => match({ matchId, sendId: null });

Deno.test("a send id is journalled before and after its call", async () => {
  const { sendIds, calls, said } = setup(0);
  strictEqual(await sendIds.for(fresh(7)), "match-7");
  deepStrictEqual(calls, ["journal.openSendId", "braze.sendId", "journal.close"]);
  deepStrictEqual(said("braze.sendId"), [
    { body: { campaignId: CAMPAIGN, sendId: "match-7" }, deadline: at("06:01:00") },
  ]);
  deepStrictEqual(sendIds.logs, []);
});

Deno.test("a match keeps its send id, and uses nothing of the budget", async () => {
  const { sendIds, calls } = setup(100);
  strictEqual(await sendIds.for(match({ sendId: "match-1" })), "match-1");
  deepStrictEqual(calls, []);
  deepStrictEqual(sendIds.logs, []);
});

Deno.test("a match gets its own send id instead of one that Braze made", async () => {
  const { sendIds, said } = setup(0);
  strictEqual(await sendIds.for(match({ sendId: "made-by-braze" })), "match-1");
  strictEqual(said("braze.sendId").length, 1);
});

Deno.test("the hundredth send id of a day is created, the next is not, and that is logged", async () => {
  const { sendIds, said } = setup(99);
  const made = [await sendIds.for(fresh(1)), await sendIds.for(fresh(2))];
  deepStrictEqual(made, ["match-1", null]);
  strictEqual(said("braze.sendId").length, 1);
  deepStrictEqual(sendIds.logs, [{
    action: "scheduled_without_send_id",
    reason: "100 send ids were created in 24 hours",
    matchId: 2,
    details: {},
  }]);
});

for (
  const [what, answer, outcome] of [
    ["refused", failed("rejected", 400), "failed"],
    ["not answered", timedOut, "unknown"],
  ] as const
) {
  Deno.test(`a push has no send id if its call was ${what}, and that is logged`, async () => {
    const { sendIds, said } = setup(0, { braze: { sendId: answer } });
    strictEqual(await sendIds.for(fresh(1)), null);
    const [closed] = said("journal.close") as { readonly outcome: string }[];
    strictEqual(closed?.outcome, outcome);
    deepStrictEqual(sendIds.logs.map(({ matchId }) => matchId), [1]);
  });

  Deno.test(`a send id whose call was ${what} counts against the budget`, async () => {
    const { sendIds, said } = setup(99, { braze: { sendId: answer } });
    await sendIds.for(fresh(1));
    await sendIds.for(fresh(2));
    strictEqual(said("braze.sendId").length, 1);
  });
}
