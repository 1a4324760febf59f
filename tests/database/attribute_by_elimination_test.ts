import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { event, ingest } from "./events.ts";
import {
  CAMPAIGN,
  ledgerRow,
  minutes,
  only,
  scheduledMatch,
  type Suite,
  withSuite,
} from "./fixtures.ts";
import { MATCH } from "./reconciling.ts";

const RUN_ID = "00000000-0000-0000-0000-00000000000a";
/** Sends are due at minutes(540). */
const AFTER_SEND = minutes(600);

async function threeOpen(suite: Suite) {
  const target = await scheduledMatch(suite);
  const tied = { correlation_method: "tie", candidate_match_ids: [MATCH], candidate_count: 1 };
  await ingest(suite, {
    events: [
      event("a", { ...tied, sent_at: minutes(541) }),
      event("b", { ...tied, sent_at: minutes(542) }),
      event("open", { ...tied, event_type: "open", sent_at: minutes(541) }),
      event("elsewhere", { ...tied, campaign_id: "another", sent_at: minutes(541) }),
    ],
  });
  const attributeByElimination = (events: number) =>
    suite.call<number>("attribute_by_elimination", {
      p_campaign_id: CAMPAIGN,
      p_first: minutes(541),
      p_last: minutes(542),
      p_events: events,
      p_ledger_id: target.ledger_id,
      p_send_at: minutes(540),
      p_candidate_count: 2,
      p_function: "braze-reconcile",
      p_run_id: RUN_ID,
      p_now: AFTER_SEND,
      p_generation: 1,
    });
  return { target, attributeByElimination };
}

Deno.test(
  "attribute_by_elimination() attributes the open Sends of the campaign with medium confidence, which proves the send",
  withSuite(async (suite) => {
    const { attributeByElimination } = await threeOpen(suite);
    strictEqual(await attributeByElimination(2), 2);
    const rows = await suite.sql`
      select event_id, match_id::int, correlation_method, confidence, time_diff_ms::int
      from public.notification_sends order by event_id`;
    const tied = { match_id: MATCH, correlation_method: "elimination", confidence: "medium" };
    const open = {
      match_id: null,
      correlation_method: "tie",
      confidence: "none",
      time_diff_ms: null,
    };
    deepStrictEqual(rows.map((row) => ({ ...row })), [
      { event_id: "a", ...tied, time_diff_ms: 60_000 },
      { event_id: "b", ...tied, time_diff_ms: 120_000 },
      { event_id: "elsewhere", ...open },
      { event_id: "open", ...open },
    ]);
    strictEqual((await ledgerRow(suite, MATCH)).status, "sent");
    strictEqual(await attributeByElimination(2), 0, "nothing is left over");
    const log = only(
      await suite.sql`
      select details from public.scheduler_logs where action = 'attribution_changed'`,
    );
    strictEqual(log.details.events, 2);
  }),
);

Deno.test(
  "attribute_by_elimination() changes nothing when the number of events differs",
  withSuite(async (suite) => {
    const { attributeByElimination } = await threeOpen(suite);
    strictEqual(await attributeByElimination(1), 0);
    strictEqual(await attributeByElimination(3), 0);
    strictEqual((await ledgerRow(suite, MATCH)).status, "pending");
  }),
);
