/** An event is attributed only to a match that it must belong to, and uncertain evidence proves nothing. */
import type { Mutation } from "../mutation.ts";

const CORRELATE = "supabase/functions/_shared/attribution/correlate.ts";
const REGISTER = "supabase/functions/_shared/attribution/identifiers_to_register.ts";
const REATTRIBUTE_EVENTS = "supabase/schemas/50_attribution/reattribute_events.sql";

const BY_TIME = "tests/unit/_shared/attribution/correlate_time_test.ts";
const REGISTERING = "tests/unit/_shared/attribution/identifiers_to_register_test.ts";

export const ATTRIBUTION: readonly Mutation[] = [
  {
    name: "tie",
    rule: "An event that is equally close to several matches is attributed to none",
    file: CORRELATE,
    find: "if (next.distanceMs - closest.distanceMs < CLEAR_MARGIN_MS) {",
    replace: "if (next.distanceMs < closest.distanceMs) {",
    tests: [BY_TIME, "tests/property/correlation_test.ts"],
  },
  {
    name: "clear-margin",
    rule: "The closest of several schedules must be a minute closer than the next one",
    file: CORRELATE,
    find: "export const CLEAR_MARGIN_MS = 60_000;",
    replace: "export const CLEAR_MARGIN_MS = 1;",
    tests: [BY_TIME],
  },
  {
    name: "guard-of-the-time",
    rule: "The time alone attributes nothing if another schedule is within ten minutes",
    file: CORRELATE,
    find: "export const TIME_GUARD_MS = 10 * 60_000;",
    replace: "export const TIME_GUARD_MS = 2 * 60_000;",
    tests: [BY_TIME],
  },
  {
    name: "deleted-candidates",
    rule: "A deleted schedule is a candidate too",
    file: CORRELATE,
    find: `campaignId === evidence.campaignId && state !== "failed"
          )`,
    replace: `campaignId === evidence.campaignId && state !== "failed" && state !== "deleted"
          )`,
    tests: [BY_TIME],
  },
  {
    name: "time-of-arrival",
    rule: "The time an event is received is no evidence of when it was sent",
    file: CORRELATE,
    find: "!evidence.timeIsSendTime || evidence.campaignId === null",
    replace: "evidence.campaignId === null",
    tests: ["tests/unit/_shared/attribution/correlate_test.ts"],
  },
  {
    name: "time-of-an-uncertain-schedule",
    rule: "The time alone proves nothing about a schedule that may be missing",
    file: CORRELATE,
    find: '(schedule.state === "live" || schedule.state === "completed") &&',
    replace: "",
    tests: [BY_TIME],
  },
  {
    name: "before-send-time",
    rule: "An event cannot predate the send of its schedule",
    file: CORRELATE,
    find: "!isTooEarly(schedule, evidence) &&",
    replace: "",
    tests: ["tests/unit/_shared/attribution/correlate_generation_test.ts"],
  },
  {
    name: "unknown-references-by-time",
    rule: "An event with an unknown reference is not attributed by time",
    file: CORRELATE,
    find: " ||\n    hasUnknownReference(evidence, context)\n  )",
    replace: "\n  )",
    tests: ["tests/unit/_shared/attribution/correlate_test.ts"],
  },
  {
    name: "unknown-echo",
    rule: "An event that echoes an unknown match waits for that match",
    file: CORRELATE,
    find: 'if (echoesUnknownMatch(evidence, context)) return unattributed("unknown_match", []);',
    replace: "",
    tests: ["tests/unit/_shared/attribution/correlate_test.ts"],
  },
  {
    name: "shared-dispatch-registers",
    rule: "No identifiers are registered from a dispatch id, since it may be shared",
    file: REGISTER,
    find: 'if (method === "dispatch_id") return [];',
    replace: "",
    tests: [REGISTERING],
  },
  {
    name: "looked-up-shared-dispatch",
    rule:
      "The database's own lookup uses a dispatch id only if the event carries no other identifier",
    file: "supabase/schemas/40_events/ingest_identified_events.sql",
    find: "or (v_resolved.method = 'dispatch_id' and pg_catalog.jsonb_array_length(v_claims) > 1)",
    replace: "",
    tests: ["tests/database/ingest_identified_events_test.ts"],
  },
  {
    name: "looked-up-before-send-time",
    rule:
      "The database's own lookup attributes no event that was sent before the only schedule's time",
    file: "supabase/schemas/40_events/ingest_identified_events.sql",
    find: "or v_schedule.send_at_utc > (p_name ->> 'due_by')::timestamptz",
    replace: "",
    tests: ["tests/database/ingest_identified_events_test.ts"],
  },
  {
    name: "looked-up-contradictions",
    rule: "The database's own lookup attributes no event whose identifiers disagree",
    file: "supabase/schemas/40_events/ingest_identified_events.sql",
    find: "elsif v_resolved.ledger_id <> v_found then\n      return null;",
    replace: "",
    tests: ["tests/database/ingest_identified_events_test.ts"],
  },
  {
    name: "test-sends",
    rule: "A test send belongs to no match, even if it echoes one",
    file: CORRELATE,
    find: 'if (evidence.isTest) return unattributed("test_send", []);',
    replace: "",
    tests: ["tests/unit/_shared/attribution/correlate_test.ts"],
  },
  {
    name: "ambiguous-identifiers",
    rule: "An identifier that is registered for two matches attributes nothing",
    file: CORRELATE,
    find: "if (identifier === undefined || identifier.ambiguous) continue;",
    replace: "if (identifier === undefined) continue;",
    tests: ["tests/unit/_shared/attribution/correlate_test.ts"],
  },
  {
    name: "marking-of-ambiguous-identifiers",
    rule: "An identifier that occurs on a second match stays marked as ambiguous",
    file: "supabase/schemas/30_schedules/register_identifiers.sql",
    find: "or known.ledger_id <> excluded.ledger_id,",
    replace: ",",
    tests: ["tests/database/register_identifiers_test.ts"],
  },
  {
    name: "reopening-of-ambiguous-events",
    rule: "Events attributed only by an identifier are reconsidered when it becomes ambiguous",
    file: "supabase/schemas/50_attribution/load_affected_events.sql",
    find: "where identifier.ambiguous\n",
    replace: "where false\n",
    tests: ["tests/database/load_affected_events_test.ts"],
  },
  {
    name: "low-confidence-proves-nothing",
    rule: "Low confidence never changes a ledger status",
    file: REGISTER,
    find: '(confidence !== "high" && confidence !== "medium")',
    replace: 'confidence === "none"',
    tests: [REGISTERING, "tests/property/correlation_test.ts"],
  },
  {
    name: "only-certain-events-register",
    rule: "Only events of high confidence register identifiers",
    file: REGISTER,
    find: 'if (confidence !== "high" || ledgerId === null) return [];',
    replace: "if (ledgerId === null) return [];",
    tests: [REGISTERING, "tests/property/correlation_test.ts"],
  },
  {
    name: "messages-prove-no-push",
    rule: "A message of the webhook channel proves that the dispatch ran, and no push",
    file: REGISTER,
    find: 'evidence.eventType === "send" ? "webhook" : null;',
    replace: 'evidence.eventType === "send" ? "push" : null;',
    tests: [REGISTERING],
  },
  {
    name: "bounces-prove-nothing",
    rule: "An Abort or a Bounce alone proves no push",
    file: REGISTER,
    find: 'return evidence.eventType === "send" || evidence.eventType === "open" ? "push" : null;',
    replace: 'return "push";',
    tests: [REGISTERING],
  },
  {
    name: "withdrawal-of-evidence",
    rule: "A ledger row is sent only as long as an event proves it",
    file: REATTRIBUTE_EVENTS,
    find: "    perform private.revoke_send_proof(v_left_ids, p_function, p_run_id, p_now);\n",
    replace: "    null;\n",
    tests: ["tests/end_to_end/doubt_test.ts"],
    filter: "an attribution by time is replaced",
  },
  {
    name: "concurrent-reattributions",
    rule: "Concurrent reattributions are kept",
    file: REATTRIBUTE_EVENTS,
    find: `      and event.correlation_method = verdict.from_method
      and event.ledger_id is not distinct from verdict.from_ledger_id
      and event.generation is not distinct from verdict.from_generation
`,
    replace: "",
    tests: ["tests/database/reattribute_events_test.ts"],
  },
];
