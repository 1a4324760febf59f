import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { event, ingest, proving, type StoredEvent } from "./events.ts";
import {
  CAMPAIGN,
  minutes,
  NOW,
  scheduledMatch,
  seconds,
  type Suite,
  withSuite,
} from "./fixtures.ts";
import { type Fact, LATER, load, loaded, queue, store } from "./rejudging.ts";

/** The ids of the events that are judged again when these facts change. */
async function dependents(suite: Suite, ...facts: readonly Fact[]): Promise<string[]> {
  await queue(suite, facts, NOW);
  return (await loaded(suite)).events.map(({ event_id }) => event_id).sort();
}

const named = (id: string, correlation_method: string, fields = {}): StoredEvent =>
  event(id, { correlation_method, ...fields });

Deno.test(
  "load_rejudgements() returns the evidence and the present verdict of an event, as they are stored",
  withSuite(async (suite) => {
    const { ledger_id } = await scheduledMatch(suite);
    const stored = event("a", {
      time_kind: "occurrence",
      canvas_id: null,
      braze_schedule_id: "schedule-7",
      send_id: "s1",
      dispatch_id: "d1",
      echoed_ledger_id: "none",
      echoed_match_id: "1001",
      echoed_generation: "1",
      echoed_attempt_id: "attempt",
      has_foreign_extras: true,
      match_id: 1001,
      ledger_id,
      generation: 1,
      correlation_method: "send_id",
      confidence: "high",
      timing: "in_window",
    });
    await ingest(suite, { events: [stored] });
    await queue(suite, [["send_id", "s1"]], NOW);
    const { claim: _c, external_user_id: _u, braze_user_id: _b, device_id: _d, ...rest } = stored;
    const { match_id: _m, confidence: _o, time_diff_ms: _t, ...some } = rest;
    const {
      candidate_count: _n,
      identifiers: _f,
      raw_payload: _r,
      ...told
    } = some;
    const at = "2024-12-07T06:00:00+00:00";
    deepStrictEqual((await loaded(suite)).events, [{ ...told, sent_at: at, received_at: at }]);
  }),
);

Deno.test(
  "load_rejudgements() by an identifier finds the events that rest on it, and none that a stronger one decides",
  withSuite(async (suite) => {
    const id = (field: string, value: string, methods: readonly string[]) =>
      methods.map((method) => {
        const high = { match_id: 1001, ledger_id: target.ledger_id, confidence: "high" };
        const isOpen = ["no_candidate", "contradiction", "other_campaign", "test_send"].includes(
          method,
        );
        return named(`${value} ${method}`, method, { [field]: value, ...isOpen ? {} : high });
      });
    const target = await scheduledMatch(suite);
    const methods = [
      "ledger_id",
      "send_id",
      "schedule_id",
      "dispatch_id",
      "no_candidate",
      "contradiction",
      "other_campaign",
      "test_send",
    ];
    await ingest(suite, {
      events: [
        ...id("dispatch_id", "d1", methods),
        ...id("send_id", "s1", methods),
        ...id("send_id", "match-1001", methods),
        ...id("braze_schedule_id", "b1", methods),
      ],
    });
    deepStrictEqual(await dependents(suite, ["dispatch_id", "d1"]), [
      "d1 dispatch_id",
      "d1 no_candidate",
    ]);
    const all = methods.filter((method) => !["other_campaign", "test_send"].includes(method))
      .sort();
    deepStrictEqual(
      await dependents(suite, ["send_id", "s1"]),
      all.map((method) => `s1 ${method}`),
    );
    // No event of the match rests on the match's own send id.
    deepStrictEqual(await dependents(suite, ["send_id", "match-1001"]), [
      "match-1001 contradiction",
      "match-1001 no_candidate",
    ]);
    deepStrictEqual(
      await dependents(suite, ["schedule_id", "b1"]),
      all.map((method) => `b1 ${method}`),
    );
    deepStrictEqual(await dependents(suite, ["dispatch_id", "s1"]), []);
  }),
);

Deno.test(
  "load_rejudgements() by a campaign finds its events, but none of a Canvas",
  withSuite(async (suite) => {
    const of = (id: string, campaign_id: string | null, canvas_id: string | null = null) =>
      named(id, "other_campaign", { campaign_id, canvas_id });
    await ingest(suite, {
      events: [
        of("a", "new"),
        of("b", "another"),
        of("c", "new", "canvas"),
        of("d", null, "canvas"),
      ],
    });
    deepStrictEqual(await dependents(suite, ["campaign", "new"]), ["a"]);
  }),
);

Deno.test(
  "load_rejudgements() by a time finds events within ten minutes that have no better evidence",
  withSuite(async (suite) => {
    const at = (id: string, sent_at: Date, method = "no_candidate") =>
      named(id, method, { sent_at });
    await ingest(suite, {
      events: [
        at("first", minutes(0)),
        at("last", minutes(20)),
        at("before", seconds(-1)),
        at("after", seconds(20 * 60 + 1)),
        at("tie", minutes(10), "tie"),
        at("unknown", minutes(10), "unknown_match"),
        at("other", minutes(10), "other_campaign"),
      ],
    });
    deepStrictEqual(await dependents(suite, ["time", minutes(10).toISOString()]), [
      "first",
      "last",
      "tie",
    ]);
  }),
);

Deno.test(
  "load_rejudgements() by a ledger row finds its events without an echoed generation, and those that named it in vain",
  withSuite(async (suite) => {
    const target = await scheduledMatch(suite);
    const { ledger_id } = target;
    const echo = { echoed_ledger_id: ledger_id };
    await ingest(suite, {
      events: [
        proving("its own", target),
        proving("echoed generation", target, { ...echo, echoed_generation: "1" }),
        proving("out of time", target, {
          ...echo,
          echoed_generation: "1",
          generation: null,
          timing: "late",
          proof: null,
        }),
        named("by ledger id", "unknown_match", echo),
        named("by match id", "unknown_match", { echoed_match_id: "1001" }),
        named("by send id", "unknown_match", { send_id: "match-1001" }),
        named("by later send id", "contradiction", { send_id: "match-1001-2" }),
        named("longer match id", "unknown_match", { send_id: "match-10012" }),
        named("other match id", "unknown_match", { echoed_match_id: "1002" }),
        named("open", "no_candidate"),
      ],
    });
    deepStrictEqual(await dependents(suite, ["ledger", ledger_id]), [
      "by later send id",
      "by ledger id",
      "by match id",
      "by send id",
      "its own",
      "out of time",
    ]);
  }),
);

Deno.test(
  "load_rejudgements() returns an event once, and pages by time and id",
  withSuite(async (suite) => {
    await ingest(suite, {
      events: ["c", "a", "b", "e", "d"].map((id, index) =>
        event(id, { dispatch_id: "d1", send_id: "s1", sent_at: seconds(index < 3 ? 0 : 1) })
      ),
    });
    await queue(suite, [["dispatch_id", "d1"], ["send_id", "s1"]], NOW);
    const pages: string[][] = [];
    for (
      let page = await load(suite, LATER, 2);
      page !== null;
      page = await load(suite, LATER, 2)
    ) {
      pages.push(page.events.map(({ event_id }) => event_id));
      const last = page.events.length === 2 ? page.events.at(-1) : undefined;
      await store(suite, page, { last });
    }
    deepStrictEqual(pages, [["a", "b"], ["c", "d"], ["e"]]);
  }),
);

Deno.test(
  "load_rejudgements() has a fact judged at once, and again when it is a minute old",
  withSuite(async (suite) => {
    strictEqual(await load(suite), null);
    await queue(suite, [["dispatch_id", "d1"]], NOW);
    await store(suite, await loaded(suite, seconds(1)), { now: seconds(1) });
    strictEqual(await load(suite, seconds(59)), null);
    // A request that read the facts before may have stored its events meanwhile.
    await ingest(suite, { events: [event("late", { dispatch_id: "d1" })] });
    const page = await loaded(suite, seconds(60));
    deepStrictEqual(page.events.map(({ event_id }) => event_id), ["late"]);
    await store(suite, page, { now: seconds(61) });
    strictEqual(await load(suite), null);
  }),
);

Deno.test(
  "load_rejudgements() that began before the minute was over is repeated",
  withSuite(async (suite) => {
    await queue(suite, [["dispatch_id", "d1"]], NOW);
    const page = await loaded(suite, seconds(59));
    await store(suite, page, { now: seconds(70) });
    deepStrictEqual((await loaded(suite, seconds(70))).ids, page.ids);
  }),
);

Deno.test(
  "load_rejudgements() does not mix facts that are judged in part with others",
  withSuite(async (suite) => {
    await ingest(suite, {
      events: ["a", "b"].map((id) => event(id, { dispatch_id: "d1" })),
    });
    await queue(suite, [["dispatch_id", "d1"]], NOW);
    const first = await loaded(suite, LATER, 1);
    await store(suite, first, { last: first.events[0] });
    await suite.sql`
      insert into private.rejudgements (kind, value, changed_at) values ('campaign', ${CAMPAIGN}, ${NOW})`;
    const second = await loaded(suite, LATER, 1);
    deepStrictEqual([second.ids, second.events[0]?.event_id], [first.ids, "b"]);
  }),
);
