/** No wanted schedule is cancelled, a wrong database cannot empty Braze, and only balanced events are reattributed. */
import type { Mutation } from "../mutation.ts";

const UNMANAGED = "supabase/functions/braze-reconcile/decisions/unmanaged_schedules.ts";
const ELIMINATION = "supabase/functions/braze-reconcile/decisions/elimination.ts";
const SORTING = "tests/unit/braze-reconcile/decisions/unmanaged_schedules_test.ts";
const PAST = "tests/unit/braze-reconcile/decisions/verify_past_test.ts";

const SORTS_OUT_THE_CURRENT = {
  file: UNMANAGED,
  find: '      if (match.status !== "cancelled") return { kind: "owned" };\n',
  replace: "",
};
const REFUSES_THE_CURRENT = {
  file: "supabase/schemas/60_reconcile/open_unmanaged_delete.sql",
  find: "    where ledger.status <> 'cancelled'\n",
  replace: "    where false\n",
};

export const RECONCILING: readonly Mutation[] = [
  {
    name: "current-is-not-unmanaged",
    rule: "The current schedule of a match that is not cancelled is never classified as unmanaged",
    ...SORTS_OUT_THE_CURRENT,
    tests: [SORTING, "tests/property/unmanaged_schedules_test.ts"],
  },
  {
    name: "current-is-refused",
    rule: "The journal refuses to delete the current schedule of a match that is not cancelled",
    ...REFUSES_THE_CURRENT,
    tests: ["tests/database/open_unmanaged_delete_test.ts"],
  },
  {
    name: "current-both",
    rule: "No wanted schedule is ever cancelled, unless both guards are broken",
    ...SORTS_OUT_THE_CURRENT,
    also: [REFUSES_THE_CURRENT],
    tests: ["tests/end_to_end/reconcile_unmanaged_test.ts"],
    filter: "a second schedule is reported",
  },
  {
    name: "keep-the-only-push",
    rule: "An unmanaged schedule is kept as long as it may be the only push of its match",
    file: UNMANAGED,
    find: '    if (match !== undefined && isUnconfirmed(match)) return { kind: "held" };\n',
    replace: "",
    tests: [SORTING],
  },
  {
    name: "unmanaged-after-five-minutes",
    rule: "A schedule that changed within five minutes is not unmanaged yet",
    file: UNMANAGED,
    find: "differenceInMilliseconds(observedAt, schedule.updatedAt) < SETTLING_MS",
    replace: "differenceInMilliseconds(now, schedule.updatedAt) < 0",
    tests: [SORTING],
  },
  {
    name: "cancellation-limit",
    rule: "More unmanaged schedules than one run may cancel are not cancelled and raise an alert",
    file: "supabase/functions/braze-reconcile/steps/unmanaged_schedules.ts",
    find: "const isOverLimit = unmanaged.length > allowed;",
    replace: "const isOverLimit = unmanaged.length > allowed && unmanaged.length < 0;",
    tests: ["tests/end_to_end/reconcile_unmanaged_test.ts"],
    filter: "more unmanaged schedules than one run may cancel",
  },
  {
    name: "cancellation-limit-by-share",
    rule: "The cancellation limit is also a share of the schedules that Braze lists",
    file: "supabase/functions/braze-reconcile/decisions/cap.ts",
    find: "return Math.min(settings.cancelsMax, share);",
    replace: "return Math.max(settings.cancelsMax, share);",
    tests: [SORTING],
  },
  {
    name: "journal-before-unmanaged-delete",
    rule: "The delete of an unmanaged schedule is journalled before Braze is called",
    file: "supabase/functions/braze-reconcile/cancel_unmanaged.ts",
    find: "    await store.reconciliation.openUnmanagedDelete({\n",
    replace:
      `    await braze.deleteSchedule({ campaignId: entry.campaignId, scheduleId: entry.scheduleId });
    await store.reconciliation.openUnmanagedDelete({
`,
    tests: ["tests/unit/braze-reconcile/cancel_unmanaged_test.ts"],
  },
  {
    name: "elimination-balances",
    rule: "Elimination requires that the counts balance exactly",
    file: ELIMINATION,
    find: "only.missing !== cluster.events",
    replace: "only.missing === 0",
    tests: [PAST],
  },
  {
    name: "elimination-leaves-one",
    rule: "Elimination requires that exactly one match lacks events",
    file: ELIMINATION,
    find: "others.length > 0 || ",
    replace: "",
    tests: [PAST],
  },
  {
    name: "elimination-counts-again",
    rule: "Elimination attributes nothing if the number of events differs from the count",
    file: "supabase/schemas/50_attribution/attribute_by_elimination.sql",
    find: "coalesce(pg_catalog.cardinality(v_event_ids), 0) <> p_events",
    replace: "coalesce(pg_catalog.cardinality(v_event_ids), 0) = 0",
    tests: ["tests/database/attribute_by_elimination_test.ts"],
  },
  {
    name: "statistics-of-another-schedule",
    rule: "Statistics confirm a send only if no other schedule of the match can have been sent",
    file: "supabase/functions/braze-reconcile/decisions/stale.ts",
    find: 'return mayIncludeAnother(match, now) ? "another_schedule_may_have_gone_out" : null;',
    replace: "return mayIncludeAnother(match, now) ? null : null;",
    tests: [PAST],
  },
  {
    name: "statistics-of-a-released-create",
    rule: "A create that was confirmed as absent may still have sent",
    file: "supabase/functions/braze-reconcile/decisions/stale.ts",
    find: " || wasReleased(schedule)",
    replace: "",
    tests: [PAST],
  },
  {
    name: "statistics-of-nothing",
    rule: "Statistics that count no push prove no send",
    file: "supabase/schemas/60_reconcile/confirm_by_statistics.sql",
    find: "and p_count > 0",
    replace: "and p_count >= 0",
    tests: ["tests/database/confirm_by_statistics_test.ts"],
  },
  {
    name: "adoption-waits-for-the-answer",
    rule: "A schedule is not adopted while its create is in progress",
    file: "supabase/schemas/60_reconcile/adopt_schedule.sql",
    find: "attempt.generation = p_generation and attempt.outcome is null\n",
    replace: "attempt.generation = p_generation and false\n",
    tests: ["tests/database/adopt_schedule_test.ts"],
  },
  {
    name: "statistics-in-turn",
    rule: "Statistics are asked first for the matches that waited longest",
    file: "supabase/functions/braze-reconcile/decisions/turn.ts",
    find: "matches.toSorted((a, b) => askedAt(a) - askedAt(b))",
    replace: "[...matches]",
    tests: ["tests/unit/braze-reconcile/decisions/turn_test.ts"],
  },
  {
    name: "a-slow-query-ends-its-check-alone",
    rule: "A query that runs into its time limit fails its check alone",
    file: "supabase/functions/braze-reconcile/handler.ts",
    find: "(error.isUnavailable && !OF_ONE_STATEMENT.test(error.code))",
    replace: "error.isUnavailable",
    tests: ["tests/end_to_end/reconcile_resolve_test.ts"],
    filter: "a check that fails or takes too long",
  },
  {
    name: "unasked-is-told",
    rule: "A stale match is told whether or not its statistics could be asked for",
    file: "supabase/functions/braze-reconcile/steps/stale.ts",
    find: "alerts: open.map(",
    replace: "alerts: open.filter((one) => one.reported !== null).map(",
    tests: ["tests/end_to_end/reconcile_resolve_test.ts"],
    filter: "slow statistics are asked",
  },
];
