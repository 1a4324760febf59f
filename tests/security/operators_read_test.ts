/** What the dashboard reads with an operator's own token: counts, and no names. */
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { withRest } from "../support/database.ts";
import { OPERATORS_CALL } from "./rights.ts";
import { fillTables } from "./rows.ts";

const EVERYTHING = { p_from: "2000-01-01T00:00:00Z", p_until: "2100-01-01T00:00:00Z" };

Deno.test("operators read no event, neither by a column nor by a filter", () =>
  withRest(async ({ sql, signedIn }) => {
    await fillTables(sql);
    const operator = await signedIn();
    for (const columns of ["sent_at", "external_user_id", "raw_payload", "*"]) {
      const { error } = await operator.from("notification_sends").select(columns);
      strictEqual(error?.code, "42501", columns);
    }
    const guessed = await operator.from("notification_sends").select("sent_at")
      .eq("external_user_id", "user-1");
    strictEqual(guessed.error?.code, "42501");
  }));

Deno.test("the functions that count events with their owner's rights answer operators and the secret key alone", () =>
  withRest(async ({ sql }) => {
    await fillTables(sql);
    await sql`
      update public.notification_sends
      set match_id = 1, ledger_id = (select id from public.schedule_ledger), confidence = 'high',
        correlation_method = 'ledger_id'`;
    await sql`
      insert into public.notification_sends (
        sent_at, event_id, event_type, channel, received_at, time_kind, correlation_method, confidence, raw_payload,
        candidate_match_ids
      )
      values (now(), 'open', 'send', 'push', now(), 'send', 'tie', 'none', '{}', '{1}')`;
    const ids = (await sql<{ id: string }[]>`select id from public.schedule_ledger`).map(({ id }) =>
      id
    );
    const counted = (role: string, claims: object) =>
      sql.begin(async (tx) => {
        await tx`select set_config('request.jwt.claims', ${JSON.stringify(claims)}, true)`;
        await tx.unsafe(`set local role ${role}`);
        const [row] = await tx<{ minutes: number; open: number }[]>`
          select
            (select count(*)::int from private.events_by_minute(${ids}::uuid[], '-infinity')) as minutes,
            (select count(*)::int from private.events_without_match(1, '-infinity', 'infinity')) as open`;
        return row;
      });
    const all = { minutes: 1, open: 1 };
    const none = { minutes: 0, open: 0 };
    const operator = { app_metadata: { role: "operator" } };
    deepStrictEqual({ ...await counted("authenticated", operator) }, all);
    deepStrictEqual({ ...await counted("service_role", { role: "service_role" }) }, all);
    deepStrictEqual({ ...await counted("authenticated", {}) }, none);
    deepStrictEqual({
      ...await counted("authenticated", { user_metadata: { role: "operator" } }),
    }, none);
    await rejects(counted("anon", operator), /permission denied/);
  }));

Deno.test("operators read no line of the log that names events", () =>
  withRest(async ({ sql, signedIn }) => {
    await fillTables(sql);
    await sql`
      insert into public.scheduler_logs (logged_at, function_name, action, reason, match_id, details)
      values (now(), 'braze-webhook', 'contradicting_evidence', 'two', 1, '{"event_id": "named"}'),
        (now(), 'braze-webhook', 'low_confidence_correlation', 'three', 1, '{"event_ids": ["named"]}')`;
    const operator = await signedIn();
    const { data } = await operator.from("scheduler_logs").select("action");
    deepStrictEqual(data?.map(({ action }) => action), ["duplicate_count"]);
    const { data: timeline } = await operator.rpc("match_timeline", { p_match_id: 1 });
    ok(JSON.stringify(timeline).includes("duplicate_count"), "the timeline has the others");
    ok(!JSON.stringify(timeline).includes("named"));
  }));

Deno.test("the dashboard's functions return data to an operator and nothing to other users", () =>
  withRest(async ({ sql, signedIn }) => {
    await fillTables(sql);
    const answers = async (role: string | null) => {
      const client = await signedIn(role);
      const timeline = (await client.rpc("match_timeline", { p_match_id: 1 })).data as unknown[];
      const events = (await client.rpc("match_events", { p_match_id: 1 })).data;
      const now = { p_now: "2024-12-07T12:00:00Z" };
      const verdict = (await client.rpc("match_verdict", { p_match_id: 1, ...now })).data;
      const verdicts = (await client.rpc("day_verdicts", { ...EVERYTHING, ...now })).data;
      return {
        isOperator: (await client.rpc("is_operator")).data,
        hasTimeline: timeline.length > 0,
        hasVerdict: verdict !== null,
        verdicts: (verdicts as unknown[]).length,
        // The verdict at the head has counts.
        hasUsers: JSON.stringify(timeline.slice(1)).includes('"users"'),
        hasEvents: JSON.stringify(events) !== '{"minutes":[],"candidates":[]}' &&
          JSON.stringify(events) !== '{"candidates":[],"minutes":[]}',
      };
    };
    await sql`
      update public.notification_sends
      set match_id = 1, ledger_id = (select id from public.schedule_ledger), confidence = 'high',
        correlation_method = 'ledger_id'`;
    deepStrictEqual(await answers("operator"), {
      isOperator: true,
      hasTimeline: true,
      hasVerdict: true,
      verdicts: 1,
      hasUsers: false,
      hasEvents: true,
    });
    for (const role of [null, "admin", "service_role", "Operator"]) {
      deepStrictEqual(await answers(role), {
        isOperator: false,
        hasTimeline: false,
        hasVerdict: false,
        verdicts: 0,
        hasUsers: false,
        hasEvents: false,
      });
    }
  }));

/** The verdict at the head of a timeline is of the moment. */
function withoutTimes(answer: unknown): string {
  return JSON.stringify(answer).replaceAll(/\d{4}-\d\d-\d\dT[\d:.+]+/g, "");
}

Deno.test("operators call their functions by GET too, from a page of any origin", () =>
  withRest(async ({ sql, restUrl, signedIn }) => {
    await fillTables(sql);
    const operator = await signedIn();
    const day = { ...EVERYTHING, p_now: "2024-12-07T12:00:00Z" };
    const args: Readonly<Record<string, object>> = {
      day_verdicts: day,
      is_operator: {},
      match_events: { p_match_id: 1 },
      match_timeline: { p_match_id: 1 },
      match_verdict: { p_match_id: 1, p_now: day.p_now },
    };
    deepStrictEqual(Object.keys(args), OPERATORS_CALL);
    for (const [name, own] of Object.entries(args)) {
      const call = (options: object) => operator.rpc(name as "is_operator", own as never, options);
      const [byGet, byPost] = [await call({ get: true }), await call({})];
      deepStrictEqual(byGet.error, null, name);
      ok(JSON.stringify(byGet.data).length > 2, name);
      strictEqual(withoutTimes(byGet.data), withoutTimes(byPost.data), name);
    }
    const asked = ["authorization", "apikey", "x-client-info", "accept-profile"];
    const { headers } = await fetch(`${restUrl}/rpc/day_verdicts`, {
      method: "OPTIONS",
      headers: {
        origin: "https://ops.example",
        "access-control-request-method": "GET",
        "access-control-request-headers": asked.join(", "),
      },
    });
    const allowed = (what: string) =>
      (headers.get(`access-control-allow-${what}`) ?? "").toLowerCase();
    ok(["*", "https://ops.example"].includes(allowed("origin")), allowed("origin"));
    ok(allowed("methods").includes("get"), allowed("methods"));
    for (const name of asked) {
      ok(allowed("headers").includes(name), `${name}: ${allowed("headers")}`);
    }
  }));
