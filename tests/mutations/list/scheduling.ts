/** Each change to Braze is journalled first, and no match gets two known schedules. */
import type { Mutation } from "../mutation.ts";

const EXECUTE = "supabase/functions/braze-scheduler/execute.ts";
const PLAN = "supabase/functions/braze-scheduler/plan.ts";
const HANDLER = "supabase/functions/braze-scheduler/handler.ts";
const OUTCOME = "supabase/functions/_shared/braze/outcome.ts";
const OPEN_CREATE = "supabase/schemas/30_schedules/open_create.sql";
const APPLY_OUTCOME = "supabase/schemas/30_schedules/apply_outcome.sql";

const EXECUTING = "tests/unit/braze-scheduler/execute_test.ts";
const PLANNING = "tests/unit/braze-scheduler/plan_table_test.ts";
const OPENING = "tests/database/open_create_test.ts";
const BESIDE = "tests/database/make_current_test.ts";
const HOLD = "supabase/schemas/65_checks/hold_successors.sql";
const HOLDING = "tests/database/hold_successors_test.ts";
const MISSED = "supabase/schemas/65_checks/raise_missed_pushes.sql";
const MISSING = "tests/database/raise_missed_pushes_test.ts";
const CLOSING = "tests/database/close_attempt_test.ts";

const HOLDS_UNKNOWN_CREATES = {
  file: PLAN,
  find: ": planUnknownCreate(fixture, current, target, others, want, settings, now)",
  replace: ": planCreate(fixture, want, settings, now)",
};
const REFUSES_UNKNOWN_CREATES = {
  file: OPEN_CREATE,
  find: "private.can_be_live(earlier.state)",
  replace: "earlier.state in ('live', 'deleting')",
};

export const SCHEDULING: readonly Mutation[] = [
  {
    name: "journal-before-create",
    rule: "A create is journalled before Braze is called",
    file: EXECUTE,
    find: "  const opened = await journal.openCreate({\n",
    replace:
      "  const result = await braze.createSchedule(want.request, { deadline: run.deadline });\n" +
      "  const opened = await journal.openCreate({\n",
    also: [{
      file: EXECUTE,
      find: "  const result = await braze.createSchedule(request, { deadline, admitted: true });\n",
      replace: "",
    }],
    tests: [EXECUTING],
  },
  {
    name: "journal-before-move",
    rule: "A move is journalled before Braze is called",
    file: EXECUTE,
    find: "  await journal.openUpdate({\n",
    replace: `  const result = await braze.updateSchedule(
    { campaignId: target.campaignId, scheduleId: target.scheduleId, sendAt: want.sendAt },
    { deadline: run.deadline },
  );
  await journal.openUpdate({
`,
    also: [{
      file: EXECUTE,
      find: `    now: clock.now(),
  });
  const result = await braze.updateSchedule(
    { campaignId: target.campaignId, scheduleId: target.scheduleId, sendAt: want.sendAt },
    { deadline: run.deadline },
  );
`,
      replace: `    now: clock.now(),
  });
`,
    }],
    tests: [EXECUTING],
  },
  {
    name: "journal-before-delete",
    rule: "A delete is journalled before Braze is called",
    file: EXECUTE,
    find: "  await journal.openDelete({\n",
    replace: "  const result = await braze.deleteSchedule(target, { deadline: run.deadline });\n" +
      "  await journal.openDelete({\n",
    also: [{
      file: EXECUTE,
      find: `    now: clock.now(),
  });
  const result = await braze.deleteSchedule(target, { deadline: run.deadline });
`,
      replace: `    now: clock.now(),
  });
`,
    }],
    tests: [EXECUTING],
  },
  {
    name: "generation-before-call",
    rule: "The generation is incremented before each create, and not after its success",
    file: OPEN_CREATE,
    find: "  v_generation := 1 + coalesce(\n",
    replace: "  v_generation := 0 + coalesce(\n",
    also: [{
      file: OPEN_CREATE,
      find: "case when v_is_new then 0",
      replace: "case when v_is_new then 1",
    }, {
      file: OPEN_CREATE,
      find: "p_expected, p_gated, p_now, p_now\n  );",
      replace:
        "p_expected, p_gated, p_now, p_now\n  ) on conflict (ledger_id, generation) do update set state = 'creating';",
    }],
    tests: [OPENING],
  },
  {
    name: "creates-are-not-repeated",
    rule: "A create whose answer is lost is not repeated in the same run",
    file: "supabase/functions/_shared/braze/client.ts",
    find: "body, CreatedSchedule),\n        repeatable: false,\n",
    replace: "body, CreatedSchedule),\n        repeatable: true,\n",
    tests: ["tests/unit/_shared/braze/calls_test.ts"],
    filter: "createSchedule() returns for",
  },
  {
    name: "server-errors-are-unknown",
    rule: "A create that Braze answers with a server error may have succeeded",
    file: OUTCOME,
    find: 'return unknown("server_error", said, httpStatus);',
    replace: 'return failed("rejected", said, httpStatus);',
    tests: ["tests/unit/_shared/braze/calls_test.ts"],
  },
  {
    name: "lost-answers-are-unknown",
    rule: "A create whose connection drops may have succeeded",
    file: OUTCOME,
    find: "return unknown(answer.reason, answer.detail, null);",
    replace: 'return failed("not_connected", answer.detail, null);',
    tests: ["tests/unit/_shared/braze/calls_test.ts"],
    filter: "when the connection drops",
  },
  {
    name: "unknown-creates-block-the-plan",
    rule: "The plan creates no second schedule while the outcome of a create is unknown",
    ...HOLDS_UNKNOWN_CREATES,
    tests: [PLANNING, "tests/property/plan_test.ts"],
  },
  {
    name: "unknown-creates-are-refused",
    rule: "The journal opens no create while the outcome of an earlier one is unknown",
    ...REFUSES_UNKNOWN_CREATES,
    tests: [OPENING],
  },
  {
    name: "unknown-creates-both",
    rule:
      "A create of unknown outcome is never repeated automatically: with both guards broken the match gets two",
    ...HOLDS_UNKNOWN_CREATES,
    also: [REFUSES_UNKNOWN_CREATES],
    tests: ["tests/end_to_end/scheduler_test.ts"],
    filter: "a create whose answer is lost",
  },
  {
    name: "sent-is-not-pushed-again",
    rule: "A match that was sent is not pushed again automatically, even if it is moved",
    file: PLAN,
    find: '    return skip("sent_then_moved", alerts.sentThenMoved(fixture, ledger, sendAt));\n',
    replace:
      '    return step({ action: "create", want: intent, soonest: sendAt, isFirst: false });\n',
    tests: [PLANNING, "tests/property/plan_test.ts"],
  },
  {
    name: "cancelled-by-hand-is-not-recreated",
    rule: "A schedule that a person or the dashboard cancelled is not created again automatically",
    file: OPEN_CREATE,
    find: "if v_row.status <> 'pending' and v_row.cancel_reason is distinct from 'plan' then",
    replace: "if v_row.status = 'sent' then",
    tests: [OPENING],
  },
  {
    name: "freeze-window",
    rule: "No schedule is created or moved close to its send",
    file: "supabase/functions/_shared/scheduling/intent.ts",
    find: "return isBefore(sendAt, addMilliseconds(now, settings.freezeMs));",
    replace: "return isBefore(sendAt, addMilliseconds(now, 0 * settings.freezeMs));",
    tests: [PLANNING, "tests/property/plan_test.ts"],
  },
  {
    name: "freeze-window-of-each-step",
    rule: "The freeze is checked again before each step, since the run itself takes time",
    file: HANDLER,
    find: "isFrozen(step.soonest, settings, now)",
    replace: "isFrozen(step.soonest, settings, new Date(0))",
    tests: ["tests/unit/braze-scheduler/handler_test.ts"],
  },
  {
    name: "recreate-deletes-first",
    rule: "No new schedule is created while the delete of the old one is unconfirmed",
    file: EXECUTE,
    find: '  if (deleted.outcome !== "succeeded") return notRemoved(fixture, target, deleted);\n',
    replace: "",
    tests: [EXECUTING],
  },
  {
    name: "refused-deletes-prove-nothing",
    rule: "A delete that Braze refuses does not prove that the schedule is gone",
    file: APPLY_OUTCOME,
    find: "when (p_result ->> 'refused')::boolean then 'unknown'",
    replace: "when (p_result ->> 'refused')::boolean then 'deleted'",
    tests: [CLOSING],
  },
  {
    name: "keep-if-no-delete-took-effect",
    rule: "A schedule is kept only when no delete of it can have succeeded",
    file: "supabase/schemas/30_schedules/all_deletes_failed.sql",
    find: "    bool_and((",
    replace: "    bool_or((",
    tests: ["tests/database/reactivate_schedule_test.ts"],
  },
  {
    name: "keep-before-delete",
    rule: "A schedule that is wanted again before its delete succeeded is not deleted",
    file: PLAN,
    find: "  if (isAsWanted && current.deleteFailed) {\n",
    replace: '  if (isAsWanted && current.deleteFailed && current.state === "live") {\n',
    tests: [PLANNING],
  },
  {
    name: "unknown-moves-keep-both-times",
    rule: "After a move of unknown outcome both times count",
    file: APPLY_OUTCOME,
    find: "when 'unknown' then schedule.moving_to_utc\n",
    replace: "when 'unknown' then null\n",
    tests: [CLOSING],
  },
  {
    name: "late-answers-count",
    rule: "The late answer of a create that was given up is recorded",
    file: "supabase/schemas/30_schedules/close_attempt.sql",
    find:
      "    or (v_attempt.kind = 'create' and v_attempt.outcome = 'unknown' and v_attempt.resolved_at is null) then\n",
    replace: "    then\n",
    tests: [CLOSING],
  },
  {
    name: "timed-out-answers-are-unknown",
    rule: "A create that is answered with 408 may have succeeded",
    file: OUTCOME,
    find: '  if (httpStatus === 408) return unknown("time_out", said, httpStatus);\n',
    replace: "",
    tests: ["tests/unit/_shared/braze/calls_test.ts", "tests/property/braze_client_test.ts"],
  },
  {
    name: "named-schedules-are-not-failed",
    rule: "An answer that names a schedule is never a failure",
    file: OUTCOME,
    find: '  return verdict.outcome === "failed"\n',
    replace:
      '  if (verdict.outcome === "failed" && httpStatus > 0) return verdict;\n  return verdict.outcome === "failed"\n',
    tests: ["tests/unit/_shared/braze/calls_test.ts"],
  },
  {
    name: "breaker",
    rule: "After two calls in a row without a clear answer the rest of a run is left alone",
    file: HANDLER,
    find: " || breaker.tripped !== null",
    replace: "",
    tests: ["tests/unit/braze-scheduler/handler_test.ts"],
  },
  {
    name: "breaker-of-each-kind",
    rule: "A send id that was made says nothing about creates",
    file: "supabase/functions/braze-scheduler/breaker.ts",
    find: "      inARow.set(kind, count);\n",
    replace: "      inARow.clear();\n      inARow.set(kind, count);\n",
    tests: ["tests/unit/braze-scheduler/breaker_test.ts"],
  },
  {
    name: "replacement-becomes-current-by-success",
    rule: "A schedule that replaces a live one becomes current only when its create has succeeded",
    file: OPEN_CREATE,
    find: "  if p_beside_generation is null then\n",
    replace: "  if p_beside_generation is null or true then\n",
    tests: [BESIDE],
  },
  {
    name: "unknown-replacement-leaves-the-old-one",
    rule: "A replacement without an answer leaves the old schedule current",
    file: APPLY_OUTCOME,
    find: "      p_outcome = 'unknown' and not exists (\n",
    replace: "      p_outcome = 'unknown' or not exists (\n",
    tests: [BESIDE],
  },
  {
    name: "beside-gated-schedules-only",
    rule: "A create beside another schedule needs a gate that can shut that one out",
    file: OPEN_CREATE,
    find: " and p_gated and earlier.gated and earlier.state <> 'creating'",
    replace: "",
    tests: [BESIDE],
  },
  {
    name: "verified-gate",
    rule: "A schedule is replaced in the order of the closed gate only if Braze's details show it",
    file: PLAN,
    find: " && gated && settings.closedGates.has(campaignId)",
    replace: " && gated",
    tests: [PLANNING],
  },
  {
    name: "replacement-needs-a-place",
    rule: "A schedule is deleted only with a place in the rate limits for its successor",
    file: EXECUTE,
    find: "    !await braze.admitCreate(want.request, { deadline, mustHold: true })\n",
    replace: "    !await Promise.resolve(true)\n",
    tests: [EXECUTING],
  },
  {
    name: "replacement-needs-time",
    rule: "A schedule is not replaced for a text later than 45 minutes before its send",
    file: "supabase/functions/_shared/scheduling/intent.ts",
    find: "  return isFrozen(sendAt, settings, addMilliseconds(now, REPLACED_WITHIN_MS));",
    replace: "  return isFrozen(sendAt, settings, now);",
    also: [{
      file: "supabase/functions/_shared/scheduling/intent.ts",
      find: "    isBefore(sendAt, addMilliseconds(now, TEXT_CHANGED_WITHIN_MS));",
      replace: "    isBefore(sendAt, now);",
    }],
    tests: [PLANNING],
  },
  {
    name: "left-without-a-schedule-is-told",
    rule: "A match whose schedule was deleted and whose create must wait has an alert at once",
    file: EXECUTE,
    find: "  const left = afterDelete ? [",
    replace: "  const left = afterDelete && generation < 0 ? [",
    tests: [EXECUTING],
  },
  {
    name: "old-schedules-do-not-block-moves",
    rule: "An old schedule that may be there does not keep the current one from being moved",
    file: PLAN,
    find: '  if (planned.step.action !== "create" || others.length === 0) return planned;',
    replace:
      '  if (others.length > 0) return skip("delete_unconfirmed");\n  if (planned.step.action !== "create") return planned;',
    tests: [PLANNING],
  },
  {
    name: "held-plan",
    rule: "Nothing is created for a match that is held",
    file: PLAN,
    find: '  if (ledger.isHeld) return skip("held");\n',
    replace: "",
    tests: [PLANNING],
  },
  {
    name: "one-event-holds-nothing",
    rule: "One event of an old schedule may be wrong and holds nothing",
    file: HOLD,
    find: "told.users >= 2 and ",
    replace: "",
    tests: [HOLDING],
  },
  {
    name: "released-once",
    rule: "What a person released is not held again for the same schedule",
    file: HOLD,
    find: "where known.ledger_id = other.ledger_id and known.generation = other.generation\n    );",
    replace:
      "where known.ledger_id = other.ledger_id and known.generation = other.generation and known.released_at is null\n    );",
    also: [{
      file: HOLD,
      find: "    on conflict (ledger_id, generation) do nothing\n",
      replace: "    on conflict (ledger_id, generation) do update set released_at = null\n",
    }],
    tests: [HOLDING],
  },
  {
    name: "a-missed-push-is-told",
    rule: "A push whose time has come while nothing could send it is told, and only that",
    file: MISSED,
    find: "schedule.state not in ('failed', 'deleted')\n            and (",
    replace: "schedule.state <> 'failed'\n            and (",
    tests: [MISSING],
  },
  {
    name: "a-missed-push-is-told-once",
    rule: "A missed push that a person has closed is not told again",
    file: MISSED,
    find: "where known.fingerprint = told.fingerprint)",
    replace: "where known.fingerprint = told.fingerprint and known.resolved_at is null)",
    tests: [MISSING],
  },
  {
    name: "an-unclear-create-stays-told",
    rule: "A create without a clear answer stays told after the time of its push",
    file: PLAN,
    find: 'skip("awaiting_evidence", ...stillUnclear(fixture, current))',
    replace: 'skip("awaiting_evidence")',
    also: [{ file: PLAN, find: "function stillUnclear", replace: "function _stillUnclear" }],
    tests: [PLANNING],
  },
  {
    name: "campaign-is-no-change",
    rule: "Another campaign is no reason to remake a schedule",
    file: "supabase/functions/_shared/scheduling/intent.ts",
    find: "update(canonicalJson(signed))",
    replace: "update(canonicalJson({ ...signed, campaign_id: settings.campaignId }))",
    tests: ["tests/unit/_shared/scheduling/intent_test.ts"],
  },
  {
    name: "doubted-in-turn",
    rule: "After a restart of the campaign, only the schedules whose turn it is are replaced",
    file: "supabase/functions/braze-scheduler/plan.ts",
    find: "settings.doubted.has(fixture.matchId) && ",
    replace: "",
    tests: ["tests/unit/braze-scheduler/plan_table_test.ts"],
  },
  {
    name: "no-half-replacement-of-a-refused-move",
    rule: "With a team missing, a schedule that Braze refuses to move is not made again",
    file: "supabase/functions/braze-scheduler/plan.ts",
    find: "want.wanted === true && want.isComplete ? want : null",
    replace: "want.wanted === true ? want : null",
    tests: ["tests/unit/braze-scheduler/plan_test.ts"],
  },
  {
    name: "send-ids-of-each-campaign",
    rule: "A send id is registered in each campaign that uses it",
    file: "supabase/functions/braze-scheduler/send_ids.ts",
    find: " && sendIdCampaigns.includes(campaignId)",
    replace: "",
    tests: ["tests/unit/braze-scheduler/handler_test.ts"],
  },
  {
    name: "ill-again-at-one",
    rule: "After a run that was stopped, one create without an answer stops the next one",
    file: "supabase/functions/braze-scheduler/breaker.ts",
    find: "wasIll ? ILL_AGAIN_MAX : ILL_IN_A_ROW_MAX",
    replace: "ILL_IN_A_ROW_MAX",
    tests: ["tests/unit/braze-scheduler/handler_test.ts"],
  },
  {
    name: "ill-creates-first-make-nothing",
    rule:
      "After a run that was stopped, no match is tried while a create that makes nothing has no answer",
    file: "supabase/functions/braze-scheduler/handler.ts",
    find: "  if (CREATING.includes(step.action)) return null;\n",
    replace: "",
    tests: ["tests/unit/braze-scheduler/handler_test.ts"],
  },
  {
    name: "ill-creates-that-cannot-wait",
    rule: "A match that would lose its push is tried although creates seem to have no answer",
    file: "supabase/functions/braze-scheduler/handler.ts",
    find:
      '  if (step.action === "create" && isTooLateForText(step.soonest, settings, now)) return step;\n',
    replace: "",
    tests: ["tests/unit/braze-scheduler/handler_test.ts"],
  },
  {
    name: "ill-creates-replace-nothing",
    rule:
      "While creates have no answer, a schedule that Braze refuses to move is not deleted to be made anew",
    file: "supabase/functions/braze-scheduler/handler.ts",
    find: "{ ...step, replacement: null }",
    replace: "step",
    tests: ["tests/unit/braze-scheduler/handler_test.ts"],
  },
  {
    name: "ill-reads-first",
    rule: "After a run that was stopped, nothing is opened while reads have no answer",
    file: "supabase/functions/braze-scheduler/handler.ts",
    find: '      breaker.note("read", await braze.campaignDetails(settings.campaignId));\n',
    replace: "",
    tests: ["tests/unit/braze-scheduler/handler_test.ts"],
  },
];
