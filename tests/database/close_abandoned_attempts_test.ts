import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  attemptRow,
  endRun,
  LEASE_SECONDS,
  NOW,
  scheduleRow,
  seconds,
  startRun,
  withSuite,
} from "./fixtures.ts";
import { MATCH, openedCreate } from "./attempts.ts";

Deno.test(
  "close_abandoned_attempts() closes the open attempts of dead runs as unknown, and no others",
  withSuite(async (suite) => {
    const { call } = suite;
    const opened = await openedCreate(suite);
    const dead = await attemptRow(suite, opened.attempt_id);
    const giveUp = (runId: string) =>
      call<Record<string, unknown>[]>("close_abandoned_attempts", { p_run_id: runId, p_now: NOW });

    deepStrictEqual(await giveUp(String(dead.run_id)), [], "a run does not give up its own");
    const reconcile = await call<{ run_id: string }>("claim_run", {
      p_function: "braze-reconcile",
      p_caller: "secret_key",
      p_dry_run: false,
      p_lease_seconds: LEASE_SECONDS,
      p_now: NOW,
    });
    deepStrictEqual(await giveUp(reconcile.run_id), [], "its run is alive");

    await endRun(suite, String(dead.run_id));
    const next = await startRun(suite, seconds(1));
    deepStrictEqual(await giveUp(next), [{
      attempt_id: opened.attempt_id,
      kind: "create",
      match_id: MATCH,
      generation: 1,
    }]);
    const attempt = await attemptRow(suite, opened.attempt_id);
    deepStrictEqual(
      [attempt.outcome, attempt.detail],
      ["unknown", "The run ended before the answer came"],
    );
    strictEqual((await scheduleRow(suite, opened)).state, "unknown");
    deepStrictEqual(await giveUp(next), [], "once");
  }),
);
