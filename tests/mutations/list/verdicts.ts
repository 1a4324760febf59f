/** What is said of a push: nobody may take one that is missing, or in doubt, for one that went out. */
import type { Mutation } from "../mutation.ts";

const VERDICTS_SQL = "supabase/schemas/75_verdicts/push_verdicts.sql";
const TEST = "tests/database/match_verdict_test.ts";

export const VERDICTS: readonly Mutation[] = [
  {
    name: "called-off-since-is-said",
    rule: "Of a match that was called off after its time, both are said",
    file: VERDICTS_SQL,
    find: "then coalesce('. The match is ' || judged.off_since || ' since then', '')",
    replace: "then ''",
    tests: [TEST],
    filter: "tells each state of a push",
  },
  {
    name: "called-off-beside-a-live-schedule",
    rule: "Nothing is called off while Braze may still send it",
    file: VERDICTS_SQL,
    find:
      "        when fact.may_send and not fact.is_turned_away and fact.send_at > p_now then array[\n",
    replace: "        when false then array[\n",
    tests: [TEST],
  },
  {
    name: "old-date-is-no-success",
    rule: "A match that was moved after its push does not show that success on its new date",
    file: VERDICTS_SQL,
    find:
      "        coalesce(fact.status = 'sent' and (fact.is_earlier or fact.due_at <= fact.ledger_send_at + interval '12 hours'), false)\n",
    replace: "        coalesce(fact.status = 'sent', false)\n",
    tests: [TEST],
  },
  {
    name: "confirmed-is-not-proved",
    rule: "What a person confirmed is not told as proved",
    file: VERDICTS_SQL,
    find: "        when fact.sent_evidence = 'operator' then array[\n",
    replace: "        when false then array[\n",
    tests: [TEST],
  },
  {
    name: "stopped-will-not-go",
    rule: "While the campaign is stopped, its pushes will not go",
    file: VERDICTS_SQL,
    find: "        when fact.campaign_state <> 'running' then array[\n",
    replace: "        when false then array[\n",
    tests: [TEST],
  },
  {
    name: "brazes-own-words",
    rule: "What Braze refused is told in Braze's words",
    file: VERDICTS_SQL,
    find: "coalesce(fact.create_answer, 'it gave no reason') as refused",
    replace: "'it gave no reason' as refused",
    tests: [TEST],
  },
  {
    name: "all-aborted-did-not-go",
    rule: "Where everybody was aborted, the push did not go out",
    file: VERDICTS_SQL,
    find: "        when fact.users = 0 and fact.aborted > 0 and p_now >= said.time",
    replace: "        when false and p_now >= said.time",
    tests: [TEST],
  },
  {
    name: "verbs-as-they-are-accepted",
    rule: "A verdict lists a verb only where the verb would be accepted as it is",
    file: VERDICTS_SQL,
    find: "answer.refused is null and not asked.accepts_risk",
    replace: "answer.refused is null",
    tests: [TEST],
  },
  {
    name: "a-call-by-hand-is-not-cron",
    rule: "A call by hand does not hide that cron is dead",
    file: "supabase/schemas/80_reporting/job_states.sql",
    find: " and run.caller = 'cron'",
    replace: "",
    tests: ["tests/database/job_states_test.ts"],
  },
  {
    name: "chat-says-the-verdict",
    rule: "The chat says of a match what page and status say",
    file: "supabase/schemas/70_alerts/claim_alert_deliveries.sql",
    find: "      'verdict', pg_catalog.replace(judged.verdict, '_', ' ') || ': ' || judged.why,\n",
    replace: "      'verdict', 'scheduled: Braze has its schedule.',\n",
    tests: ["tests/end_to_end/one_verdict_test.ts"],
    filter: "the campaign was stopped",
  },
  {
    name: "page-reads-by-get",
    rule: "What the page reads, a read replica can answer: every read is a GET",
    file: "dashboard/src/read.ts",
    find: 'client.rpc("match_events", { p_match_id: matchId }, GET)',
    replace: 'client.rpc("match_events", { p_match_id: matchId })',
    tests: ["tests/unit/dashboard/src/read_test.ts"],
  },
  {
    name: "verbs-stay-on-the-primary",
    rule: "What changes something never goes to a read replica",
    file: "dashboard/src/client.ts",
    find: ' && (init?.method ?? "GET") === "GET"',
    replace: "",
    tests: ["tests/unit/dashboard/src/read_test.ts"],
  },
  {
    name: "reads-change-nothing",
    rule: "What people read works in a read-only transaction",
    file: "supabase/schemas/80_reporting/match_events.sql",
    find: "\nstable\n",
    replace: "\nvolatile\n",
    tests: ["tests/database/rules/read_only_test.ts"],
  },
];
