import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { event, ingest } from "./events.ts";
import { ledgerRow, minutes, scheduledMatch, withSuite } from "./fixtures.ts";
import { MATCH } from "./reconciling.ts";

/** Sends are due at minutes(540). */
const AFTER_SEND = minutes(600);

Deno.test(
  "confirm_by_events() accepts high and medium events of the current generation as proof, and no others",
  withSuite(async (suite) => {
    const target = await scheduledMatch(suite);
    const attributed = {
      match_id: MATCH,
      ledger_id: target.ledger_id,
      generation: 1,
      correlation_method: "match_id",
      sent_at: minutes(541),
    };
    const confirm = () =>
      suite.call<number[]>("confirm_by_events", {
        p_ledger_ids: [target.ledger_id],
        p_now: AFTER_SEND,
      });
    await ingest(suite, {
      events: [
        event("low", { ...attributed, correlation_method: "time_window", confidence: "low" }),
        event("bounce", { ...attributed, event_type: "bounce", confidence: "high" }),
        event("old", { ...attributed, generation: 7, confidence: "high" }),
      ],
    });
    deepStrictEqual(await confirm(), []);
    strictEqual((await ledgerRow(suite, MATCH)).status, "pending");
    await ingest(suite, { events: [event("good", { ...attributed, confidence: "medium" })] });
    deepStrictEqual(await confirm(), [MATCH]);
    const ledger = await ledgerRow(suite, MATCH);
    deepStrictEqual([ledger.status, ledger.sent_evidence], ["sent", "push"]);
  }),
);
