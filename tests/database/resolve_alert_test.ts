import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { minutes, withSuite } from "./fixtures.ts";
import { type Answer, RUN_ID } from "./verbs.ts";

Deno.test(
  "resolve_alert() closes a harm with a word, and leaves a condition to its cause",
  withSuite(async (suite) => {
    const told = (rule: string) => ({
      fingerprint: rule,
      rule,
      severity: "critical",
      audience: "admin",
      title: "It ended badly",
      details: {},
      match_id: null,
    });
    await suite.sql`
      select public.raise_alerts(${suite.sql.json([told("double_push"), told("teams_empty")])}, ${
      minutes(1)
    })`;
    const resolve = async (p_fingerprint: string) =>
      (await suite.call<Answer>("resolve_alert", {
        p_fingerprint,
        p_reason: "Support is informed",
        p_actor_kind: "operator",
        p_actor_id: "user-1",
        p_run_id: RUN_ID,
        p_dry_run: false,
        p_now: minutes(2),
      })).refused;
    strictEqual(await resolve("double_push"), null);
    strictEqual(await resolve("double_push"), "no such alert is open");
    strictEqual(await resolve("teams_empty"), "it resolves by itself when its cause is gone");
    const [action] = await suite.sql`
      select action, match_id, actor_id, reason, details from public.operator_actions`;
    deepStrictEqual({ ...action }, {
      action: "resolve",
      match_id: null,
      actor_id: "user-1",
      reason: "Support is informed",
      details: { fingerprint: "double_push" },
    });
  }),
);
