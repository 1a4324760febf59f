/** 200 means committed; each event is stored once, regardless of its batch; writers take their locks in one order. */
import type { Mutation } from "../mutation.ts";

const INGEST_EVENTS = "supabase/schemas/40_events/ingest_events.sql";
const NAMED_EVENTS = "supabase/schemas/40_events/ingest_identified_events.sql";
const APPLY_EVIDENCE = "supabase/schemas/50_attribution/record_send_proof.sql";
const STORE_REJUDGEMENTS = "supabase/schemas/50_attribution/store_rejudgements.sql";
const LOAD_REJUDGEMENTS = "supabase/schemas/50_attribution/load_rejudgements.sql";
const HANDLER = "supabase/functions/braze-webhook/handler.ts";
const INGEST = "supabase/functions/braze-webhook/ingest.ts";

const DEADLOCK = /deadlock detected/;

export const STORING: readonly Mutation[] = [
  {
    name: "lock-order-of-events",
    rule: "Two requests that share events lock them in one order",
    file: INGEST_EVENTS,
    find: "    order by happened_at, event_id\n",
    replace: "",
    tests: ["tests/database/rules/lock_order_of_rows_test.ts"],
    filter: "the same events",
    shownBy: DEADLOCK,
  },
  {
    name: "lock-order-of-named-events",
    rule: "Two requests whose events name their match lock them in one order",
    file: NAMED_EVENTS,
    find: "    order by event.happened_at, event.event_id\n",
    replace: "",
    tests: ["tests/database/rules/lock_order_of_rows_test.ts"],
    filter: "ingest_identified_events",
    shownBy: DEADLOCK,
  },
  {
    name: "numbers-of-a-payload",
    rule:
      "A number that JSON.stringify would write in another way is stored as on the other way to the database",
    file: "supabase/functions/_shared/text/survey_json.ts",
    find: "byte === MINUS && bytes[at - 1] === ZERO || hasPoint && bytes[at - 1] === ZERO",
    replace: "false",
    tests: ["tests/property/events_test.ts"],
  },
  {
    name: "escapes-of-a-payload",
    rule:
      "An escape that JSON.stringify would write in another way is stored as on the other way to the database",
    file: "supabase/functions/_shared/events/read_body.ts",
    find: "!survey.hasUnusualEscape &&",
    replace: "",
    tests: ["tests/property/events_test.ts"],
  },
  {
    name: "payloads-in-binary",
    rule: "Each payload of a call goes to Postgres whole",
    file: "supabase/functions/braze-webhook/jsonb_array.ts",
    find: "at += 5 + text.byteLength;",
    replace: "at += 4 + text.byteLength;",
    tests: ["tests/end_to_end/ingest_door_test.ts"],
  },
  {
    name: "dedupe-of-named-events",
    rule: "A repeated event that names its match is counted and not stored again",
    file: NAMED_EVENTS,
    find: "    on conflict do nothing\n",
    replace: "",
    tests: ["tests/database/rules/lock_order_of_rows_test.ts"],
    filter: "ingest_identified_events",
    shownBy: /duplicate key value/,
  },
  {
    name: "lock-order-of-proofs",
    rule: "Two requests that prove the same sends lock their ledger rows in key order",
    file: APPLY_EVIDENCE,
    find: `  where ledger.id = any (v_ledger_ids)
  order by ledger.id
  for no key update;`,
    replace: `  where ledger.id = any (v_ledger_ids)
  order by (
    select min(told.place)
    from pg_catalog.jsonb_array_elements(p_proofs) with ordinality as told (proof, place)
    where told.proof ->> 'ledger_id' = ledger.id::text
  )
  for no key update;`,
    tests: ["tests/database/rules/lock_order_of_rows_test.ts"],
    shownBy: DEADLOCK,
  },
  {
    name: "lock-order-of-rejudgements",
    rule: "Ledger rows that lose or gain a proof are locked in one statement, in key order",
    file: STORE_REJUDGEMENTS,
    find: `  where ledger.id = any (v_lost_ids || v_proved_ids)
  order by ledger.id
`,
    replace: `  where ledger.id = any (v_lost_ids || v_proved_ids)
  order by pg_catalog.array_position(v_lost_ids || v_proved_ids, ledger.id)
`,
    tests: ["tests/database/rules/lock_order_of_rows_test.ts"],
    shownBy: DEADLOCK,
  },
  {
    name: "lock-order-of-tables",
    rule: "Ledger rows are locked before identifiers",
    file: INGEST_EVENTS,
    find: `  -- Ledger rows before identifiers: close_attempt takes them in this order too.
`,
    replace: `  perform private.register_identifiers(v_identifiers, 'event', p_now);
`,
    tests: ["tests/database/rules/lock_order_test.ts"],
    shownBy: DEADLOCK,
  },
  {
    name: "dedupe-of-events",
    rule: "A repeated event is counted and not stored again",
    file: INGEST_EVENTS,
    find: "    on conflict (sent_at, event_id) do nothing\n",
    replace: "",
    tests: ["tests/database/ingest_events_test.ts"],
    shownBy: /duplicate key value/,
  },
  {
    name: "dedupe-of-claims",
    rule: "A repeated webhook message without its own time is matched with its first delivery",
    file: INGEST_EVENTS,
    find: "coalesce(claim.sent_at, event.sent_at) as happened_at",
    replace: "event.sent_at as happened_at",
    tests: ["tests/database/ingest_events_test.ts"],
  },
  {
    name: "claims-of-weak-identities",
    rule: "A weak identity that arrives after all retries is another send",
    file: "supabase/schemas/40_events/claim_event_times.sql",
    find: "claim.claimed_at < p_now - interval '45 minutes'",
    replace: "claim.claimed_at < p_now - interval '45 years'",
    tests: ["tests/database/ingest_events_test.ts"],
  },
  {
    name: "nothing-is-dropped",
    rule: "An event whose time has no partition is kept as a reject",
    file: INGEST_EVENTS,
    find: "private.store_rejects(p_rejects || v_outside, p_now)",
    replace: "private.store_rejects(p_rejects, p_now)",
    tests: ["tests/database/ingest_events_test.ts"],
  },
  {
    name: "ok-before-commit",
    rule: "200 is answered after the commit",
    file: HANDLER,
    find: "const { registered, ...tally } = await ingest(read, contentType, runId);",
    replace:
      "const registered = 0;\n      const tally: Tally = { received: 0, recorded: 0, duplicates: 0, rejected: 0, high: 0, medium: 0, low: 0, unattributed: 0 };\n" +
      "      dependencies.waitUntil(ingest(read, contentType, runId));",
    tests: ["tests/unit/braze-webhook/handler_test.ts"],
  },
  {
    name: "ok-without-commit",
    rule: "If the database is unavailable the answer is 503, so that Braze sends again",
    file: HANDLER,
    find: 'return problem(unavailableOr(error, "not_stored"), undefined, runId);',
    replace: "return json({ run_id: runId });",
    tests: ["tests/unit/braze-webhook/handler_test.ts"],
  },
  {
    name: "cut-off-bodies",
    rule: "A truncated body is refused, so that Braze sends it again",
    file: HANDLER,
    find: 'if (!body.ok && !("bytes" in body)) return problem(body.code);',
    replace: 'if (!body.ok && !("bytes" in body)) return json({});',
    tests: ["tests/unit/braze-webhook/handler_test.ts"],
  },
  {
    name: "neighbours-of-a-bad-event",
    rule: "An event that Postgres refuses does not affect other events in the batch",
    file: INGEST,
    find: "if (judged.length === 1 && only !== undefined) {",
    replace: "if (only !== undefined) {",
    tests: ["tests/unit/braze-webhook/ingest_test.ts"],
  },
  {
    name: "faults-of-the-database",
    rule: "A database failure is never treated as an invalid event",
    file: "supabase/functions/_shared/store/rpc.ts",
    find: "return /^(?:22|23|54)/.test(this.code);",
    replace: 'return this.code !== "";',
    tests: ["tests/unit/braze-webhook/ingest_test.ts"],
  },
  {
    name: "judging-again-after-the-answer",
    rule: "Earlier events that a new identifier explains are judged after the answer",
    file: HANDLER,
    find: "if (registered > 0) dependencies.waitUntil(judgeAgain(runId));",
    replace: "void judgeAgain;",
    tests: ["tests/unit/braze-webhook/handler_test.ts"],
  },
  {
    name: "age-of-the-facts",
    rule:
      "Events are not judged by facts that are older than the time in which a change is judged twice",
    file: INGEST,
    find: "if (differenceInMilliseconds(clock.now(), readAt) > FACTS_AGE_MS_MAX) {",
    replace: "if (differenceInMilliseconds(clock.now(), readAt) > 60 * FACTS_AGE_MS_MAX) {",
    tests: ["tests/unit/braze-webhook/ingest_test.ts"],
  },
  {
    name: "second-judging",
    rule: "A change is judged once more a minute later, for requests that read the facts before it",
    file: STORE_REJUDGEMENTS,
    find: "      and change.started_at >= change.changed_at + interval '1 minute';\n",
    replace: "      and true;\n",
    tests: ["tests/database/load_rejudgements_test.ts"],
  },
  {
    name: "pages-of-a-judging",
    rule: "A judging continues after the last event of its page",
    file: LOAD_REJUDGEMENTS,
    find: "coalesce(v_after_sent_at, '-infinity'), coalesce(v_after_event_id, ''), p_limit",
    replace: "'-infinity', '', p_limit",
    tests: ["tests/database/load_rejudgements_test.ts"],
    filter: "does not mix",
  },
  {
    name: "concurrent-judgings",
    rule: "A verdict does not replace one that another run stored meanwhile",
    file: STORE_REJUDGEMENTS,
    find: "      and event.correlation_method = verdict.from_method\n",
    replace: "",
    tests: ["tests/database/store_rejudgements_test.ts"],
  },
  {
    name: "schedule-without-its-proof",
    rule: "A schedule gets its earlier state back when its proof is taken back",
    file: STORE_REJUDGEMENTS,
    find: "      state = coalesce(schedule.state_before_proof, schedule.state),\n",
    replace: "",
    tests: ["tests/database/store_rejudgements_test.ts"],
  },
  {
    name: "cancelled-row-without-its-proof",
    rule: "A cancelled row becomes cancelled again when its proof is taken back",
    file: STORE_REJUDGEMENTS,
    find: "        when ledger.cancel_reason_before_proof is not null then 'cancelled'\n",
    replace: "",
    tests: ["tests/database/store_rejudgements_test.ts"],
    filter: "cancelled by",
    // A constraint of the ledger holds it, too.
    shownBy: /"cancel_reason_only_when_cancelled"/,
  },
  {
    name: "only-stored-events-teach",
    rule: "A duplicate, or an event that is rejected, registers no identifier",
    file: INGEST_EVENTS,
    find: "      from incoming\n      join inserted using (event_id)\n      cross join lateral",
    replace: "      from incoming\n      cross join lateral",
    tests: ["tests/database/ingest_events_test.ts"],
  },
  {
    name: "alert-in-the-transaction",
    rule: "The alert on an unwanted send is raised in the transaction that records its proof",
    file: "supabase/schemas/50_attribution/record_send_proof.sql",
    find: "    perform public.raise_alerts(v_alerts, p_now);\n",
    replace: "    null;\n",
    tests: ["tests/database/rules/unexpected_sends_test.ts"],
  },
  {
    name: "no-locks-on-spread-events",
    rule: "No statement locks rows of events, since servers that share them refuse it",
    file: "supabase/schemas/50_attribution/attribute_by_elimination.sql",
    find: "    order by event.sent_at, event.event_id\n  ) as open;\n",
    replace: "    order by event.sent_at, event.event_id\n    for update\n  ) as open;\n",
    tests: ["tests/database/rules/distribution_test.ts"],
  },
  {
    name: "no-joins-with-spread-events",
    rule: "No statement joins events with another table, since servers that share them refuse it",
    file: "supabase/schemas/50_attribution/raise_untimely_sends.sql",
    find: "    from public.notification_sends as event\n",
    replace:
      "    from public.notification_sends as event join public.schedule_ledger as own on own.id = event.ledger_id\n",
    tests: ["tests/database/rules/distribution_test.ts"],
  },
  {
    name: "only-operators-count-events",
    rule: "A signed-in user who is not an operator reads nothing of events",
    file: "supabase/schemas/80_reporting/may_read_events.sql",
    find: "  return public.is_operator() or pg_catalog.has_table_privilege(",
    replace: "  return true or pg_catalog.has_table_privilege(",
    tests: ["tests/security/operators_read_test.ts"],
  },
];
