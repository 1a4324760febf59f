import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { NOW, withSuite } from "./fixtures.ts";

Deno.test(
  "write_logs() appends entries with function and run",
  withSuite(async (suite) => {
    const runId = crypto.randomUUID();
    const logs = [
      { action: "create", reason: "planned", match_id: 1001, details: { generation: 1 } },
      { action: "skip", reason: "beyond_horizon" },
    ];
    const written = await suite.call("write_logs", {
      p_logs: logs,
      p_function: "braze-scheduler",
      p_run_id: runId,
      p_now: NOW,
    });
    strictEqual(written, 2);
    const rows = await suite.sql`
      select action, reason, match_id, details, function_name, run_id, logged_at
      from public.scheduler_logs order by id`;
    const from = { function_name: "braze-scheduler", run_id: runId, logged_at: NOW };
    deepStrictEqual([...rows], [
      {
        action: "create",
        reason: "planned",
        match_id: "1001",
        details: { generation: 1 },
        ...from,
      },
      { action: "skip", reason: "beyond_horizon", match_id: null, details: {}, ...from },
    ]);
  }),
);
