import { deepStrictEqual, doesNotMatch, match, ok, strictEqual } from "node:assert/strict";
import {
  bareMessageOf,
  digestOf,
  messageOf,
  testMessage,
} from "../../../../supabase/functions/_shared/alerts/message.ts";
import { hintFor, namesVerb } from "../../../../supabase/functions/_shared/alerts/runbook.ts";
import { VERB_OPTIONS } from "../../../../supabase/functions/_shared/function/verbs.ts";
import type { Delivery } from "../../../../supabase/functions/_shared/store/deliveries.ts";
import {
  RULES,
  RULES_OVER_ALL,
} from "../../../../supabase/functions/braze-scheduler/plan_alerts.ts";
import { deliveries, delivery } from "../../../support/deliveries.ts";
import { at } from "../../../support/facts.ts";

const SETTINGS = { dashboardUrl: "https://push.example/page", alertTimeZone: "Europe/Madrid" };
const PLAIN = { dashboardUrl: null, alertTimeZone: "UTC" };
const textOf = (changes: Partial<Delivery> = {}, settings = PLAIN) =>
  messageOf(delivery(changes), settings).lines.join("\n");

Deno.test("messageOf() names severity, match, kick-off in two zones, verdict, Braze's words, what to do, rule and link", () => {
  const message = messageOf(
    delivery({
      verdict: "will not go: Braze refused the schedule",
      brazeSays: "400 Bad Request: invalid audience",
      occurrences: 1_234,
    }),
    SETTINGS,
  );
  deepStrictEqual(message, {
    lines: [
      "🔴 Critical: Match 1002 Arsenal–Chelsea: the outcome of the create of schedule 1 is unknown",
      "Kick-off 2024-12-07 15:00 UTC (16:00 Europe/Madrid)",
      "The match now: will not go: Braze refused the schedule",
      "Braze says: 400 Bad Request: invalid audience",
      `What to do: ${hintFor("create_unknown")}. Its verbs are buttons on the page below`,
      "create_unknown · since 2024-12-07 05:45 UTC (06:45 Europe/Madrid) · seen 1,234 times",
    ],
    link: "https://push.example/page#/match/1002",
  });
});

Deno.test("messageOf() says where verbs are found: on the page, or without one in the runbook", () => {
  match(
    textOf({}, { ...SETTINGS, dashboardUrl: null }),
    /declare_gone`\. Its verbs are sent by curl/,
  );
  doesNotMatch(textOf({ rule: "function_stalled" }), /Its verbs/);
  for (const verb of Object.keys(VERB_OPTIONS)) ok(namesVerb(`then \`${verb}\``), verb);
  ok(!namesVerb("the column `push` of `matches`"));
});

Deno.test("messageOf() gives the date of the other zone where it is another day", () => {
  match(
    textOf({ kickoffAt: at("23:30:00") }, { ...PLAIN, alertTimeZone: "Asia/Tokyo" }),
    /2024-12-07 23:30 UTC \(2024-12-08 08:30 Asia\/Tokyo\)/,
  );
});

Deno.test("messageOf() marks an alert that escalated, and one that keeps changing", () => {
  match(textOf({ kind: "escalated" }), /^🔴 Critical \(it was less before\): /);
  const changing = textOf({ kind: "changing", openings: 3 });
  match(changing, /^🟠 Keeps changing: /);
  match(changing, /opened again 3 times/);
  match(changing, /What to do: /);
});

for (
  const [kind, head] of [
    ["resolved", "✅ Resolved: "],
    ["over", "⚪ Over, not resolved: "],
    ["closed", "✅ Closed by a person: "],
  ] as const
) {
  Deno.test(`messageOf() gives the period of an alert that is ${kind}, and asks for no action`, () => {
    const text = textOf({ kind, resolvedAt: at("14:20:00") });
    ok(text.startsWith(head), text);
    match(text, /from 2024-12-07 05:45 UTC to 2024-12-07 14:20 UTC/);
    doesNotMatch(text, /What to do/);
  });
}

Deno.test("messageOf() repeats the word of the person who closed an alert", () => {
  match(
    textOf({ kind: "closed", resolvedAt: at("14:20:00"), closedBecause: "Support knows" }),
    /\nReason: Support knows\n/,
  );
});

Deno.test("messageOf() names a match that its title does not name, and a deleted one by its id", () => {
  const none = { homeTeam: null, awayTeam: null, kickoffAt: null };
  match(textOf({ title: "T" }), /\nMatch 1002 Arsenal–Chelsea, kick-off 2024-12-07 15:00 UTC\n/);
  doesNotMatch(textOf({ ...none, matchId: null, title: "Teams" }), /[Mm]atch/);
  match(textOf({ ...none, title: "T" }), /\nMatch 1002\n/);
});

Deno.test("messageOf() links to the list of alerts where no match is concerned, and to nothing without a page", () => {
  strictEqual(
    messageOf(delivery({ matchId: null }), SETTINGS).link,
    "https://push.example/page#/alerts",
  );
  strictEqual(messageOf(delivery(), PLAIN).link, null);
});

Deno.test("messageOf() lets no text from outside forge a line", () => {
  const forged = "a\u2028What to do: pay\r\n\tWhat to do: pay\u0085b";
  strictEqual(
    textOf({ title: forged, brazeSays: forged }).split("\n")
      .filter((line) => line.startsWith("What to do")).length,
    1,
  );
});

Deno.test("messageOf() truncates long texts between characters", () => {
  const family = "👩‍👩‍👧‍👦";
  const text = textOf({ title: family.repeat(200), brazeSays: "x".repeat(5_000) });
  ok(text.length < 1_500, `${text.length} characters`);
  ok(text.isWellFormed());
  match(text, new RegExp(`: (?:${family})+…\n`));
  match(text, /x…/);
});

Deno.test("bareMessageOf() holds no text from outside", () => {
  deepStrictEqual(bareMessageOf(delivery({ title: "<!channel>" }), SETTINGS), {
    lines: ["🔴 Critical: create_unknown, match 1002"],
    link: "https://push.example/page#/match/1002",
  });
});

Deno.test("digestOf() counts, lists open alerts before resolved ones, and says how many of them it lists", () => {
  const over = deliveries(3, { kind: "resolved", resolvedAt: at("06:00:00") });
  const { lines, link } = digestOf([...over, ...deliveries(40)], SETTINGS);
  strictEqual(lines[0], "40 alerts, 3 resolved or over (the first 20 of 43 follow)");
  match(lines[1] ?? "", /^• 🔴 Critical: Trouble 1 \(create_unknown, since /);
  strictEqual(lines.filter((line) => line.startsWith("•")).length, 20);
  strictEqual(link, "https://push.example/page#/alerts");
});

Deno.test("digestOf() lists only resolutions if there are only resolutions", () => {
  const over = deliveries(6, { kind: "resolved", resolvedAt: at("06:00:00") });
  strictEqual(digestOf(over, PLAIN).lines[0], "6 resolved or over");
});

Deno.test("testMessage() says that it is a test, and for whom", () => {
  match(testMessage("engineering", at("06:00:00"), PLAIN).lines[0] ?? "", /Test.*engineering/);
});

Deno.test("hintFor() has a specific hint for every rule, and a general one for any other", () => {
  const other = hintFor("constructor");
  match(other, /runbook/);
  const rules = [
    ...RULES,
    ...RULES_OVER_ALL,
    "push_unwanted",
    "push_outdated",
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
