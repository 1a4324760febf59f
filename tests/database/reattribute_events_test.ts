import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { event, ingest } from "./events.ts";
import {
  addMatch,
  createSchedule,
  ledgerRow,
  NOW,
  only,
  seconds,
  startRun,
  type Suite,
  withSuite,
} from "./fixtures.ts";

type Group = Record<string, unknown>;

/** Of identifiers that the registry knows by now, as they are once they are registered. */
async function loadAffectedEvents({ sql, call }: Suite, ...identifiers: Group[]): Promise<Group[]> {
  await sql`select private.register_identifiers(${
    sql.json(identifiers as never)
  }, 'event', ${NOW})`;
  return await call("load_affected_events", { p_identifiers: identifiers });
}

function settle(
  { call }: Suite,
  settlements: readonly Group[],
  proofs: readonly Group[] = [],
): Promise<{ readonly settled: number; readonly went_out: readonly Group[] }> {
  return call("reattribute_events", {
    p_reattributions: settlements,
    p_proofs: proofs,
    p_function: "braze-webhook",
    p_run_id: crypto.randomUUID(),
    p_now: seconds(60),
  });
}

/** What the group is tied to from now on. */
function verdict(group: Group, to: Group): Group {
  return {
    ...group,
    from_method: group.correlation_method,
    from_ledger_id: group.ledger_id,
    from_generation: group.generation,
    time_diff_ms: 0,
    candidate_count: 1,
    candidate_match_ids: null,
    ...to,
  };
}

async function ledgerId(suite: Suite, matchId = 1001): Promise<string> {
  await addMatch(suite, matchId);
  const runId = await startRun(suite);
  const { ledger_id } = await createSchedule(suite, runId, matchId);
  await suite.sql`update public.job_runs set outcome = 'succeeded'`;
  return ledger_id;
}

const registered = (ledger_id: string, fields: Group = {}): Group => ({
  kind: "dispatch_id",
  value: "d1",
  ledger_id,
  ambiguous: false,
  ...fields,
});

const settledBy = (ledger_id: string, method: string, fields: Group = {}) => ({
  match_id: 1001,
  ledger_id,
  generation: 1,
  correlation_method: method,
  confidence: "high",
  ...fields,
});

async function attributions({ sql }: Suite): Promise<unknown[]> {
  const rows = await sql`
    select event_id, match_id, correlation_method, confidence
    from public.notification_sends order by event_id`;
  return rows.map((row) => [row.event_id, row.match_id, row.correlation_method, row.confidence]);
}

Deno.test(
  "load_affected_events() groups the open events of an identifier by what they say of themselves",
  withSuite(async (suite) => {
    const known = await ledgerId(suite);
    await ingest(suite, {
      events: [
        event("a", { dispatch_id: "d1" }),
        event("b", { dispatch_id: "d1", external_user_id: "user-2" }),
        event("c", { dispatch_id: "d1", event_type: "open" }),
        event("d", { dispatch_id: "d2" }),
        event("e", { send_id: "d1" }),
        event("f", { dispatch_id: "d1", ...settledBy(known, "ledger_id") }),
        event("g", {
          dispatch_id: "d1",
          ...settledBy(known, "time_window", { confidence: "low" }),
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
  "load_affected_events() reads nothing for an identifier that nobody has registered yet",
  withSuite(async (suite) => {
    await ingest(suite, { events: [event("a", { dispatch_id: "d1" })] });
    const asked = [{ kind: "dispatch_id", value: "d1" }];
    deepStrictEqual(await suite.call("load_affected_events", { p_identifiers: asked }), []);
  }),
);

Deno.test(
  "reattribute_events() ties every event of the group, logs it once and notes the proof",
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
    const { settled, went_out } = await settle(
      suite,
      [verdict(group, settledBy(known, "dispatch_id"))],
      [{ ledger_id: known, generation: 1, proof: "push", dispatch_id: "d1" }],
    );
    deepStrictEqual([settled, went_out.length], [2, 1]);
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
  "load_affected_events() reopens what an identifier that turned ambiguous had settled alone, and only that",
  withSuite(async (suite) => {
    const known = await ledgerId(suite);
    const other = await ledgerId(suite, 1002);
    await ingest(suite, {
      events: [
        event("alone", { dispatch_id: "d1", ...settledBy(known, "dispatch_id") }),
        event("echoed", { dispatch_id: "d1", ...settledBy(known, "ledger_id") }),
        event("other row", {
          dispatch_id: "d1",
          ...settledBy(other, "dispatch_id", { match_id: 1002 }),
        }),
        event("other id", { dispatch_id: "d2", ...settledBy(known, "dispatch_id") }),
      ],
    });
    deepStrictEqual(await loadAffectedEvents(suite, registered(known)), [], "while it is clear");
    const group = only(await loadAffectedEvents(suite, registered(known, { ambiguous: true })));
    deepStrictEqual([group.ledger_id, group.dispatch_id, group.events], [known, "d1", 1]);

    await settle(suite, [
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

Deno.test(
  "reattribute_events() leaves what somebody else has settled meanwhile",
  withSuite(async (suite) => {
    const known = await ledgerId(suite);
    const other = await ledgerId(suite, 1002);
    await ingest(suite, { events: [event("a", { dispatch_id: "d1" })] });
    const group = only(await loadAffectedEvents(suite, registered(known)));
    const first = verdict(group, settledBy(known, "dispatch_id"));
    strictEqual((await settle(suite, [first])).settled, 1);
    strictEqual((await settle(suite, [first])).settled, 0, "the same again");
    const late = verdict(group, settledBy(other, "send_id", { match_id: 1002 }));
    strictEqual((await settle(suite, [late])).settled, 0);
    deepStrictEqual(await attributions(suite), [["a", "1001", "dispatch_id", "high"]]);
    strictEqual((await suite.sql`select * from public.scheduler_logs`).length, 1);
  }),
);

Deno.test(
  "reattribute_events() tells groups apart that differ in one thing",
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
    const { settled } = await settle(suite, [
      verdict(group ?? {}, settledBy(known, "dispatch_id")),
    ]);
    strictEqual(settled, 1);
    const tied = await suite.sql`
      select event_id from public.notification_sends where match_id is not null`;
    deepStrictEqual(tied.map(({ event_id }) => event_id), ["same"]);
  }),
);
