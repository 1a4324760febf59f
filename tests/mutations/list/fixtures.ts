/** Missing or strange fixtures are no order: nothing that exists is deleted, shrunk or made again because of them. */
import type { Mutation } from "../mutation.ts";

const PLAN = "supabase/functions/braze-scheduler/plan.ts";
const HANDLER = "supabase/functions/braze-scheduler/handler.ts";
const HOLD_BACK = "supabase/functions/braze-scheduler/hold_back.ts";
const INTENT = "supabase/functions/_shared/scheduling/intent.ts";
const HOLD_CHANGES = "supabase/schemas/30_schedules/hold_changes.sql";
const FIXTURE_TABLES = "supabase/schemas/10_fixtures/tables.sql";

const PLANNING = "tests/unit/braze-scheduler/plan_table_test.ts";
const HANDLING = "tests/unit/braze-scheduler/handler_test.ts";
const HOLDING = "tests/unit/braze-scheduler/hold_back_test.ts";
const INTENTS = "tests/unit/_shared/scheduling/intent_test.ts";
const HOLDS = "tests/database/hold_changes_test.ts";

const COMPARE = "local/fixtures/compare.ts";
const CONFLICTS = "local/fixtures/conflicts.ts";
const READ_FILE = "local/fixtures/read_file.ts";
const KICKOFF = "local/fixtures/kickoff.ts";

const COMPARING = "tests/unit/local/fixtures/compare_test.ts";
const CONFLICTING = "tests/unit/local/fixtures/conflicts_test.ts";
const READING = "tests/unit/local/fixtures/read_file_test.ts";
const KICKING_OFF = "tests/unit/local/fixtures/kickoff_test.ts";

export const FIXTURES: readonly Mutation[] = [
  {
    name: "unknown-team-does-not-shrink",
    rule: "A schedule does not lose a team's fans because the team is unknown",
    file: PLAN,
    find: "want.wanted === null || !want.isComplete ||\n",
    replace: "want.wanted === null ||\n",
    tests: [PLANNING],
  },
  {
    name: "unknown-teams-delete-nothing",
    rule: "A schedule is not deleted because both teams are unknown",
    file: INTENT,
    find: 'kept("unknown_team", sendAt)',
    replace: '{ wanted: false, reason: "no_audience" }',
    tests: [PLANNING, INTENTS],
  },
  {
    name: "unknown-create-is-not-shrunk",
    rule: "An unknown create is not superseded by one for half of its audience",
    file: PLAN,
    find: "if (want.wanted === null || !want.isComplete) return null;",
    replace: "if (want.wanted === null) return null;",
    tests: [PLANNING],
  },
  {
    name: "kickoff-unconfirmed",
    rule: "No schedule is made, moved or deleted for a kick-off that is not confirmed",
    file: INTENT,
    find: '  if (!fixture.kickoffConfirmed) return kept("kickoff_unconfirmed", null);\n',
    replace: "",
    tests: [PLANNING, INTENTS],
  },
  {
    name: "properties-too-large",
    rule: "Properties that Braze would refuse are refused by the plan, for that match alone",
    file: INTENT,
    find: "if (bytesOf(signedPart.trigger_properties) > PROPERTIES_BYTES_MAX) {",
    replace: "if (bytesOf(signedPart.trigger_properties) < 0) {",
    tests: [PLANNING, INTENTS],
  },
  {
    name: "changes-are-capped",
    rule: "More removals or remakes than one run may carry out are all held",
    file: HOLD_BACK,
    find: "open.length > max || ",
    replace: "",
    tests: [HOLDING, HANDLING],
  },
  {
    name: "held-stays-held",
    rule: "What is held is not carried out because fewer are left",
    file: HOLD_BACK,
    find: " || fixture.held?.kind === kind",
    replace: "",
    tests: [HOLDING],
  },
  {
    name: "confirmation-of-a-kind",
    rule: "A confirmed removal is no confirmed remake",
    file: HOLD_BACK,
    find: "held?.kind === kind && held.confirmed",
    replace: "held?.confirmed",
    tests: [HOLDING],
  },
  {
    name: "remakes-behind-the-gate",
    rule: "A replacement behind the send gate counts as a remake",
    file: HOLD_BACK,
    find: '(step.action === "supersede" && state === "live" &&',
    replace: '(step.action === "supersede" && state !== "live" &&',
    tests: [HOLDING],
  },
  {
    name: "doubts-are-no-remakes",
    rule: "A schedule that Braze may have dropped is replaced whatever the cap of remakes",
    file: HOLD_BACK,
    find: "step.want.signature !== ledger.signature",
    replace: "true",
    tests: [HOLDING],
  },
  {
    name: "held-remake-that-braze-refuses-to-move",
    rule: "A schedule whose remake is held is not made again because Braze refuses to move it",
    file: HOLD_BACK,
    find: "replacement: null",
    replace: "replacement: step.want",
    tests: [HOLDING],
  },
  {
    name: "held-text-of-another-match",
    rule: "A schedule is not moved to the time of another match that took over its id",
    file: HOLD_BACK,
    find: "isOnTime || target === null || replacedParts(fixture, teams).length > 0",
    replace: "isOnTime || target === null",
    tests: [HOLDING],
  },
  {
    name: "hold-while-sending",
    rule: "A held removal lets the push pass for as long as it may be going out",
    file: HOLD_CHANGES,
    find: "held.kind = 'remake' or ledger.send_at_utc > p_now or",
    replace: "true or",
    tests: [HOLDS],
  },
  {
    name: "hold-lease",
    rule: "A run that lost its lease holds nothing and ends no hold",
    file: HOLD_CHANGES,
    find: "  perform private.hold_lease(p_run_id, p_lease_seconds, p_now);\n",
    replace: "",
    tests: [HOLDS],
  },
  {
    name: "gate-counts-by-itself",
    rule:
      "The gate lets many matches pass that are off at once, before the scheduler has seen them",
    file: "supabase/schemas/30_schedules/is_removal_held.sql",
    find: "else ledger.status <> 'cancelled' and private.has_too_many_removals(ledger.send_at_utc)",
    replace: "else false",
    tests: [HOLDS],
  },
  {
    name: "gate-passes-held",
    rule: "The gate lets a match pass whose removal is held",
    file: "supabase/functions/braze-send-gate/decide.ts",
    find: "  if (!facts.removalHeld) {\n",
    replace: "  if (facts.removalHeld || !facts.removalHeld) {\n",
    tests: ["tests/unit/braze-send-gate/handler_test.ts"],
  },
  {
    name: "gate-push-off",
    rule: "The gate rejects a match that is to have no push",
    file: "supabase/functions/braze-send-gate/decide.ts",
    find: '    if (!facts.push) return closed("push_off");\n',
    replace: "",
    tests: ["tests/unit/braze-send-gate/handler_test.ts"],
  },
  {
    name: "first-create-only",
    rule: "Inside the freeze window only a match is scheduled of which Braze can hold nothing",
    file: PLAN,
    find: '.every(({ state }) => state === "failed")',
    replace: '.every(({ state }) => state !== "live")',
    tests: [PLANNING, "tests/property/plan_test.ts"],
  },
  {
    name: "first-create-in-time",
    rule: "No create is planned or begun whose answer could come too close to its send",
    file: INTENT,
    find: "settings.createLeadMs + ATTEMPT_TIMEOUT_MS",
    replace: "0 * settings.createLeadMs",
    tests: [PLANNING, HANDLING, "tests/property/plan_test.ts"],
  },
  {
    name: "late-create-without-send-id",
    rule: "A create inside the freeze window waits for no new send id",
    file: HANDLER,
    find: "{ ...stepDependencies, sendIdFor: existingSendIdFor }",
    replace: "stepDependencies",
    tests: [HANDLING],
  },
  {
    name: "reused-id-is-its-own-verdict",
    rule: "Another match under the id of one that was sent is not taken for sent",
    file: PLAN,
    find: '  if (isReused && intent.wanted !== false) return skip("match_id_reused");\n',
    replace: "",
    tests: [PLANNING],
  },
  {
    name: "renamed-is-not-reused",
    rule: "A club with a new name and the same value is the same club",
    file: "supabase/functions/braze-scheduler/reused_id.ts",
    find: "value !== homeValue && value !== awayValue &&",
    replace: "true &&",
    tests: ["tests/unit/braze-scheduler/reused_id_test.ts"],
  },
  {
    name: "rules-over-all",
    rule: "A run over some matches resolves no alert about several matches",
    file: HANDLER,
    find: ": { rules: RULES, matchIds };",
    replace: ": { rules: [...RULES, ...RULES_OVER_ALL], matchIds };",
    tests: [HANDLING],
  },
  {
    name: "names-are-nfc",
    rule: "Two names that look the same are one name",
    file: FIXTURE_TABLES,
    find: "  constraint name_is_nfc check (name is nfc normalized),\n",
    replace: "",
    tests: ["tests/database/text_has_outer_blanks_test.ts"],
  },
  {
    name: "blanks-of-every-kind",
    rule: "A name has no blanks at its ends, whatever the locale of the database takes for one",
    file: "supabase/schemas/00_foundation/text_has_outer_blanks.sql",
    find: "'[\\s\\u00a0\\u1680\\u2000-\\u200d\\u2028\\u2029\\u202f\\u205f\\u2060\\u3000\\ufeff]$'",
    replace: "'[[:space:]]$'",
    tests: ["tests/database/text_has_outer_blanks_test.ts"],
  },
  {
    name: "changes-are-dated",
    rule: "A change that the sync does not date is dated by the database",
    file: "supabase/schemas/10_fixtures/keep_updated_at.sql",
    find: "  new.updated_at := pg_catalog.now();\n",
    replace: "",
    tests: ["tests/database/record_match_change_test.ts"],
  },
  {
    name: "listed-twice-is-a-harm",
    rule: "A match that was pushed under two ids is a harm until a person closes it",
    file: "supabase/schemas/65_checks/raise_missed_pushes.sql",
    find: "  perform private.raise_listed_twice(p_now);\n",
    replace: "",
    tests: ["tests/end_to_end/fixtures_test.ts"],
    filter: "a match that was pushed under two ids",
  },
  {
    name: "file-keeps-what-it-does-not-state",
    rule: "A file that states no status takes no match off and puts none on",
    file: COMPARE,
    find: 'status: statusOf(fixture, now) ?? before?.status ?? "scheduled"',
    replace: 'status: statusOf(fixture, now) ?? "scheduled"',
    tests: [COMPARING],
  },
  {
    name: "file-day-keeps-the-time",
    rule: "A day without a time does not undo a known time on that day",
    file: COMPARE,
    find: "before.kickoff_at >= at && before.kickoff_at < until",
    replace: "before.kickoff_at.getTime() === at.getTime()",
    tests: [COMPARING],
  },
  {
    name: "file-missing-is-no-order",
    rule: "A match that a file lacks is not called off by itself",
    file: COMPARE,
    find: "      write: cancelMissing ? write : null,",
    replace: "      write,",
    tests: [COMPARING],
  },
  {
    name: "file-finished-too-early",
    rule: "A match is not finished before its kick-off",
    file: COMPARE,
    find: 'return status === "finished" && kickoff.at > now ? null : status;',
    replace: "return kickoff.at > now ? status : status;",
    tests: [COMPARING],
  },
  {
    name: "file-twin",
    rule: "A match that the project holds under another id is not added beside it",
    file: CONFLICTS,
    find: "if (twin !== undefined) {",
    replace: "if (twin !== undefined && twin.id < 0) {",
    tests: [CONFLICTING],
  },
  {
    name: "file-right-as-a-whole",
    rule: "A file with a wrong row is not used",
    file: READ_FILE,
    find: "  faults.throwIfAny(path);\n",
    replace: "",
    tests: [READING],
  },
  {
    name: "file-time-that-occurs-twice",
    rule: "A local time that occurs never or twice is not guessed",
    file: KICKOFF,
    find: 'disambiguation: "reject"',
    replace: 'disambiguation: "compatible"',
    tests: [KICKING_OFF],
  },
];
