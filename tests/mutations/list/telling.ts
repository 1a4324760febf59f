/** What people are told of: endings, refusals by the chat, and silence. */
import type { Mutation } from "../mutation.ts";

const ALERTS = "supabase/functions/_shared/alerts";
const DELIVER = "supabase/functions/_shared/function/deliver_alerts.ts";
const CLAIM = "supabase/schemas/70_alerts/alert_message.sql";
const SILENCE = "supabase/schemas/70_alerts/heartbeat_silence.sql";
const UNWANTED = "supabase/schemas/65_checks/raise_unwanted_pushes.sql";

const DELIVERING = "tests/unit/_shared/function/deliver_alerts_test.ts";
const HOSTS = "tests/unit/_shared/alerts/chat_hosts_test.ts";
const CLAIMING = "tests/database/claim_alert_deliveries_test.ts";
const SILENT = "tests/database/heartbeat_silence_test.ts";
const UNWANTED_PUSHES = "tests/database/raise_unwanted_pushes_test.ts";
const OUTDATED = "supabase/schemas/65_checks/raise_outdated_pushes.sql";
const OUTDATED_PUSHES = "tests/database/raise_outdated_pushes_test.ts";

export const TELLING: readonly Mutation[] = [
  {
    name: "refused-message-costs-no-other",
    rule: "A message that the chat refuses costs no other message",
    file: DELIVER,
    find: "      if (result.isAddressDown) downUntil.set(message.url, nextAt);\n",
    replace: "      downUntil.set(message.url, nextAt);\n",
    tests: [DELIVERING],
  },
  {
    name: "refused-digest-is-split",
    rule: "A refused digest goes out as single messages, a refused message in its bare form",
    file: DELIVER,
    find: "const smaller = result.isAddressDown ? [] : smallerOf(message);",
    replace: "const smaller: Message[] = [];",
    tests: [DELIVERING],
  },
  {
    name: "answer-of-the-host",
    rule: "A message counts as taken only by the answer that the host documents",
    file: `${ALERTS}/chat_hosts.ts`,
    find: 'status === 200 && body.trim() === "ok"',
    replace: "status === 200",
    tests: [HOSTS, "tests/unit/_shared/alerts/webhook_test.ts"],
  },
  {
    name: "no-mass-mention",
    rule: "A name from outside mentions nobody",
    file: `${ALERTS}/chat_hosts.ts`,
    find: "textOf(message, escapeSlack, 30_000)",
    replace: "textOf(message, (text) => text, 30_000)",
    tests: [HOSTS],
  },
  {
    name: "whole-characters",
    rule: "What is cut stays whole Unicode",
    file: "supabase/functions/_shared/text/truncate.ts",
    find: "end > charactersMax / 2 ? text.slice(0, end) : text.slice(0, charactersMax)",
    replace: "text.slice(0, end < 0 ? 0 : charactersMax)",
    tests: ["tests/unit/_shared/text/truncate_test.ts"],
  },
  {
    name: "over-is-not-resolved",
    rule: "A condition does not say that it is resolved because its match began",
    file: "supabase/schemas/70_alerts/sync_alerts.sql",
    find: "case when gone.has_time_passed then 'time_passed' end",
    replace: "null",
    tests: [CLAIMING, "tests/database/has_time_passed_test.ts"],
  },
  {
    name: "keeps-changing",
    rule: "A condition that comes and goes is told as one that keeps changing",
    file: CLAIM,
    find: "  ) < 2 then\n",
    replace: "  ) < 2000 then\n",
    tests: [CLAIMING],
  },
  {
    name: "changing-rests",
    rule: "What keeps changing is told as resolved when it has rested",
    file: CLAIM,
    find: "      p_alert.resolved_at > p_now - v_rest\n",
    replace: "      false\n",
    tests: [CLAIMING],
  },
  {
    name: "unwanted-by-the-time-of-the-change",
    rule: "A push is unwanted by what the fixture said before it, not since",
    file: UNWANTED,
    find: "and changed.changed_at < proved.sent_at and changed.changes ? 'status'",
    replace: "and changed.changes ? 'status'",
    tests: [UNWANTED_PUSHES],
  },
  {
    name: "unwanted-once-finished",
    rule: "A push of a match that was finished before it is unwanted",
    file: UNWANTED,
    find: "    where as_it_was.status <> 'scheduled' or",
    replace: "    where as_it_was.status in ('postponed', 'cancelled') or",
    tests: [UNWANTED_PUSHES],
  },
  {
    name: "unwanted-by-proof",
    rule: "A push is said to have gone out only where that is proved",
    file: "supabase/schemas/65_checks/proved_pushes.sql",
    find: "      schedule.first_event_at is not null\n",
    replace: "      true\n",
    tests: [UNWANTED_PUSHES],
  },
  {
    name: "outdated-by-what-was-sent",
    rule:
      "A push is outdated only where the kick-off at its send is another than it was planned for",
    file: OUTDATED,
    find: "            not in (proved.sent_at, coalesce(proved.moving_to_utc, proved.sent_at))\n",
    replace: "            is not null\n",
    tests: [OUTDATED_PUSHES],
  },
  {
    name: "outdated-stays",
    rule: "That an outdated push went out is a harm, which only a person closes",
    file: "supabase/schemas/70_alerts/raise_alerts.sql",
    find: "'push_outdated', ",
    replace: "",
    tests: [OUTDATED_PUSHES],
  },
  {
    name: "blind-is-not-too-late",
    rule: "A change is called too late only where the scheduler ran",
    file: "supabase/schemas/65_checks/unapplied_because.sql",
    find: "  if v_succeeded_at < p_changed_at\n",
    replace: "  if false\n",
    tests: [UNWANTED_PUSHES],
  },
  {
    name: "push-unwanted-once",
    rule: "A push that went out unwanted is told once, so that it can be closed",
    file: UNWANTED,
    find: "        unwanted.fingerprint, 'unexpected_send:'",
    replace: "        '', 'unexpected_send:'",
    tests: [UNWANTED_PUSHES],
  },
  {
    name: "confirmed-delete",
    rule: "A delete is said to have been confirmed only where Braze confirmed it",
    file: "supabase/schemas/50_attribution/record_send_proof.sql",
    find: "seen.state_before = 'deleted' and exists (",
    replace: "seen.state_before = 'deleted' or exists (",
    tests: ["tests/database/rules/unexpected_sends_test.ts"],
  },
  {
    name: "ping-needs-every-function",
    rule: "The ping stays away when a timed function has not succeeded within twice its period",
    file: SILENCE,
    find: "2 * success.period",
    replace: "20 * success.period",
    tests: [SILENT],
  },
  {
    name: "ping-needs-a-chat",
    rule: "The ping stays away while an alert reaches nobody",
    file: SILENCE,
    find: "alert.delivery_attempts >= 3\n",
    replace: "alert.delivery_attempts >= 300\n",
    tests: [SILENT],
  },
  {
    name: "ping-by-cron-alone",
    rule: "A call by hand does not say that cron is alive",
    file: "supabase/functions/_shared/function/cron_function.ts",
    find: 'if (caller.kind === "cron" && !run.dryRun) await pingHeartbeat',
    replace: "if (!run.dryRun) await pingHeartbeat",
    tests: ["tests/end_to_end/heartbeat_test.ts"],
    filter: "the ping stops with pg_cron",
  },
];
