import { deepStrictEqual } from "node:assert/strict";
import { event, ingest } from "./events.ts";
import { minutes, scheduledMatch, withSuite } from "./fixtures.ts";
import { MATCH } from "./reconciling.ts";

Deno.test(
  "load_unattributed_echoes() finds unattributed events that echo a known match, inside message_extras too",
  withSuite(async (suite) => {
    const { ledger_id } = await scheduledMatch(suite);
    const extras = (echo: unknown) => ({
      raw_payload: { properties: { message_extras: JSON.stringify(echo) } },
    });
    await ingest(suite, {
      events: [
        event("by ledger", extras({ ledger_id })),
        event("by match", extras({ match_id: "1001" })),
        event("flat", { raw_payload: { trigger_properties: { match_id: 1001 } } }),
        event("unknown match", extras({ match_id: "7" })),
        event("odd", extras({ match_id: "Arsenal", ledger_id: "not-one" })),
        event("silent", {}),
        event("reattributed", {
          ...extras({ match_id: "1001" }),
          match_id: MATCH,
          ledger_id,
          correlation_method: "match_id",
          confidence: "high",
        }),
      ],
    });
    const echoes = await suite.call<{ event_id: string }[]>("load_unattributed_echoes", {
      p_from: minutes(-60),
      p_until: minutes(60),
      p_limit: 10,
    });
    deepStrictEqual(echoes.map(({ event_id }) => event_id).sort(), [
      "by ledger",
      "by match",
      "flat",
    ]);
  }),
);
