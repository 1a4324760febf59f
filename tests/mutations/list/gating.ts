/** The send gate allows only sends that are wanted now, and returns an error when it cannot decide. */
import type { Mutation } from "../mutation.ts";

const DECIDE = "supabase/functions/braze-send-gate/decide.ts";
const HANDLER = "supabase/functions/braze-send-gate/handler.ts";
const TOKEN = "supabase/functions/_shared/auth/gate_token.ts";
const PLAN = "supabase/functions/braze-scheduler/plan.ts";
const LOCK_PENDING = "supabase/schemas/30_schedules/lock_pending.sql";

const GATE = "tests/unit/braze-send-gate/handler_test.ts";
const CALLERS = "tests/unit/_shared/auth/callers_test.ts";
const PLANNING = "tests/unit/braze-scheduler/plan_table_test.ts";
const DATABASE = "tests/database/reactivate_schedule_test.ts";

export const GATING: readonly Mutation[] = [
  {
    name: "gate-old-generation",
    rule: "The gate rejects a superseded generation",
    file: DECIDE,
    find: `  if (facts.generation !== generation) return closed("superseded");\n`,
    replace: "",
    tests: [GATE],
  },
  {
    name: "gate-restored-backup",
    rule: "The gate knows a generation only by the call that created it",
    file: "supabase/schemas/30_schedules/load_gate_facts.sql",
    find: "      where attempt.id = p_attempt_id and attempt.kind = 'create'\n",
    replace: "      where attempt.kind = 'create'\n",
    tests: ["tests/database/load_gate_facts_test.ts"],
  },
  {
    name: "gate-postponed",
    rule: "The gate rejects a match that is not to be played, even at the last moment",
    file: DECIDE,
    find: '  if (facts.matchStatus !== "scheduled") return closed(`match_${facts.matchStatus}`);\n',
    replace: "",
    tests: [GATE],
  },
  {
    name: "gate-allows-absent",
    rule:
      "The gate allows a schedule that was only absent from a list: its request proves that it exists",
    file: DECIDE,
    find: "  if (!wasReportedAbsent) {\n",
    replace: "  if (wasReportedAbsent || !wasReportedAbsent) {\n",
    tests: [GATE],
  },
  {
    name: "gate-token-elsewhere",
    rule: "A token in a URL is a credential only at the gate",
    file: "supabase/functions/_shared/auth/callers.ts",
    find: 'allowed.includes("gate_token")',
    replace: "allowed.length > 0",
    tests: [CALLERS],
  },
  {
    name: "gate-token-listed",
    rule: "Gate tokens in a list of schedules are not stored",
    file: "supabase/functions/_shared/braze/schemas.ts",
    find: "withoutGateToken(entry.trigger_properties)",
    replace: "entry.trigger_properties",
    tests: ["tests/unit/_shared/braze/listing_test.ts"],
  },
  {
    name: "gate-unknown-is-no-answer",
    rule: "A gate that cannot reach the database returns an error, and neither yes nor no",
    file: HANDLER,
    find: '      return problem(isUnavailable(error) ? "database_unavailable" : "internal");',
    replace:
      '      return isUnavailable(error) ? json({ send: true, reason: "current" }) : problem("internal");',
    tests: [GATE],
  },
  {
    name: "gate-token-purpose",
    rule: "A token that the same secret signed for another purpose does not open the gate",
    file: TOKEN,
    find: "        audience: AUDIENCE,\n",
    replace: "",
    tests: [CALLERS],
  },
  {
    name: "gate-closed-only",
    rule: "Only a closed gate lets the scheduler replace an unknown create",
    file: PLAN,
    find: 'settings.sendGate === "fail_closed" && gated',
    replace: 'settings.sendGate !== "off" && gated',
    tests: [PLANNING],
  },
  {
    name: "gate-time-left",
    rule: "An unknown create is given up only while two more runs can create its successor",
    file: PLAN,
    find: "!isTooLateToReplace(soonest, settings, now) &&",
    replace: "!isFrozen(soonest, settings, now) &&",
    tests: [PLANNING],
  },
  {
    name: "gate-release-lease",
    rule: "A run that lost its lease reactivates nothing",
    file: LOCK_PENDING,
    find: "  perform private.hold_lease(p_run_id, p_lease_seconds, p_now);\n",
    replace: "",
    tests: [DATABASE],
  },
  {
    name: "gate-release-current",
    rule: "A schedule is not reactivated if its row has a newer generation or was cancelled",
    file: LOCK_PENDING,
    find: " and ledger.generation = p_generation and ledger.status = 'pending'",
    replace: "",
    tests: [DATABASE],
  },
  {
    name: "gate-too-late",
    rule: "The gate lets no push out long after its time",
    file: DECIDE,
    find: "addMilliseconds(facts.sendAt, lateMs), ",
    replace: "",
    tests: [GATE],
  },
  {
    name: "gate-kick-off",
    rule: "The gate lets no push out after kick-off",
    file: DECIDE,
    find: ", facts.kickoffAt])",
    replace: "])",
    tests: [GATE],
  },
  {
    name: "gate-held",
    rule: "The gate holds a match of which an old schedule is seen going out",
    file: DECIDE,
    find: '  if (facts.isHeld) return closed("held");\n',
    replace: "",
    tests: [GATE],
  },
  {
    name: "gate-in-details",
    rule: "A gate that fails open is not taken for a closed one",
    file: "supabase/functions/_shared/braze/campaign_gate.ts",
    find: "if (FAILS_CLOSED.test(text))",
    replace: "if (FAILS_CLOSED.test(text) || FAILS_OPEN.test(text))",
    tests: ["tests/unit/_shared/braze/campaign_gate_test.ts"],
  },
];
