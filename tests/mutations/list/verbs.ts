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
    file: "supabase/schemas/65_checks/undo_refusal.sql",
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
  {
    name: "taken-back-is-not-deleted",
    rule: "A delete of what a person cancelled is not made once that is taken back",
    file: "supabase/schemas/30_schedules/open_change.sql",
    find: "  if p_of_cancelled and v_row.status = 'pending' then\n",
    replace: "  if false then\n",
    tests: ["tests/database/open_delete_test.ts"],
  },
  {
    name: "journal-knows-of-cancelled",
    rule: "The scheduler tells the journal that it deletes since the row is cancelled",
    file: PLAN,
    find: '    isOfCancelled: ledger.status === "cancelled",\n',
    replace: "    isOfCancelled: false,\n",
    tests: ["tests/unit/braze-scheduler/execute_test.ts"],
  },
  {
    name: "proof-is-not-undone",
    rule: "An undo takes no proof of a send back",
    file: "supabase/schemas/65_checks/undo_refusal.sql",
    find: "    when (p_row).status = 'sent' and (p_done).action <> 'push_again' then",
    replace: "    when false then",
    tests: ["tests/database/undo_test.ts"],
  },
  {
    name: "live-is-not-rescheduled",
    rule: "Nobody makes another schedule beside one that is live",
    file: "supabase/schemas/72_verbs/verb_refusals.sql",
    find: "        where schedule.ledger_id = ledger.id and schedule.state = 'live'\n",
    replace: "      where false\n",
    tests: [RESCHEDULE_TEST],
  },
  {
    name: "listed-after-its-delete",
    rule: "What a list shows after its delete is a risk; a list may be behind the delete",
    file: COULD_DOUBLE,
    find: "          and (schedule.state <> 'deleted' or exists (",
    replace: "          and (schedule.state <> 'deleted' or not exists (",
    tests: [RESCHEDULE_TEST],
  },
  {
    name: "last-delete-counts",
    rule: "A schedule that came back and is deleted again has the time of its last delete",
    file: "supabase/schemas/30_schedules/keep_schedule_times.sql",
    find:
      "when ((new.deleted_at is null) = coalesce('deleted' in (new.state, new.state_before_proof), false))",
    replace: "when (new.deleted_at is null and 'deleted' in (new.state, new.state_before_proof))",
    tests: [RESCHEDULE_TEST],
  },
  {
    name: "held-is-released-in-time",
    rule: "A release is refused when nobody can get the push any more",
    file: "supabase/schemas/72_verbs/verb_refusals.sql",
    find: "      when match.kickoff_at <= p_now then",
    replace: "    when false then",
    tests: ["tests/database/hold_successors_test.ts"],
  },
  {
    name: "going-out-is-not-marked",
    rule: "A push that may be going out is not marked as not sent",
    file: "supabase/schemas/72_verbs/verb_refusals.sql",
    find: "      when ledger.send_at_utc > p_now - interval '15 minutes' then",
    replace: "    when false then",
    tests: ["tests/database/mark_not_sent_test.ts"],
  },
  {
    name: "only-push-is-not-declared-gone",
    rule: "Inside the freeze window nobody declares the only push that a match can have as gone",
    file: "supabase/schemas/72_verbs/verb_refusals.sql",
    find: " and current.send_at_utc < frozen.until\n",
    replace: " and false\n",
    tests: ["tests/database/declare_gone_test.ts"],
  },
  {
    name: "kept-is-told-beside-ours",
    rule: "A kept schedule is told again once the suite schedules its match",
    file: "supabase/schemas/35_observations/judge_unmanaged.sql",
    find: "        and (kept.double_push_accepted or not private.has_own_schedule(",
    replace: "        and (true or not private.has_own_schedule(",
    tests: ["tests/end_to_end/settle_unmanaged_test.ts"],
    filter: "a kept schedule is told no more",
  },
  {
    name: "moved-far-after-its-push",
    rule: "A match that moves beyond the horizon after its push is asked about at once",
    file: "supabase/schemas/30_schedules/load_plan_input.sql",
    find: "    where match.kickoff_at >= p_until and ledger.status = 'sent'\n",
    replace: "    where false\n",
    tests: ["tests/database/load_plan_input_test.ts"],
  },
];
