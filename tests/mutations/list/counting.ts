/** Numbers are counted where events came since, and each one that is stored is judged. */
import type { Mutation } from "../mutation.ts";

const MARKS = "supabase/schemas/45_counts/mark_recounts.sql";
const COUNT = "supabase/schemas/45_counts/recount_match.sql";
const HARMS = "supabase/schemas/70_alerts/raise_number_harms.sql";
const QUALITY = "supabase/schemas/70_alerts/judge_event_quality.sql";
const COUNTED = ["tests/database/recount_match_test.ts"];
const HARMED = ["tests/database/raise_number_harms_test.ts"];
const JUDGED = ["tests/database/judge_event_quality_test.ts"];
const ROLLUP = ["tests/unit/webhook-health-rollup/handler_test.ts"];

export const COUNTING: readonly Mutation[] = [
  {
    name: "late-commits-are-counted",
    rule: "An event that was stored behind the last look is counted",
    file: MARKS,
    find: "event.received_at > v_until - interval '10 minutes'",
    replace: "event.received_at > v_until",
    tests: COUNTED,
    filter: "stored behind it is found",
  },
  {
    name: "a-look-reads-an-hour",
    rule: "One look reads an hour of arrivals at most",
    file: MARKS,
    find: "event.received_at <= least(v_until + interval '1 hour', p_now)",
    replace: "event.received_at <= p_now",
    tests: COUNTED,
    filter: "after an outage",
  },
  {
    name: "anonymous-users-are-one",
    rule: "A user without an external id is known by Braze's user id",
    file: COUNT,
    find: "coalesce(event.external_user_id, event.braze_user_id, event.device_id, event.event_id)",
    replace: "coalesce(event.external_user_id, event.device_id, event.event_id)",
    tests: COUNTED,
    filter: "an anonymous one by Braze's id",
  },
  {
    name: "a-bad-day-stops-no-other",
    rule: "A day whose rollup fails does not stop the next",
    file: "supabase/functions/webhook-health-rollup/handler.ts",
    find: "if (!(error instanceof DatabaseError) || error.isUnavailable) throw error;",
    replace: 'if (!(error instanceof DatabaseError) || error.code !== "") throw error;',
    tests: ROLLUP,
    filter: "a day that fails",
  },
  {
    name: "a-bad-match-stops-no-other",
    rule: "A match that cannot be counted does not stop the others",
    file: "supabase/functions/_shared/function/recount.ts",
    find: "if (!(error instanceof DatabaseError) || error.isUnavailable) throw error;",
    replace: "throw error;",
    tests: ROLLUP,
    filter: "a match that cannot be counted",
  },
  {
    name: "late-statistics-show-no-surplus",
    rule: "Braze's lower count is believed only from statistics that are not early",
    file: HARMS,
    find: "measured.statistics_at >= measured.send_at_utc + v_settings.push_surplus_after",
    replace: "measured.statistics_at is not null",
    tests: HARMED,
    filter: "more events than Braze counts",
  },
  {
    name: "missing-events-are-not-short",
    rule: "A push whose events are missing is not called short",
    file: HARMS,
    find: "else greatest(numbers.users, numbers.reported)",
    replace: "else numbers.users",
    tests: HARMED,
    filter: "whose events are missing",
  },
  {
    name: "wanted-aborts-are-no-harm",
    rule: "What the send gate shuts out on purpose is no harm",
    file: HARMS,
    find:
      "      and ledger.status <> 'cancelled' and match.push and match.status in ('scheduled', 'finished')\n",
    replace: "",
    tests: HARMED,
    filter: "a match that is off",
  },
  {
    name: "a-closed-harm-stays-closed",
    rule: "A harm that a person closed is not raised again",
    file: HARMS,
    find: "          and closed.details -> 'no_longer_seen' is null\n",
    replace: "          and false\n",
    tests: HARMED,
    filter: "that a person closed",
  },
  {
    name: "indistinguishable-events-are-judged-together",
    rule: "Matches whose events cannot be told apart are judged together",
    file: QUALITY,
    find: "where together.events + together.possible < v_enough_share * together.reported",
    replace: "where false",
    tests: JUDGED,
    filter: "cannot be told apart",
  },
];
