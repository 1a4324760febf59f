import { deepStrictEqual } from "node:assert/strict";
import { attemptRow, scheduledMatch, withSuite } from "./fixtures.ts";
import { opening } from "./changes.ts";

Deno.test(
  "open_send_id() journals the match that a send id is for",
  withSuite(async (suite) => {
    const target = await scheduledMatch(suite);
    const { attempt_id, request } = await suite.call<{ attempt_id: string; request: unknown }>(
      "open_send_id",
      { ...opening(target), p_match_id: 1001, p_request: { send_id: "send-1" } },
    );
    deepStrictEqual(request, { send_id: "send-1" });
    const attempt = await attemptRow(suite, attempt_id);
    deepStrictEqual(
      [attempt.kind, attempt.match_id, attempt.ledger_id, attempt.outcome],
      ["send_id", "1001", null, null],
    );
  }),
);
