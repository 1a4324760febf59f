import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { addMatch, minutes, NOW, only, seconds, type Suite, withSuite } from "./fixtures.ts";

const ALERT = {
  fingerprint: "create_unknown:1001:1",
  rule: "create_unknown",
  severity: "warning",
  audience: "admin",
  title: "A create was not heard of again",
  details: {},
  match_id: 1001,
};

interface Claimed {
  readonly claim: string;
  readonly alert_id: number;
  readonly kind: string;
  readonly severity: string;
  readonly attempts: number;
  readonly [name: string]: unknown;
}

function raise({ call }: Suite, changes: Partial<typeof ALERT> = {}, now = NOW) {
  return call("raise_alerts", { p_alerts: [{ ...ALERT, ...changes }], p_now: now });
}

function resolve({ call }: Suite, now: Date) {
  return call("sync_alerts", { p_rules: ["create_unknown"], p_alerts: [], p_now: now });
}

function claim(
  { call }: Suite,
  now = NOW,
  changes: Record<string, unknown> = {},
): Promise<Claimed[]> {
  return call("claim_alert_deliveries", {
    p_channel: "webhook",
    p_limit: 100,
    p_claim_seconds: 60,
    p_attempts_max: 3,
    p_now: now,
    ...changes,
  });
}

function record(
  { call }: Suite,
  claimed: readonly Claimed[],
  outcome: Record<string, unknown>,
  now = NOW,
): Promise<number> {
  return call("record_alert_delivery", {
    p_claim: claimed[0]?.claim,
    p_messages: claimed.map(({ alert_id, kind, severity }) => ({ alert_id, kind, severity })),
    p_now: now,
    ...outcome,
  });
}

const TAKEN = { p_outcome: "delivered", p_channel: "webhook" };
const kinds = (claimed: readonly Claimed[]) => claimed.map(({ kind }) => kind);

async function tell(suite: Suite, now = NOW): Promise<string[]> {
  const claimed = await claim(suite, now);
  if (claimed.length > 0) await record(suite, claimed, TAKEN, now);
  return kinds(claimed);
}

Deno.test(
  "an alert is told once, once more when it gets worse, and its end once",
  withSuite(async (suite) => {
    await raise(suite);
    deepStrictEqual(await tell(suite), ["raised"]);
    deepStrictEqual(await tell(suite, minutes(5)), []);
    await raise(suite, {}, minutes(10));
    deepStrictEqual(await tell(suite, minutes(10)), []);
    await raise(suite, { severity: "critical" }, minutes(15));
    deepStrictEqual(await tell(suite, minutes(15)), ["escalated"]);
    await raise(suite, { severity: "warning" }, minutes(20));
    deepStrictEqual(await tell(suite, minutes(20)), []);
    await resolve(suite, minutes(25));
    deepStrictEqual(await tell(suite, minutes(25)), ["resolved"]);
    deepStrictEqual(await tell(suite, minutes(30)), []);
    await raise(suite, {}, minutes(35));
    deepStrictEqual(await tell(suite, minutes(35)), ["raised"]);
  }),
);

Deno.test(
  "an alert that ended before it was told is not told at all",
  withSuite(async (suite) => {
    await raise(suite);
    await resolve(suite, minutes(1));
    deepStrictEqual(await claim(suite, minutes(5)), []);
  }),
);

Deno.test(
  "a severity that rises while its message is on the way is told after it",
  withSuite(async (suite) => {
    await raise(suite);
    const claimed = await claim(suite);
    await raise(suite, { severity: "critical" }, seconds(1));
    await record(suite, claimed, TAKEN, seconds(2));
    deepStrictEqual(await tell(suite, minutes(5)), ["escalated"]);
  }),
);

Deno.test(
  "claim_alert_deliveries() tells what a message needs, the worst first",
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
  "claim_alert_deliveries() gives each message to one of eight who ask at once",
  withSuite(async (suite) => {
    for (let index = 0; index < 20; index++) await raise(suite, { fingerprint: `f${index}` });
    const claims = await Promise.all(Array.from({ length: 8 }, () => claim(suite)));
    const claimed = claims.flat();
    strictEqual(claimed.length, 20);
    strictEqual(new Set(claimed.map(({ alert_id }) => alert_id)).size, 20);
  }),
);

Deno.test(
  "a claim keeps everybody else from telling until it runs out, and then another tells",
  withSuite(async (suite) => {
    await raise(suite);
    strictEqual((await claim(suite)).length, 1);
    await raise(suite, { fingerprint: "another" });
    deepStrictEqual(await claim(suite, seconds(59)), []);
    strictEqual((await claim(suite, seconds(60))).length, 2);
  }),
);

Deno.test(
  "claim_alert_deliveries() passes by an alert that is being changed just now",
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

Deno.test(
  "a refused message waits for its time, is counted, and is given up at the limit",
  withSuite(async (suite) => {
    await raise(suite);
    for (let attempt = 0; attempt < 3; attempt++) {
      const now = minutes(10 * attempt);
      const claimed = await claim(suite, now);
      deepStrictEqual(claimed.map(({ attempts }) => attempts), [attempt]);
      const refused = {
        p_outcome: "failed",
        p_error: "the webhook answered 500",
        p_next_at: minutes(10 * attempt + 9),
      };
      strictEqual(await record(suite, claimed, refused, now), 1);
      // An answer that was lost: asked again, nothing is counted twice.
      strictEqual(await record(suite, claimed, refused, now), 0);
      deepStrictEqual(await claim(suite, minutes(10 * attempt + 8)), []);
    }
    deepStrictEqual(await claim(suite, minutes(60)), []);
    const alert = only(await suite.sql`select * from public.alerts`);
    deepStrictEqual(
      [alert.delivery_attempts, alert.delivery_error, alert.delivered_at],
      [3, "the webhook answered 500", null],
    );
    await suite.sql`update public.alerts set delivery_attempts = 0`;
    deepStrictEqual(await tell(suite, minutes(60)), ["raised"]);
    deepStrictEqual(
      {
        ...only(
          await suite
            .sql`select delivery_attempts, delivery_error, next_delivery_at from public.alerts`,
        ),
      },
      { delivery_attempts: 0, delivery_error: null, next_delivery_at: null },
    );
  }),
);

Deno.test(
  "an end that cannot be told is counted from its own first try",
  withSuite(async (suite) => {
    await raise(suite);
    const refused = { p_outcome: "failed", p_error: "500", p_next_at: NOW };
    for (let attempt = 0; attempt < 2; attempt++) await record(suite, await claim(suite), refused);
    await tell(suite);
    await resolve(suite, minutes(1));
    deepStrictEqual(
      (await claim(suite, minutes(5))).map(({ kind, attempts }) => [kind, attempts]),
      [["resolved", 0]],
    );
  }),
);

Deno.test(
  "a message that was put off is not counted, and may be claimed at once or at its time",
  withSuite(async (suite) => {
    await raise(suite);
    await record(suite, await claim(suite), { p_outcome: "deferred" });
    const again = await claim(suite);
    deepStrictEqual(again.map(({ attempts }) => attempts), [0]);
    await record(suite, again, { p_outcome: "deferred", p_next_at: minutes(2) });
    deepStrictEqual(await claim(suite, minutes(1)), []);
    strictEqual((await claim(suite, minutes(2))).length, 1);
  }),
);

Deno.test(
  "what was taken is recorded even when the claim ran out, and a refusal of it is not",
  withSuite(async (suite) => {
    await raise(suite);
    const slow = await claim(suite);
    const next = await claim(suite, minutes(2));
    const refused = { p_outcome: "failed", p_error: "500", p_next_at: minutes(9) };
    strictEqual(await record(suite, slow, refused, minutes(2)), 0);
    await record(suite, slow, TAKEN, minutes(2));
    await record(suite, next, TAKEN, minutes(2));
    deepStrictEqual(await claim(suite, minutes(5)), []);
  }),
);

Deno.test(
  "what only the log was told is told again once there is a webhook, its end is not",
  withSuite(async (suite) => {
    await raise(suite);
    await raise(suite, { fingerprint: "over", rule: "over" });
    const logged = await claim(suite, NOW, { p_channel: "log" });
    await record(suite, logged, { p_outcome: "delivered", p_channel: "log" });
    deepStrictEqual(await claim(suite, minutes(1), { p_channel: "log" }), []);
    await suite.call("sync_alerts", { p_rules: ["over"], p_alerts: [], p_now: minutes(1) });
    deepStrictEqual(
      (await claim(suite, minutes(2))).map(({ kind, rule }) => [kind, rule]),
      [["raised", "create_unknown"]],
    );
  }),
);

Deno.test(
  "record_alert_delivery() refuses an outcome it does not know",
  withSuite(async (suite) => {
    await raise(suite);
    const claimed = await claim(suite);
    await rejects(
      record(suite, claimed, { p_outcome: "perhaps" }),
      /must be delivered, failed or deferred/,
    );
  }),
);
