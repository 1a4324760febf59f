import { rejects, strictEqual } from "node:assert/strict";
import { endRun, minutes, refusal, scheduledMatch, scheduleRow, withSuite } from "../fixtures.ts";
import { type Arguments, attempts, openDelete, opening, openUpdate } from "../changes.ts";

Deno.test(
  "open_update(), open_delete() and open_send_id() called again write nothing",
  withSuite(async (suite) => {
    const target = await scheduledMatch(suite);
    const calls = [
      (args: Arguments) => openUpdate(suite, target, args),
      (args: Arguments) => openDelete(suite, target, args),
      (args: Arguments) =>
        suite.call<{ attempt_id: string }>("open_send_id", {
          ...opening(target),
          p_match_id: 1001,
          p_request: {},
          ...args,
        }),
    ];
    for (const [index, open] of calls.entries()) {
      const { attempt_id } = await open({});
      const again = await open({ p_attempt_id: attempt_id, p_now: minutes(60) });
      strictEqual(again.attempt_id, attempt_id);
      strictEqual(await attempts(suite), index + 2);
    }
  }),
);

Deno.test(
  "open_update(), open_delete() and open_send_id() refuse a run that lost its lease",
  withSuite(async (suite) => {
    const target = await scheduledMatch(suite);
    await endRun(suite, target.runId);
    await rejects(openUpdate(suite, target), refusal("lease_lost"));
    await rejects(openDelete(suite, target), refusal("lease_lost"));
    await rejects(
      suite.call("open_send_id", { ...opening(target), p_match_id: 1001, p_request: {} }),
      refusal("lease_lost"),
    );
    strictEqual((await scheduleRow(suite, target)).state, "live");
    strictEqual(await attempts(suite), 1);
  }),
);
