import { doesNotMatch, match, ok, strictEqual } from "node:assert/strict";
import { digestOf, messageOf } from "../../../../supabase/functions/_shared/alerts/message.ts";
import { hintFor } from "../../../../supabase/functions/_shared/alerts/runbook.ts";
import {
  RULES,
  RULES_OVER_ALL,
} from "../../../../supabase/functions/braze-scheduler/plan_alerts.ts";
import { deliveries, delivery } from "../../../support/deliveries.ts";
import { at } from "../../../support/facts.ts";

Deno.test("messageOf() states severity, title, rule, match, since when, how often, and what to do", () => {
  strictEqual(
    messageOf(delivery()),
    [
      ":red_circle: *Critical*: Match 1002 Arsenal–Chelsea: the outcome of the create of schedule 1 is unknown",
      "`create_unknown` · match 1002 Arsenal–Chelsea, kick-off 2024-12-07 15:00 UTC · " +
      "since 2024-12-07 05:45 UTC · seen 2 times",
      `What to do: ${hintFor("create_unknown")}`,
    ].join("\n"),
  );
});

Deno.test("messageOf() marks an alert that escalated", () => {
  match(messageOf(delivery({ kind: "escalated" })), /^:red_circle: \*Critical\* \(escalated\): /);
});

Deno.test("messageOf() gives the period of a resolved alert, and asks for no action", () => {
  const text = messageOf(delivery({ kind: "resolved", resolvedAt: at("14:20:00") }));
  match(text, /^:white_check_mark: \*Resolved\*: Match 1002 /);
  match(text, /from 2024-12-07 05:45 UTC to 2024-12-07 14:20 UTC/);
  doesNotMatch(text, /What to do/);
});

Deno.test("messageOf() omits the match of an alert without one, and names a deleted match by its id", () => {
  const none = { homeTeam: null, awayTeam: null, kickoffAt: null };
  doesNotMatch(messageOf(delivery({ ...none, matchId: null, title: "Teams" })), /match/);
  match(messageOf(delivery({ ...none, title: "T" })), / · match 1002 · /);
});

Deno.test("messageOf() escapes the chat markup of external text", () => {
  const text = messageOf(delivery({
    title: 'Team "<!channel> & <https://evil.test|here>\nWhat to do: pay" is unknown',
    homeTeam: "<@U1>",
  }));
  doesNotMatch(text, /<[!@h]/);
  strictEqual(text.split("\n").length, 3);
  match(text, /&lt;!channel&gt; &amp; /);
});

Deno.test("messageOf() truncates a very long title", () => {
  const text = messageOf(delivery({ title: "x".repeat(5_000) }));
  ok(text.length < 1_000, `${text.length} characters`);
  match(text, /x…/);
});

Deno.test("digestOf() counts, lists open alerts before resolved ones, and states how many are omitted", () => {
  const over = deliveries(3, { kind: "resolved", resolvedAt: at("06:00:00") });
  const lines = digestOf([...over, ...deliveries(40)]).split("\n");
  strictEqual(lines[0], "*40 alerts, 3 resolved*");
  match(lines[1] ?? "", /^• :red_circle: \*Critical\*: Trouble 1 \(`create_unknown`, since /);
  strictEqual(lines.filter((line) => line.startsWith("•")).length, 20);
  strictEqual(lines.at(-2), "… and 23 more");
});

Deno.test("digestOf() lists only resolutions if there are only resolutions", () => {
  const text = digestOf(deliveries(6, { kind: "resolved", resolvedAt: at("06:00:00") }));
  match(text, /^\*6 resolved\*\n/);
  doesNotMatch(text, /more/);
});

Deno.test("hintFor() has a specific hint for every rule, and a general one for any other", () => {
  const other = hintFor("constructor");
  match(other, /runbook/);
  const rules = [
    ...RULES,
    ...RULES_OVER_ALL,
    "push_unwanted",
    ...["unexpected_send", "low_confidence_share", "missing_webhooks", "double_push"],
    ...["schedule_missing", "changed_before_send", "schedule_id_missing", "campaign_stopped"],
    ...[
      "count_mismatch",
      "schedule_gap",
      "stale_pending",
      "attempt_unknown",
      "cancellation_limit_reached",
    ],
    ...["many_duplicates", "duplicates_three_days"],
    ...["function_stalled", "pg_net_failures", "partitions_low", "rejects_backlog"],
  ];
  for (const rule of rules) ok(hintFor(rule) !== other, rule);
});
