/** A schedule that was to be deleted and is wanted again: kept only where no delete can have been carried out. */
import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import {
  close,
  endRun,
  LEASE_SECONDS,
  minutes,
  NOW,
  type OpenedCreate,
  refusal,
  scheduledMatch,
  scheduleRow,
  seconds,
  type Suite,
  withSuite,
} from "./fixtures.ts";

const MATCH = 1001;
type Target = OpenedCreate & { readonly runId: string };

interface Delete {
  readonly outcome: "succeeded" | "failed" | "unknown";
  readonly status?: number;
  readonly resolvedAs?: string;
}

/** A match whose schedule was to be deleted, again and again. */
async function deleted(suite: Suite, ...deletes: readonly Delete[]): Promise<Target> {
  const target = await scheduledMatch(suite, MATCH);
  for (const [index, { outcome, status, resolvedAs }] of deletes.entries()) {
    const { attempt_id } = await suite.call<{ attempt_id: string }>("open_delete", {
      p_attempt_id: crypto.randomUUID(),
      p_run_id: target.runId,
      p_lease_seconds: LEASE_SECONDS,
      p_ledger_id: target.ledger_id,
      p_generation: 1,
      p_request: {},
      p_reason: "plan",
      p_now: seconds(index),
    });
    await close(suite, attempt_id, outcome, status === undefined ? {} : { http_status: status });
    if (resolvedAs === undefined) continue;
    await suite.sql`
      update public.schedule_attempts set resolved_as = ${resolvedAs}, resolved_at = ${NOW}
      where id = ${attempt_id}`;
  }
  return target;
}

function keep({ call }: Suite, { runId, ledger_id }: Target, generation = 1): Promise<boolean> {
  return call<boolean>("reactivate_schedule", {
    p_run_id: runId,
    p_lease_seconds: LEASE_SECONDS,
    p_ledger_id: ledger_id,
    p_generation: generation,
    p_now: seconds(30),
  });
}

async function deleteFailedInPlan({ call }: Suite): Promise<boolean> {
  const { matches } = await call<
    { matches: { ledger: { schedules: { delete_failed: boolean }[] } }[] }
  >("load_plan_input", { p_from: minutes(-60), p_until: minutes(6_000), p_now: seconds(30) });
  return matches[0]!.ledger.schedules[0]!.delete_failed;
}

const FAILED: Delete = { outcome: "failed", status: 403 };

for (
  const [what, deletes, isThere] of [
    ["was refused", [FAILED], true],
    ["was not sent", [{ outcome: "failed" }], true],
    ["was refused twice", [FAILED, { outcome: "failed", status: 429 }], true],
    ["got no answer", [{ outcome: "unknown" }], false],
    ["got no answer, before one that was refused", [{ outcome: "unknown" }, FAILED], false],
    [
      "got no answer, before a list showed the schedule",
      [{ outcome: "unknown", resolvedAs: "listed" }, FAILED],
      true,
    ],
    [
      "was answered 404, before one that was refused",
      [{ outcome: "failed", status: 404 }, FAILED],
      false,
    ],
  ] as [string, readonly Delete[], boolean][]
) {
  Deno.test(
    `reactivate_schedule() of a schedule whose delete ${what} ${
      isThere ? "keeps it" : "does nothing"
    }`,
    withSuite(async (suite) => {
      const target = await deleted(suite, ...deletes);
      strictEqual(await deleteFailedInPlan(suite), isThere);
      strictEqual(await keep(suite, target), isThere);
      const { state } = await scheduleRow(suite, target);
      strictEqual(state, isThere ? "live" : "deleting");
      const logs = await suite.sql`
        select logged_at, function_name, action, match_id, run_id, details from public.scheduler_logs`;
      deepStrictEqual(
        logs.map((log) => ({ ...log })),
        isThere
          ? [{
            logged_at: seconds(30),
            function_name: "braze-scheduler",
            action: "schedule_kept",
            match_id: String(MATCH),
            run_id: target.runId,
            details: { generation: 1 },
          }]
          : [],
      );
    }),
  );
}

Deno.test(
  "reactivate_schedule() called again returns the same answer and logs once",
  withSuite(async (suite) => {
    const target = await deleted(suite, FAILED);
    deepStrictEqual([await keep(suite, target), await keep(suite, target)], [true, true]);
    strictEqual((await suite.sql`select from public.scheduler_logs`).length, 1);
    strictEqual(await deleteFailedInPlan(suite), false);
  }),
);

Deno.test(
  "reactivate_schedule() does nothing for a row that has a newer generation, is cancelled, or is missing",
  withSuite(async (suite) => {
    const target = await deleted(suite, FAILED);
    strictEqual(await keep(suite, target, 2), false);
    await suite.sql`
      update public.schedule_ledger set status = 'cancelled', cancel_reason = 'operator'`;
    strictEqual(await keep(suite, target), false);
    strictEqual((await scheduleRow(suite, target)).state, "deleting");
  }),
);

Deno.test(
  "reactivate_schedule() refuses a run without its lease",
  withSuite(async (suite) => {
    const target = await deleted(suite, FAILED);
    await endRun(suite, target.runId);
    await rejects(keep(suite, target), refusal("lease_lost"));
    strictEqual((await scheduleRow(suite, target)).state, "deleting");
  }),
);
