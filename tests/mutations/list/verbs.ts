/** What people do by hand: it must help, be recorded, and bring nobody a second push unasked. */
import type { Mutation } from "../mutation.ts";

const REFUSALS = "supabase/schemas/72_verbs/verb_refusals.sql";
const COULD_DOUBLE = "supabase/schemas/35_observations/could_double.sql";
const PLAN = "supabase/functions/braze-scheduler/plan.ts";
const TABLE = "tests/unit/braze-scheduler/plan_table_test.ts";
const RESCHEDULE_TEST = "tests/database/reschedule_test.ts";
const PUSH_AGAIN_TEST = "tests/database/push_again_test.ts";

export const VERBS: readonly Mutation[] = [
  {
    name: "cancelled-is-deleted",
    rule: "What a person cancels is deleted in Braze",
    file: PLAN,
    find: '      step: { action: "delete", reason: "operator", target },\n',
    replace: '      step: { action: "skip", reason: "cancelled_by_operator" },\n',
    tests: [TABLE],
  },
  {
    name: "listed-is-a-risk",
    rule: "Another push is refused while the last list shows the earlier schedule",
    file: COULD_DOUBLE,
    find: "  where risky.is_listed or risky.is_in_window\n",
    replace: "  where risky.is_in_window\n",
    tests: [RESCHEDULE_TEST],
  },
  {
    name: "open-window-is-a-risk",
    rule: "Another push is refused while the window of the earlier schedule is open",
    file: COULD_DOUBLE,
    find: "  where risky.is_listed or risky.is_in_window\n",
    replace: "  where risky.is_listed\n",
    tests: [RESCHEDULE_TEST],
  },
  {
    name: "late-delete-is-a-risk",
    rule: "A delete inside the freeze window does not make another push safe",
    file: COULD_DOUBLE,
    find:
      "          <= schedule.send_at_utc - pg_catalog.make_interval(secs => p_freeze_seconds)\n",
    replace: "          <= schedule.send_at_utc\n",
    tests: [RESCHEDULE_TEST],
  },
  {
    name: "shut-out-is-no-risk",
    rule: "What the send gate shuts out does not keep a match from another push",
    file: COULD_DOUBLE,
    find: "      and schedule.shut_out_at is null\n",
    replace: "",
    tests: [RESCHEDULE_TEST],
  },
  {
    name: "double-push-is-accepted",
    rule: "Who accepts a double push may make one",
    file: "supabase/schemas/60_reconcile/reschedule.sql",
    find: "array['reschedule'], p_accept_double_push,",
    replace: "array['reschedule'], false,",
    tests: [RESCHEDULE_TEST],
  },
  {
    name: "played-again-after-12-hours",
    rule: "A match that moved by less than 12 hours is not played again",
    file: REFUSALS,
    find: "due.at <= ledger.send_at_utc + interval '12 hours'",
    replace: "due.at <= ledger.send_at_utc",
    tests: [PUSH_AGAIN_TEST],
  },
  {
    name: "intents-have-own-send-ids",
    rule: "A second intent has a send id of its own",
    file: "supabase/functions/_shared/attribution/own_send_id.ts",
    find: "  return intent === 1 ? `match-${matchId}` : `match-${matchId}-${intent}`;\n",
    replace: "  return `match-${matchId}`;\n",
    tests: ["tests/unit/_shared/attribution/own_send_id_test.ts"],
  },
  {
    name: "replay-is-a-standing-harm",
    rule:
      "A match that moved by more than 12 hours after its push stays a harm until a person chooses",
    file: PLAN,
    find: "  if (!isAfter(sendAt, addMilliseconds(ledger.sendAt, MOVED_ON_MS_MAX))) {\n",
    replace: "  if (isAfter(sendAt, ledger.sendAt)) {\n",
    tests: [TABLE],
  },
  {
    name: "choice-stands",
    rule: "A move about which a person has chosen is not asked about again",
    file: PLAN,
    find: "  return isClosed\n",
    replace: "  return !movedOn\n",
    tests: [TABLE],
  },
  {
    name: "undo-before-any-call",
    rule: "What has caused a call to Braze is not undone",
    file: "supabase/schemas/65_checks/undo.sql",
    find: "        and (attempt.opened_at >= (p_done).acted_at or attempt.outcome is null)\n",
    replace: "        and false\n",
    tests: ["tests/end_to_end/runbook_test.ts"],
  },
  {
    name: "conditions-are-not-closed",
    rule: "A person cannot close a condition",
    file: "supabase/schemas/70_alerts/resolve_alert.sql",
    find:
      "    when v_open.kind = 'condition' then 'it resolves by itself when its cause is gone'\n",
    replace: "",
    tests: ["tests/database/resolve_alert_test.ts"],
  },
  {
    name: "not-sent-before-its-time",
    rule: "Nobody states that a push was not sent before its time",
    file: REFUSALS,
    find:
      "      when ledger.status = 'cancelled' then 'its push is cancelled already (' || ledger.cancel_reason || ')'\n      when ledger.send_at_utc > p_now then",
    replace:
      "      when ledger.status = 'cancelled' then 'its push is cancelled already (' || ledger.cancel_reason || ')'\n      when false then",
    tests: ["tests/database/mark_not_sent_test.ts"],
  },
];
