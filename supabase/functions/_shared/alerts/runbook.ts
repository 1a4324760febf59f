/** The first action for each alert rule, in one line. docs/runbook.md has the details. */

/** A Map, since an object would also answer to "constructor". */
const HINTS = new Map<string, string>([
  ["unknown_team", "add the team and its value to `teams`, or correct its name in `matches`"],
  ["teams_empty", "run the sync of `teams` again: no match gets a new schedule until then"],
  [
    "kickoff_unconfirmed",
    "find out the kick-off and set `matches.kickoff_at` and `kickoff_confirmed`; if there is to be no push, set `push` to false",
  ],
  [
    "kickoff_at_midnight",
    "if the time is not known yet, set `matches.kickoff_confirmed` to false; otherwise do nothing",
  ],
  ["properties_too_large", "shorten `matches.trigger_properties` of this match"],
  [
    "same_fixture_twice",
    "set `push` to false on the match that is listed wrongly; do nothing if both are played",
  ],
  [
    "match_id_reused",
    "compare the two matches with the feed; if the new one needs a push after a send, `push_again`",
  ],
  [
    "removals_held",
    "correct `matches`, or confirm with `confirm_removals` that these matches are to have no push",
  ],
  [
    "remakes_held",
    "correct `matches` or `teams`, or confirm the new text or audience with `confirm_removals`",
  ],
  [
    "push_missed",
    "send by hand in Braze if the match has not begun and users need it; then `resolve`",
  ],
  [
    "push_short",
    "compare the audience in Braze with the team's segment; send by hand if users still need it, then `resolve`",
  ],
  [
    "push_bounced",
    "look at the push credentials of the app in Braze (Apple and Google keys), then `resolve`",
  ],
  [
    "push_aborted",
    "look at the campaign's frequency cap, quiet hours and Liquid in Braze; send by hand if users still need it, then `resolve`",
  ],
  [
    "push_late",
    "look at the campaign's delivery-speed limit and at Braze's status page, then `resolve`",
  ],
  [
    "push_surplus",
    "look in Braze for another push of this campaign at that time, and whether its events carry our echo; then `resolve`",
  ],
  ["push_unwanted", "inform support that users got a push for a match that is off; then `resolve`"],
  [
    "push_outdated",
    "inform support that users got the old time or text of this match; then `resolve`",
  ],
  ["create_unknown", "look in Braze's dashboard; if the schedule is not there, `declare_gone`"],
  ["create_failed", "read `details` and correct what Braze refused; the next run tries again"],
  ["move_failed", "wait for the next run; if it fails too, `cancel`, then `reschedule`"],
  [
    "delete_unconfirmed",
    "delete the schedule in Braze's dashboard if it is there, then `declare_gone`",
  ],
  ["push_held", "let it go out with `release`, or leave it held and `resolve` the alert"],
  [
    "schedule_id_unknown",
    "delete the schedule in Braze's dashboard, then `declare_gone`: another is made",
  ],
  ["create_inside_freeze", "send manually in Braze, or leave this match without a push"],
  ["change_inside_freeze", "`cancel` if the old push must not go out"],
  ["brought_forward_inside_freeze", "`cancel` if the late push must not go out"],
  ["brought_forward_too_late", "no action needed; inform support that this match has no push"],
  ["cancel_inside_freeze", "stop the campaign in Braze if no user may get the push"],
  [
    "moved_while_unconfirmed",
    "no action needed; if users need the time sooner, `mark_not_sent`, then `reschedule`",
  ],
  [
    "sent_then_moved",
    "`push_again` with `accept_double_push` if users need the new time: it is a second push",
  ],
  ["sent_for_old_date", "`push_again` if the match is played again; otherwise `resolve`"],
  ["unexpected_send", "inform support that some users got a push in error; then `resolve`"],
  [
    "sent_early",
    "find out in Braze what sent it: a person, or another copy of the suite; then `resolve`",
  ],
  ["sent_late", "raise `SEND_WINDOW_HOURS` if the campaign limits its speed; then `resolve`"],
  [
    "contradicting_evidence",
    "check the templates in Braze, and that no copy of the suite uses the campaign",
  ],
  ["schedule_missing", "find out who deleted it in Braze; `reschedule` if users need the push"],
  [
    "listing_empty",
    "look in Braze whether all schedules were deleted; what is gone is made again by `declare_gone`",
  ],
  ["changed_before_send", "`cancel` if the old push must not go out"],
  [
    "schedule_id_missing",
    "look in Braze's dashboard; if no schedule is there, send by hand, then `mark_sent`",
  ],
  [
    "campaign_stopped",
    "start the campaign in Braze before the next send; `cancel` what must not go out",
  ],
  [
    "schedule_in_doubt",
    "look in Braze's dashboard whether the schedule is there; if not, `declare_gone`, and it is made again",
  ],
  [
    "absence_limit_reached",
    "look in Braze whether its list is complete; what is really gone is made again by `declare_gone`",
  ],
  [
    "unmanaged_send_expected",
    "find out in Braze's dashboard who scheduled that send, and delete it there if it must not go out",
  ],
  [
    "unmanaged_schedule",
    "find out who made it, then `adopt_schedule`, `keep_schedule` or `delete_schedule`",
  ],
  [
    "braze_refused",
    "give the REST key the permission in `details`, or set BRAZE_API_KEY to one that has it",
  ],
  [
    "braze_unavailable",
    "read Braze's status page; the next runs go on by themselves, so look at what is due soon",
  ],
  ["count_mismatch", "read the ids in `count_audit_logs`; braze-reconcile repairs what it can"],
  ["double_push", "find out what sent the second push; inform support, then `resolve`"],
  [
    "function_stalled",
    "read `job_runs` and the function's log; check the Vault's two secrets and pg_net",
  ],
  ["pg_net_failures", "read `net._http_response`; check `project_url` in the Vault"],
  ["partitions_low", "run `select private.ensure_partitions(now())` and check its cron job"],
  ["rejects_backlog", "read the reasons in `webhook_rejects`; replay them after the fix"],
  [
    "schedule_gap",
    "read `details.reason`; correct `teams` or `matches`, or leave the match without a push",
  ],
  [
    "cancellation_limit_reached",
    "read the run's `found` schedules; if they should be deleted, raise RECONCILE_CANCELS_MAX for one run",
  ],
  ["many_duplicates", "find out what else creates schedules; read `duplicate_trends`"],
  ["duplicates_three_days", "find the cause of the duplicates; read `duplicate_trends`"],
  ["attempt_unknown", "look in Braze's dashboard; if the schedule is not there, `declare_gone`"],
  ["stale_pending", "check in Braze whether it was sent: `mark_sent` or `mark_not_sent`"],
  [
    "low_confidence_share",
    "check that the templates in Braze still send `ledger_id` and `match_id`",
  ],
  [
    "unattributed_share",
    "check the templates in Braze, and that Currents sends dispatch ids or the echo",
  ],
  [
    "missing_webhooks",
    "check Currents in Braze and the function's log; import missing events with `import-events`",
  ],
]);

const NO_HINT = "see this rule in docs/runbook.md";

export function hintFor(rule: string): string {
  return HINTS.get(rule) ?? NO_HINT;
}

const VERB =
  /`(?:undo|mark_sent|mark_not_sent|confirm_removals|release|cancel|declare_gone|reschedule|push_again|adopt_schedule|keep_schedule|delete_schedule|resolve)`/;

/** Whether a hint names a verb: something that a person does by a button of the page, or by curl. */
export function namesVerb(hint: string): boolean {
  return VERB.test(hint);
}
