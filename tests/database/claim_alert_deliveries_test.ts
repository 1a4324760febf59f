import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { addMatch, minutes, NOW, seconds, withSuite } from "./fixtures.ts";
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
