import { deepStrictEqual } from "node:assert/strict";
import { RULES, RULES_OVER_ALL } from "../../supabase/functions/braze-scheduler/plan_alerts.ts";
import { MATCH_RULES } from "../../supabase/functions/braze-preflight-check/alerts.ts";
import { minutes, NOW, only, scheduledMatch, type Suite, withSuite } from "./fixtures.ts";
import { raise } from "./alerts.ts";
import { prove } from "./unexpected_sends.ts";

/** The push of `scheduledMatch` is due 540 minutes after NOW, its kick-off is 600 minutes after. */
async function endsAs(
  suite: Suite,
  alert: {
    readonly rule: string;
    readonly details?: Record<string, unknown>;
    readonly match_id?: number | null;
  },
  from: Date,
  until: Date,
): Promise<unknown> {
  const { rule } = alert;
  await suite.sql`delete from public.alerts`;
  await raise(suite, { fingerprint: rule, ...alert } as never, from);
  await suite.call("sync_alerts", { p_rules: [rule], p_alerts: [], p_now: until });
  return only(await suite.sql`select resolved_as from public.alerts`).resolved_as;
}

Deno.test(
  "each rule of the scheduler and of pre-flight ends as over once the match has begun, or its push was proved",
  withSuite(async (suite) => {
    const match = await scheduledMatch(suite);
    const details = {
      kickoff_at: minutes(600),
      matches: [{ sends_at: minutes(540) }, { sends_at: minutes(600) }],
    };
    const rules = [...RULES, ...RULES_OVER_ALL, ...MATCH_RULES, "schedule_gap"]
      .filter((rule) => rule !== "teams_empty");
    for (const rule of rules) {
      const isOverAll = ["unknown_team", "removals_held", "remakes_held"].includes(rule);
      const alert = { rule, details, match_id: isOverAll ? null : 1001 };
      deepStrictEqual(await endsAs(suite, alert, NOW, minutes(539)), null, rule);
      deepStrictEqual(await endsAs(suite, alert, NOW, minutes(600)), "time_passed", rule);
    }
    await prove(suite, match, 1);
    // Its events prove the create; the others were not corrected by the send.
    deepStrictEqual(await endsAs(suite, { rule: "create_unknown" }, NOW, minutes(600)), null);
    deepStrictEqual(
      await endsAs(suite, { rule: "changed_before_send" }, NOW, minutes(541)),
      "time_passed",
    );
  }),
);

Deno.test(
  "a rule about what became of a push ends as over only where nothing proves the push",
  withSuite(async (suite) => {
    const match = await scheduledMatch(suite);
    for (const rule of ["stale_pending", "schedule_in_doubt", "campaign_stopped"]) {
      deepStrictEqual(await endsAs(suite, { rule }, NOW, minutes(539)), null, rule);
      deepStrictEqual(await endsAs(suite, { rule }, NOW, minutes(700)), "time_passed", rule);
    }
    await prove(suite, match, 1);
    for (const rule of ["stale_pending", "missing_webhooks", "campaign_stopped"]) {
      deepStrictEqual(await endsAs(suite, { rule }, minutes(570), minutes(700)), null, rule);
    }
  }),
);

Deno.test(
  "an alert about no match, or about a match that is gone, ends as resolved",
  withSuite(async (suite) => {
    for (const match_id of [null, 7]) {
      deepStrictEqual(
        await endsAs(suite, { rule: "create_failed", match_id }, NOW, minutes(9_000)),
        null,
      );
    }
  }),
);
