/** What to do first about each kind of trouble, in one line. The README has the rest. */

/** A Map, since an object would also answer to "constructor". */
const HINTS = new Map<string, string>([
  ["unknown_team", "add the team to `teams`, or correct its name in `matches`"],
  [
    "create_unknown",
    "look in Braze's dashboard whether the schedule is there; until it is known, nothing is repeated",
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
  ["sent_then_moved", "send again by hand in Braze if users should hear of the new time"],
  [
    "went_out_unexpectedly",
    "read `select match_timeline(<match>)`; tell support that some users were pushed in error",
  ],
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
