/** An unmanaged schedule is journalled before it is deleted, and kept if the journal refuses it. */
import { deepStrictEqual, rejects } from "node:assert/strict";
import {
  type Cancelled,
  cancelUnmanaged,
} from "../../../supabase/functions/braze-reconcile/cancel_unmanaged.ts";
import type { UnmanagedSchedule } from "../../../supabase/functions/braze-reconcile/decisions/unmanaged_schedules.ts";
import { createReconcileContext } from "../../../supabase/functions/braze-reconcile/context.ts";
import { DatabaseError } from "../../../supabase/functions/_shared/store/rpc.ts";
import { at, CAMPAIGN } from "../../support/facts.ts";
import { type Answers, failed, timedOut } from "../../support/fake_braze.ts";
import { refusals, RUN_ID } from "../../support/fake_store.ts";
import { fakeWorld, type World } from "../../support/fake_world.ts";

const DEADLINE = at("06:01:00");

const unmanagedEntry: UnmanagedSchedule = {
  entry: {
    scheduleId: "unmanaged-1",
    campaignId: CAMPAIGN,
    sendAt: at("14:00:00"),
    triggerProperties: null,
    dispatchId: null,
    sendId: null,
  },
  reason: "orphan",
  why: "unknown_match",
  mayCancel: true,
  echo: { matchId: 1001, ledgerId: null, generation: null },
  match: null,
};

interface Answer {
  readonly braze?: Answers;
  readonly refusal?: DatabaseError;
}

async function cancel({ braze = {}, refusal }: Answer): Promise<[Cancelled, World]> {
  const world = fakeWorld({
    functionName: "braze-reconcile",
    braze,
    ...(refusal === undefined
      ? {}
      : { reconciliation: { openUnmanagedDelete: () => Promise.reject(refusal) } }),
  });
  const context = createReconcileContext(world.dependencies, {
    runId: RUN_ID,
    lease: { runId: RUN_ID, leaseSeconds: 180 },
    caller: { kind: "secret_key" },
    dryRun: false,
    asOf: DEADLINE,
    deadline: DEADLINE,
    log: world.dependencies.log,
  });
  return [await cancelUnmanaged(unmanagedEntry, context), world];
}

for (
  const [what, answer, cancelled, outcome] of [
    ["that Braze deletes", {}, "cancelled", "succeeded"],
    ["that Braze does not know", { delete: failed("rejected", 404) }, "refused", "failed"],
    ["that Braze refuses to delete", { delete: failed("rejected", 403) }, "failed", "failed"],
    ["that must wait", { delete: failed("rate_limited", 429) }, "deferred", "failed"],
    ["that times out", { delete: timedOut }, "unknown", "unknown"],
    [
      "that Braze does not know after an answer was lost",
      { delete: failed("rejected", 404, true) },
      "unknown",
      "unknown",
    ],
  ] as const
) {
  Deno.test(`cancelUnmanaged() reports an unmanaged schedule ${what} as ${cancelled}, and journals before and after`, async () => {
    const [result, { calls, said, logs }] = await cancel({ braze: answer });
    deepStrictEqual(result, cancelled);
    deepStrictEqual(calls, [
      "reconciliation.openUnmanagedDelete",
      "braze.delete",
      "journal.close",
      "alertsAndLogs.writeLogs",
    ]);
    const closed = said("journal.close").map((one) => (one as { outcome: string }).outcome);
    deepStrictEqual(closed, [outcome]);
    deepStrictEqual(
      logs.map(({ action, matchId }) => [action, matchId]),
      [[`orphan_${cancelled}`, 1001]],
    );
  });
}

Deno.test("cancelUnmanaged() deletes the journalled schedule before the deadline of the run", async () => {
  const [, { said }] = await cancel({});
  const [opened] = said("reconciliation.openUnmanagedDelete");
  const { brazeScheduleId, reason, matchId, request } = opened as Record<string, unknown>;
  deepStrictEqual([brazeScheduleId, reason, matchId, request], [
    "unmanaged-1",
    "orphan",
    1001,
    { campaign_id: CAMPAIGN, schedule_id: "unmanaged-1" },
  ]);
  deepStrictEqual(said("braze.delete"), [{
    body: { campaignId: CAMPAIGN, scheduleId: "unmanaged-1" },
    deadline: DEADLINE,
  }]);
});

Deno.test("cancelUnmanaged() keeps a schedule that the journal refuses, does not call Braze and logs the reason", async () => {
  const [result, { calls, logs }] = await cancel({ refusal: refusals.conflict });
  deepStrictEqual([result, calls], ["conflict", ["alertsAndLogs.writeLogs"]]);
  deepStrictEqual(logs.map(({ action }) => action), ["orphan_spared"]);
});

for (
  const [what, refusal] of [
    ["the lease is lost", refusals.leaseLost],
    ["the database is away", refusals.unavailable],
  ] as const
) {
  Deno.test(`cancelUnmanaged() ends the run when ${what}`, async () => {
    await rejects(cancel({ refusal }), refusal);
  });
}
