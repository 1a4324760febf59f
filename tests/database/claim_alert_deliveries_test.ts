import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { addMatch, minutes, NOW, seconds, startRun, type Suite, withSuite } from "./fixtures.ts";
import { ALERT, claim, deliverAll, raise, record, resolve, TAKEN } from "./alerts.ts";

Deno.test(
  "an alert sends one notice on opening, one on escalation and one on resolution",
  withSuite(async (suite) => {
    await raise(suite);
    deepStrictEqual(await deliverAll(suite), ["raised"]);
    deepStrictEqual(await deliverAll(suite, minutes(5)), []);
    await raise(suite, {}, minutes(10));
    deepStrictEqual(await deliverAll(suite, minutes(10)), []);
    await raise(suite, { severity: "critical" }, minutes(15));
    deepStrictEqual(await deliverAll(suite, minutes(15)), ["escalated"]);
    await raise(suite, { severity: "warning" }, minutes(20));
    deepStrictEqual(await deliverAll(suite, minutes(20)), []);
    await resolve(suite, minutes(25));
    deepStrictEqual(await deliverAll(suite, minutes(25)), ["resolved"]);
    deepStrictEqual(await deliverAll(suite, minutes(30)), []);
    await raise(suite, {}, minutes(35));
    deepStrictEqual(await deliverAll(suite, minutes(35)), ["raised"]);
  }),
);

Deno.test(
  "an alert resolved before its first notice sends none",
  withSuite(async (suite) => {
    await raise(suite);
    await resolve(suite, minutes(1));
    deepStrictEqual(await claim(suite, minutes(5)), []);
  }),
);

Deno.test(
  "a severity that rises while a message is being delivered sends another notice afterwards",
  withSuite(async (suite) => {
    await raise(suite);
    const claimed = await claim(suite);
    await raise(suite, { severity: "critical" }, seconds(1));
    await record(suite, claimed, TAKEN, seconds(2));
    deepStrictEqual(await deliverAll(suite, minutes(5)), ["escalated"]);
  }),
);

Deno.test(
  "claim_alert_deliveries() returns the fields of a message, highest severity first",
  withSuite(async (suite) => {
    await addMatch(suite, 1001);
    await raise(suite);
    await raise(suite, {}, minutes(1));
    await raise(suite, { fingerprint: "worse", severity: "critical", match_id: 7 }, minutes(2));
    await raise(suite, { fingerprint: "older", severity: "critical", match_id: 8 }, minutes(1));
    const claimed = await claim(suite, minutes(5));
    deepStrictEqual(claimed.map(({ match_id }) => match_id), [8, 7, 1001]);
    const { claim: _, alert_id: __, kickoff_at: kickoff, first_seen_at: seen, ...rest } =
      claimed[2]!;
    deepStrictEqual(rest, {
      kind: "raised",
      rule: "create_unknown",
      severity: "warning",
      audience: "admin",
      title: ALERT.title,
      match_id: 1001,
      home_team: "Home 1001",
      away_team: "Away 1001",
      resolved_at: null,
      occurrences: 2,
      openings: 1,
      braze_says: null,
      verdict:
        "will not go: The team Away 1001 is not in the table teams, so nobody can be selected.",
      closed_because: null,
      attempts: 0,
    });
    deepStrictEqual([new Date(String(kickoff)), new Date(String(seen))], [minutes(600), NOW]);
    deepStrictEqual([claimed[0]?.home_team, claimed[0]?.kickoff_at], [null, null]);
  }),
);

Deno.test(
  "claim_alert_deliveries() gives each message to one of eight concurrent callers",
  withSuite(async (suite) => {
    for (let index = 0; index < 20; index++) await raise(suite, { fingerprint: `f${index}` });
    const claims = await Promise.all(Array.from({ length: 8 }, () => claim(suite)));
    const claimed = claims.flat();
    strictEqual(claimed.length, 20);
    strictEqual(new Set(claimed.map(({ alert_id }) => alert_id)).size, 20);
  }),
);

Deno.test(
  "a lease blocks other deliveries until it expires, then another caller delivers",
  withSuite(async (suite) => {
    await raise(suite);
    strictEqual((await claim(suite)).length, 1);
    await raise(suite, { fingerprint: "another" });
    deepStrictEqual(await claim(suite, seconds(59)), []);
    strictEqual((await claim(suite, seconds(60))).length, 2);
  }),
);

Deno.test(
  "claim_alert_deliveries() skips an alert that another transaction has locked",
  withSuite(async (suite) => {
    await raise(suite);
    await raise(suite, { fingerprint: "another", title: "Another" });
    await suite.sql.begin(async (held) => {
      await held`update public.alerts set title = 'Held' where fingerprint = ${ALERT.fingerprint}`;
      deepStrictEqual((await claim(suite)).map(({ title }) => title), ["Another"]);
    });
  }),
);

Deno.test(
  "claim_alert_deliveries() takes no more than its limit",
  withSuite(async (suite) => {
    for (const fingerprint of ["a", "b", "c"]) await raise(suite, { fingerprint });
    strictEqual((await claim(suite, NOW, { p_limit: 2 })).length, 2);
  }),
);

/** Opens at `from` and resolves three minutes later, both delivered; the messages that this sent. */
async function comeAndGo(suite: Suite, from: number): Promise<string[]> {
  await raise(suite, {}, minutes(from));
  const opening = await deliverAll(suite, minutes(from));
  await resolve(suite, minutes(from + 3));
  return [...opening, ...await deliverAll(suite, minutes(from + 3))];
}

Deno.test(
  "an alert that comes and goes is told twice, then as one that keeps changing, then when it rests",
  withSuite(async (suite) => {
    const told: string[][] = [];
    for (let time = 0; time < 9; time++) told.push(await comeAndGo(suite, 10 * time));
    deepStrictEqual(told.slice(0, 4), [
      ["raised", "resolved"],
      ["raised", "resolved"],
      ["changing"],
      [],
    ]);
    deepStrictEqual(told.slice(4).flat(), []);
    // The last one resolved after 83 minutes.
    deepStrictEqual(await deliverAll(suite, minutes(142)), []);
    deepStrictEqual(await deliverAll(suite, minutes(144)), ["resolved"]);
    deepStrictEqual(await deliverAll(suite, minutes(300)), []);
  }),
);

Deno.test(
  "an alert that kept changing and stays open for an hour is told, and its end is told once",
  withSuite(async (suite) => {
    for (const from of [0, 10, 20]) await comeAndGo(suite, from);
    await raise(suite, {}, minutes(30));
    deepStrictEqual(await deliverAll(suite, minutes(89)), []);
    deepStrictEqual(await deliverAll(suite, minutes(90)), ["raised"]);
    await resolve(suite, minutes(100));
    deepStrictEqual(await deliverAll(suite, minutes(100)), ["resolved"]);
    deepStrictEqual(await deliverAll(suite, minutes(300)), []);
  }),
);

Deno.test(
  "an alert that is told as one that keeps changing and then stays open is told again",
  withSuite(async (suite) => {
    for (const from of [0, 10]) await comeAndGo(suite, from);
    await raise(suite, {}, minutes(20));
    deepStrictEqual(await deliverAll(suite, minutes(20)), ["changing"]);
    deepStrictEqual(await deliverAll(suite, minutes(79)), []);
    deepStrictEqual(await deliverAll(suite, minutes(80)), ["raised"]);
    deepStrictEqual(await deliverAll(suite, minutes(85)), []);
    await resolve(suite, minutes(90));
    deepStrictEqual(await deliverAll(suite, minutes(90)), ["resolved"]);
  }),
);

Deno.test(
  "an alert that keeps changing and becomes worse is told at once",
  withSuite(async (suite) => {
    for (const from of [0, 10, 20]) await comeAndGo(suite, from);
    await raise(suite, { severity: "critical" }, minutes(30));
    deepStrictEqual(await deliverAll(suite, minutes(30)), ["changing"]);
    await resolve(suite, minutes(33));
    deepStrictEqual(await deliverAll(suite, minutes(100)), ["resolved"]);
  }),
);

Deno.test(
  "a harm is told each time, and one that a person closed with that person's word",
  withSuite(async (suite) => {
    const harm = { rule: "double_push", fingerprint: "double_push:1001" };
    const runId = await startRun(suite);
    for (const from of [0, 10, 20]) {
      await raise(suite, harm, minutes(from));
      deepStrictEqual(await deliverAll(suite, minutes(from)), ["raised"]);
      await suite.call("resolve_alert", {
        p_fingerprint: harm.fingerprint,
        p_reason: "Support knows",
        p_actor_kind: "secret_key",
        p_run_id: runId,
        p_dry_run: false,
        p_now: minutes(from + 3),
      });
      const claimed = await claim(suite, minutes(from + 3));
      deepStrictEqual(claimed.map(({ kind, closed_because }) => [kind, closed_because]), [
        ["closed", "Support knows"],
      ]);
      await record(suite, claimed, TAKEN, minutes(from + 3));
    }
  }),
);

Deno.test(
  "an alert whose match began before it was corrected is told as over, not as resolved",
  withSuite(async (suite) => {
    // The kick-off is 600 minutes after NOW.
    await addMatch(suite, 1001);
    const rule = { rule: "create_failed", fingerprint: "create_failed:1001" };
    const end = (now: Date) =>
      suite.call("sync_alerts", { p_rules: ["create_failed"], p_alerts: [], p_now: now });
    await raise(suite, rule);
    await deliverAll(suite);
    await end(minutes(599));
    deepStrictEqual(await deliverAll(suite, minutes(599)), ["resolved"]);
    await raise(suite, rule, minutes(599));
    await deliverAll(suite, minutes(599));
    await end(minutes(600));
    deepStrictEqual(await deliverAll(suite, minutes(600)), ["over"]);
  }),
);
