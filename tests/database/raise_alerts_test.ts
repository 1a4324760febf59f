import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { minutes, NOW, only, type Suite, withSuite } from "./fixtures.ts";

const ALERT = {
  fingerprint: "create_unknown:1001:1",
  rule: "create_unknown",
  severity: "warning",
  audience: "admin",
  title: "A create was not heard of again",
  details: { generation: 1 },
  match_id: 1001,
};

function raise({ call }: Suite, alerts: readonly object[], now = NOW): Promise<number> {
  return call("raise_alerts", { p_alerts: alerts, p_now: now });
}

Deno.test(
  "raise_alerts() opens one alert for a fingerprint and counts it up when seen again",
  withSuite(async (suite) => {
    strictEqual(await raise(suite, [ALERT, ALERT]), 1);
    const worse = { ...ALERT, severity: "critical", title: "Again", details: { generation: 2 } };
    strictEqual(await raise(suite, [worse], minutes(15)), 0);
    const alert = only(await suite.sql`select * from public.alerts`);
    deepStrictEqual(
      [alert.occurrences, alert.first_seen_at, alert.last_seen_at],
      [2, NOW, minutes(15)],
    );
    deepStrictEqual(
      [alert.severity, alert.title, alert.details, alert.match_id, alert.rule, alert.audience],
      ["critical", "Again", { generation: 2 }, "1001", "create_unknown", "admin"],
    );
  }),
);

Deno.test(
  "raise_alerts() opens a new alert when the one before was resolved",
  withSuite(async (suite) => {
    await raise(suite, [ALERT]);
    await suite.sql`update public.alerts set resolved_at = ${minutes(1)}`;
    strictEqual(await raise(suite, [ALERT], minutes(15)), 1);
    const [resolved, open] = await suite.sql`select * from public.alerts order by id`;
    deepStrictEqual([resolved?.occurrences, open?.occurrences], [1, 1]);
    deepStrictEqual(resolved?.last_seen_at, NOW);
  }),
);

Deno.test(
  "raise_alerts() knows which rules report a harm, which no function resolves by time",
  withSuite(async (suite) => {
    const rules = ["unexpected_send", "double_push", "sent_early", "sent_late", "create_unknown"];
    await raise(suite, rules.map((rule) => ({ ...ALERT, rule, fingerprint: rule })));
    const alerts = await suite.sql`select rule, kind from public.alerts order by id`;
    deepStrictEqual(
      alerts.filter(({ kind }) => kind === "harm").map(({ rule }) => rule).sort(),
      rules.slice(0, 4).sort(),
    );
    deepStrictEqual(alerts.find(({ rule }) => rule === "create_unknown")?.kind, "condition");
  }),
);

Deno.test(
  "raise_alerts() separates fingerprints, and does nothing for an empty list",
  withSuite(async (suite) => {
    strictEqual(await raise(suite, [ALERT, { ...ALERT, fingerprint: "other" }]), 2);
    strictEqual(await raise(suite, []), 0);
  }),
);
