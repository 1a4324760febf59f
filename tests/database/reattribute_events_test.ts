import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { event, ingest } from "./events.ts";
import { ledgerRow, NOW, only, seconds, withSuite } from "./fixtures.ts";
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
  "reattribute_events() attributes every event of the group, logs once and records the proof",
  withSuite(async (suite) => {
    const known = await ledgerId(suite);
    await ingest(suite, {
      events: [
        event("b", { dispatch_id: "d1" }),
        event("a", { dispatch_id: "d1" }),
        event("c", { dispatch_id: "d2" }),
      ],
    });
    const group = only(await loadAffectedEvents(suite, registered(known)));
    const { reattributed } = await reattribute(
      suite,
      [verdict(group, attributedBy(known, "dispatch_id"))],
      [{ ledger_id: known, generation: 1, proof: "push", dispatch_id: "d1" }],
    );
    strictEqual(reattributed, 2);
    deepStrictEqual(await attributions(suite), [
      ["a", "1001", "dispatch_id", "high"],
      ["b", "1001", "dispatch_id", "high"],
      ["c", null, "no_candidate", "none"],
    ]);
    strictEqual((await ledgerRow(suite, 1001)).status, "sent");

    const log = only(await suite.sql`select * from public.scheduler_logs`);
    deepStrictEqual(
      [log.action, log.reason, log.match_id, log.logged_at],
      [
        "attribution_changed",
        "no_candidate (none) became dispatch_id (high)",
        "1001",
        seconds(60),
      ],
    );
    deepStrictEqual(log.details, {
      from_match_id: null,
      match_id: 1001,
      events: 2,
      event_ids: ["a", "b"],
    });
    deepStrictEqual(
      await loadAffectedEvents(suite, registered(known)),
      [],
      "nothing is open any more",
    );
  }),
);

Deno.test(
  "reattribute_events() leaves events that were reattributed concurrently",
  withSuite(async (suite) => {
    const known = await ledgerId(suite);
    const other = await ledgerId(suite, 1002);
    await ingest(suite, { events: [event("a", { dispatch_id: "d1" })] });
    const group = only(await loadAffectedEvents(suite, registered(known)));
    const first = verdict(group, attributedBy(known, "dispatch_id"));
    strictEqual((await reattribute(suite, [first])).reattributed, 1);
    strictEqual((await reattribute(suite, [first])).reattributed, 0, "the same again");
    const late = verdict(group, attributedBy(other, "send_id", { match_id: 1002 }));
    strictEqual((await reattribute(suite, [late])).reattributed, 0);
    deepStrictEqual(await attributions(suite), [["a", "1001", "dispatch_id", "high"]]);
    strictEqual((await suite.sql`select * from public.scheduler_logs`).length, 1);
  }),
);

Deno.test(
  "reattribute_events() separates groups that differ in one field",
  withSuite(async (suite) => {
    const known = await ledgerId(suite);
    const base = { dispatch_id: "d1", send_id: "s1" };
    await ingest(suite, {
      events: [
        event("same", base),
        event("type", { ...base, event_type: "open" }),
        event("channel", { ...base, channel: "webhook" }),
        event("time", { ...base, sent_at: seconds(1) }),
        event("send id", { ...base, send_id: null }),
        event("campaign", { ...base, campaign_id: null }),
        event("dispatch", { ...base, dispatch_id: null }),
        event("schedule", { ...base, braze_schedule_id: "schedule-1" }),
        event("arrival", { ...base, time_is_send_time: false }),
      ],
    });
    const group = (await loadAffectedEvents(suite, registered(known))).find((one) =>
      one.event_type === "send" && one.channel === "push" && one.send_id === "s1" &&
      one.campaign_id !== null && one.braze_schedule_id === null && one.time_is_send_time &&
      new Date(String(one.sent_at)).getTime() === NOW.getTime()
    );
    const { reattributed } = await reattribute(suite, [
      verdict(group ?? {}, attributedBy(known, "dispatch_id")),
    ]);
    strictEqual(reattributed, 1);
    const tied = await suite.sql`
      select event_id from public.notification_sends where match_id is not null`;
    deepStrictEqual(tied.map(({ event_id }) => event_id), ["same"]);
  }),
);
