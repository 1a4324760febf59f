import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { event, ingest } from "./events.ts";
import { ledgerRow, minutes, scheduledMatch, withSuite } from "./fixtures.ts";
import { MATCH } from "./reconciling.ts";

/** Sends are due at minutes(540). */
const AFTER_SEND = minutes(600);

Deno.test(
  "confirm_by_events() accepts the proof of an event of the current generation, and nothing else",
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
        event("old", { ...attributed, generation: 7, confidence: "high", proof: "push" }),
      ],
    });
    deepStrictEqual(await confirm(), []);
    strictEqual((await ledgerRow(suite, MATCH)).status, "pending");
    for (const generation of [1, null]) {
      const good = { ...attributed, generation, confidence: "medium", proof: "push" };
      await ingest(suite, { events: [event(`of ${generation}`, good)] });
      // As if the request had ended before it.
      await suite.sql`
        update public.schedule_ledger
        set status = 'pending', sent_evidence = null, sent_confirmed_at = null`;
      deepStrictEqual(await confirm(), [MATCH]);
      const ledger = await ledgerRow(suite, MATCH);
      deepStrictEqual([ledger.status, ledger.sent_evidence], ["sent", "push"]);
      await suite.sql`update public.notification_sends set proof = null where event_id like 'of %'`;
    }
  }),
);
