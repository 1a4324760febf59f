/** What to do first about each kind of trouble, in one line. The README has the rest. */

/** A Map, since an object would also answer to "constructor". */
const HINTS = new Map<string, string>([
  ["unknown_team", "add the team and its value to `teams`, or correct its name in `matches`"],
  [
    "create_unknown",
    "look in Braze's dashboard whether the schedule is there; until it is known, nothing is repeated but behind a closed send gate",
  ],
  ["create_failed", "read `details`, mend what Braze refused; the next run tries again"],
  ["move_failed", "move the schedule in Braze's dashboard if the next run does not"],
  ["delete_unconfirmed", "delete the schedule in Braze's dashboard, or wait for the next run"],
  ["schedule_id_unknown", "change the schedule in Braze's dashboard: its id never reached us"],
  ["create_inside_freeze", "send by hand in Braze, or let this match go without a push"],
  ["change_inside_freeze", "stop the campaign in Braze if the old push must not go out"],
  ["brought_forward_inside_freeze", "stop the campaign in Braze if the late push must not go out"],
  ["brought_forward_too_late", "tell who asks that this match has no push; nothing else is to do"],
  ["cancel_inside_freeze", "stop the campaign in Braze if nobody may get the push"],
  [
    "moved_while_unconfirmed",
    "nothing, unless users should hear of the new time sooner: it is scheduled anew by itself",
  ],
  [
    "sent_then_moved",
    "send again through another campaign if users should hear of the new time: in this one it would be a duplicate",
  ],
  [
    "unexpected_send",
    "read `select match_timeline(<match>)`; tell support that some users were pushed in error",
  ],
  ["schedule_missing", "find out who deleted it in Braze; send by hand if users should be told"],
  [
    "listing_empty",
    "look in Braze whether the campaign was stopped or its schedules were deleted, all at once",
  ],
  ["changed_before_send", "stop the campaign in Braze if the push must not go out as planned"],
  ["schedule_id_missing", "look in Braze's dashboard whether this match has a schedule"],
  ["campaign_stopped", "start the campaign in Braze again before the next send"],
  ["count_mismatch", "read the ids in `count_audit_logs`; reconcile mends what it may"],
  ["double_push", "stop the second schedule in Braze; read `select match_timeline(<match>)`"],
  [
    "function_stalled",
    "read `job_runs` and the function's log; check the Vault's two secrets and pg_net",
  ],
  ["pg_net_failures", "read `net._http_response`; check `project_url` in the Vault"],
  ["partitions_low", "run `select private.ensure_partitions(now())` and look at its cron job"],
  ["rejects_backlog", "read the reasons in `webhook_rejects`; replay them after the fix"],
  [
    "schedule_gap",
    "read `details.reason`; correct `teams` or `matches`, or let it go without a push",
  ],
  [
    "cancellation_limit_reached",
    "read the unmanaged schedules of the run; if they are right, raise RECONCILE_CANCELS_MAX for a run",
  ],
  ["many_duplicates", "find who makes schedules beside the suite; read `duplicate_trends`"],
  ["duplicates_three_days", "find what makes them; read `duplicate_trends`"],
  ["attempt_unknown", "look in Braze's dashboard whether the schedule is there, and when it sends"],
  ["stale_pending", "look in Braze whether it was sent; vouch for it with `mark_sent` if it was"],
  [
    "low_confidence_share",
    "check that the templates in Braze still echo `ledger_id` and `match_id`",
  ],
  [
    "missing_webhooks",
    "check Currents in Braze and the function's log; bring in what is missing with `import-events`",
  ],
]);

const ELSEWHERE = "see this rule in the README's runbook";

export function hintFor(rule: string): string {
  return HINTS.get(rule) ?? ELSEWHERE;
}
