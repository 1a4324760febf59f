import { deepStrictEqual } from "node:assert/strict";
import { event, ingest } from "./events.ts";
import { only, withSuite } from "./fixtures.ts";
import {
  attributedBy,
  attributions,
  ledgerId,
  loadAffectedEvents,
  reattribute,
  registered,
  verdict,
} from "./reattributing.ts";

Deno.test(
  "load_affected_events() groups the open events of an identifier by their own evidence",
  withSuite(async (suite) => {
    const known = await ledgerId(suite);
    await ingest(suite, {
      events: [
        event("a", { dispatch_id: "d1" }),
        event("b", { dispatch_id: "d1", external_user_id: "user-2" }),
        event("c", { dispatch_id: "d1", event_type: "open" }),
        event("d", { dispatch_id: "d2" }),
        event("e", { send_id: "d1" }),
        event("f", { dispatch_id: "d1", ...attributedBy(known, "ledger_id") }),
        event("g", {
          dispatch_id: "d1",
          ...attributedBy(known, "time_window", { confidence: "low" }),
        }),
        event("h", { dispatch_id: "d1", correlation_method: "test_send" }),
      ],
    });
    const groups = await loadAffectedEvents(suite, registered(known));
    deepStrictEqual(
      groups.map((group) => [group.event_type, group.correlation_method, group.events])
        .sort((a, b) => String(a).localeCompare(String(b))),
      [["open", "no_candidate", 1], ["send", "no_candidate", 2], ["send", "time_window", 1]],
    );
    const bySendId = await loadAffectedEvents(suite, registered(known, { kind: "send_id" }));
    deepStrictEqual(bySendId.map(({ send_id, events }) => [send_id, events]), [["d1", 1]]);
    deepStrictEqual(await loadAffectedEvents(suite, registered(known, { value: "d3" })), []);
  }),
);

Deno.test(
  "load_affected_events() reads nothing for an unregistered identifier",
  withSuite(async (suite) => {
    await ingest(suite, { events: [event("a", { dispatch_id: "d1" })] });
    const asked = [{ kind: "dispatch_id", value: "d1" }];
    deepStrictEqual(await suite.call("load_affected_events", { p_identifiers: asked }), []);
  }),
);

Deno.test(
  "load_affected_events() returns events attributed only by an identifier that became ambiguous",
  withSuite(async (suite) => {
    const known = await ledgerId(suite);
    const other = await ledgerId(suite, 1002);
    await ingest(suite, {
      events: [
        event("alone", { dispatch_id: "d1", ...attributedBy(known, "dispatch_id") }),
        event("echoed", { dispatch_id: "d1", ...attributedBy(known, "ledger_id") }),
        event("other row", {
          dispatch_id: "d1",
          ...attributedBy(other, "dispatch_id", { match_id: 1002 }),
        }),
        event("other id", { dispatch_id: "d2", ...attributedBy(known, "dispatch_id") }),
      ],
    });
    deepStrictEqual(await loadAffectedEvents(suite, registered(known)), [], "while it is clear");
    const group = only(await loadAffectedEvents(suite, registered(known, { ambiguous: true })));
    deepStrictEqual([group.ledger_id, group.dispatch_id, group.events], [known, "d1", 1]);

    await reattribute(suite, [
      verdict(group, {
        match_id: null,
        ledger_id: null,
        generation: null,
        correlation_method: "tie",
        confidence: "none",
        candidate_count: 2,
        candidate_match_ids: [1001, 1002],
      }),
    ]);
    deepStrictEqual(await attributions(suite), [
      ["alone", null, "tie", "none"],
      ["echoed", "1001", "ledger_id", "high"],
      ["other id", "1001", "dispatch_id", "high"],
      ["other row", "1002", "dispatch_id", "high"],
    ]);
  }),
);
