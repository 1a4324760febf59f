import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { minutes, NOW, only, withSuite } from "./fixtures.ts";
import { claim, deliverAll, raise, record, resolve, TAKEN } from "./alerts.ts";

Deno.test(
  "a refused message waits for its next try, is counted, and is abandoned at the limit",
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
      // The answer was lost: a repeated call counts nothing twice.
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
    deepStrictEqual(await deliverAll(suite, minutes(60)), ["raised"]);
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
  "failed resolution notices are counted from the first resolution attempt",
  withSuite(async (suite) => {
    await raise(suite);
    const refused = { p_outcome: "failed", p_error: "500", p_next_at: NOW };
    for (let attempt = 0; attempt < 2; attempt++) await record(suite, await claim(suite), refused);
    await deliverAll(suite);
    await resolve(suite, minutes(1));
    deepStrictEqual(
      (await claim(suite, minutes(5))).map(({ kind, attempts }) => [kind, attempts]),
      [["resolved", 0]],
    );
  }),
);

Deno.test(
  "a postponed message is not counted, and can be claimed at once or at its time",
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
  "a delivery is recorded after its lease expired, a refusal is not",
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
  "a notice that only reached the log is repeated once a webhook exists, its resolution is not",
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
  "record_alert_delivery() refuses an unknown outcome",
  withSuite(async (suite) => {
    await raise(suite);
    const claimed = await claim(suite);
    await rejects(
      record(suite, claimed, { p_outcome: "perhaps" }),
      /must be delivered, failed or deferred/,
    );
  }),
);
