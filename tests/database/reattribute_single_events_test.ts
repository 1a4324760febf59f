import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { event, ingest } from "./events.ts";
import { ledgerRow, minutes, NOW, scheduledMatch, withSuite } from "./fixtures.ts";
import { MATCH } from "./reconciling.ts";

const RUN_ID = "00000000-0000-0000-0000-00000000000a";
/** Sends are due at minutes(540). */
const AFTER_SEND = minutes(600);

Deno.test(
  "reattribute_single_events() changes only the named events, unless they changed concurrently",
  withSuite(async (suite) => {
    const { ledger_id } = await scheduledMatch(suite);
    await ingest(suite, { events: [event("a"), event("b"), event("c")] });
    await suite.sql`
      update public.notification_sends
      set correlation_method = 'time_window', confidence = 'low', match_id = ${MATCH}, ledger_id = ${ledger_id}
      where event_id = 'b'`;
    const verdict = (event_id: string) => ({
      sent_at: NOW,
      event_id,
      from_method: "no_candidate",
      from_ledger_id: null,
      match_id: MATCH,
      ledger_id,
      generation: 1,
      correlation_method: "ledger_id",
      confidence: "high",
      time_diff_ms: 0,
      candidate_count: 1,
      candidate_match_ids: null,
    });
    const result = await suite.call<{ reattributed: number; registered: unknown[] }>(
      "reattribute_single_events",
      {
        p_reattributions: [verdict("a"), verdict("b")],
        p_identifiers: [{ kind: "dispatch_id", value: "d1", ledger_id, generation: 1 }],
        p_proofs: [{ ledger_id, generation: 1, proof: "push", dispatch_id: "d1", send_id: null }],
        p_function: "braze-reconcile",
        p_run_id: RUN_ID,
        p_now: AFTER_SEND,
      },
    );
    deepStrictEqual([result.reattributed, result.registered.length], [1, 1]);
    const rows = await suite.sql`
      select event_id, correlation_method from public.notification_sends order by event_id`;
    deepStrictEqual(rows.map((row) => [row.event_id, row.correlation_method]), [
      ["a", "ledger_id"],
      ["b", "time_window"],
      ["c", "no_candidate"],
    ]);
    strictEqual((await ledgerRow(suite, MATCH)).status, "sent");
  }),
);
