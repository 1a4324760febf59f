import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { Gate } from "../../../supabase/functions/_shared/braze/campaign_gate.ts";
import { intentFor } from "../../../supabase/functions/_shared/scheduling/intent.ts";
import type { NearSend } from "../../../supabase/functions/_shared/store/preflight.ts";
import { alertsOf } from "../../../supabase/functions/braze-preflight-check/alerts.ts";
import {
  inspect,
  type Inspection,
  type Surroundings,
} from "../../../supabase/functions/braze-preflight-check/inspect.ts";
import { at } from "../../support/facts.ts";
import { settings, teams } from "../../support/matches.ts";
import { nearSend } from "../../support/near_sends.ts";

const NOW = at("13:50:00");
const OPEN: Gate = { state: "open" };
const STOPPED: Gate = { state: "stopped" };
const UNREAD: Gate = { state: "unknown", detail: "time_out" };

function look(send: NearSend, around: Partial<Surroundings> = {}, now = NOW): Inspection {
  const byName = new Map(teams.map((team) => [team.name, team]));
  return inspect(
    send,
    {
      intent: intentFor(send.fixture, byName, settings),
      gate: OPEN,
      presence: "present",
      listingMode: "per_schedule",
      nextSend: { listed: null, expected: null, agrees: null },
      ...around,
    },
    settings,
    now,
  );
}

const fine = nearSend();
const changed = nearSend({ fixture: { awayTeam: "Arsenal II" } });
const idless = nearSend({ schedule: { brazeScheduleId: null, state: "unknown" } });

for (
  const [what, send, around, result] of [
    ["present, running and unchanged", fine, {}, "ok"],
    ["not listed", fine, { presence: "unknown" }, "unknown"],
    ["of a campaign that could not be read", fine, { gate: UNREAD }, "unknown"],
    ["absent", fine, { presence: "absent" }, "absent"],
    ["of a stopped campaign", fine, { gate: STOPPED }, "campaign_stopped"],
    ["changed", changed, {}, "changed"],
    ["without a schedule id", idless, { presence: "unknown" }, "no_schedule_id"],
    ["changed and not listed", changed, { presence: "unknown" }, "changed"],
    ["changed, of a campaign that could not be read", changed, { gate: UNREAD }, "changed"],
    ["absent, of a campaign that could not be read", fine, {
      presence: "absent",
      gate: UNREAD,
    }, "absent"],
    ["absent and changed", changed, { presence: "absent" }, "absent"],
    // A schedule that a stopped campaign hides may return with it.
    ["absent, of a stopped campaign", fine, {
      presence: "absent",
      gate: STOPPED,
    }, "campaign_stopped"],
    ["changed, of a stopped campaign", changed, { gate: STOPPED }, "campaign_stopped"],
    [
      "without a schedule id, and changed",
      nearSend({
        fixture: { awayTeam: "Arsenal II" },
        schedule: { brazeScheduleId: null, state: "unknown" },
      }),
      { presence: "unknown" },
      "no_schedule_id",
    ],
  ] as const
) {
  Deno.test(`inspect() returns for a send that is ${what}: ${result}`, () => {
    const found = look(send, around);
    strictEqual(found.result, result);
    strictEqual(found.reason === "", result === "ok");
  });
}

for (
  const [state, brazeScheduleId, hasSchedule] of [
    ["live", "schedule-1", true],
    ["unknown", "schedule-1", true],
    ["deleting", "schedule-1", true],
    ["live", null, false],
    ["unknown", null, false],
    ["creating", null, false],
    ["failed", null, false],
    ["deleted", "schedule-1", false],
  ] as const
) {
  Deno.test(`inspect() ${hasSchedule ? "finds" : "misses"} the schedule of a generation that is ${state} under id ${brazeScheduleId}`, () => {
    const found = look(nearSend({ schedule: { state, brazeScheduleId } }));
    strictEqual(found.hasSchedule, hasSchedule);
  });
}

for (
  const [what, send, changes] of [
    ["nothing", fine, []],
    ["the kick-off", nearSend({ fixture: { kickoffAt: at("15:30:00") } }), ["kickoff"]],
    ["the teams", changed, ["teams_or_properties"]],
    [
      "the properties",
      nearSend({ fixture: { triggerProperties: { venue: "moved" } } }),
      ["teams_or_properties"],
    ],
    ["its status", nearSend({ fixture: { status: "postponed" } }), ["match_postponed"]],
    ["everything", nearSend({ fixture: { kickoffAt: at("15:30:00"), awayTeam: "X" } }), [
      "kickoff",
      "teams_or_properties",
    ]],
    // The send may happen at either time.
    ["the time, again without an answer", nearSend({ schedule: { movingTo: at("14:30:00") } }), [
      "kickoff",
    ]],
  ] as const
) {
  Deno.test(`inspect() reports that ${what} changed since scheduling`, () => {
    deepStrictEqual(look(send).changes, changes);
  });
}

Deno.test("inspect() leaves changes to the scheduler while it may still apply them", () => {
  deepStrictEqual(look(changed, {}, at("13:44:59")).changes, []);
  deepStrictEqual(look(changed, {}, at("13:45:00")).changes, []);
  deepStrictEqual(look(changed, {}, at("13:45:01")).changes, ["teams_or_properties"]);
});

for (const listingMode of ["per_schedule", "per_campaign", "empty", "unavailable"] as const) {
  Deno.test(`inspect() returns the reason why a send is unknown under a listing that is ${listingMode}`, () => {
    const { result, reason } = look(fine, { listingMode, presence: "unknown" });
    strictEqual(result, "unknown");
    ok(reason.length > 20 && !reason.includes("undefined"), reason);
  });
}

const rulesOf = (...inspections: Inspection[]) =>
  alertsOf(inspections).map(({ fingerprint }) => fingerprint);

for (
  const [what, inspection, rules] of [
    ["is ok", look(fine), []],
    ["is not known of", look(fine, { presence: "unknown", gate: UNREAD }), []],
    ["is absent", look(fine, { presence: "absent" }), ["schedule_missing:1"]],
    // It does not go out at all.
    ["is absent and changed", look(changed, { presence: "absent" }), ["schedule_missing:1"]],
    ["changed", look(changed, { presence: "unknown" }), ["changed_before_send:1"]],
    ["has no schedule", look(idless), ["schedule_id_missing:1"]],
    // The observer alerts on a stopped campaign.
    ["is stopped", look(fine, { gate: STOPPED }), []],
    ["is stopped and changed", look(changed, { gate: STOPPED }), []],
    ["is stopped, without a schedule", look(idless, { gate: STOPPED }), ["schedule_id_missing:1"]],
  ] as const
) {
  Deno.test(`alertsOf() reports a send that ${what}: ${rules.join(", ") || "nothing"}`, () => {
    deepStrictEqual(rulesOf(inspection), rules);
  });
}

const minute = at("14:00:00");
for (
  const [what, around, result] of [
    ["in the minute of the send", { expected: minute, agrees: true }, "not_contradicted"],
    ["in another minute", { expected: at("13:59:00"), agrees: true }, "unknown"],
    ["later than expected", { expected: minute, agrees: false }, "unknown"],
    ["not to be compared", { expected: null, agrees: null }, "unknown"],
  ] as const
) {
  Deno.test(`inspect() returns for a list of campaigns whose next send is ${what}: ${result}`, () => {
    const { result: found } = look(fine, {
      listingMode: "per_campaign",
      presence: "unknown",
      nextSend: { listed: minute, ...around },
    });
    strictEqual(found, result);
  });
}

Deno.test("inspect() never calls a send not contradicted while its campaign is unknown", () => {
  const nextSend = { listed: minute, expected: minute, agrees: true };
  const { result } = look(fine, { gate: UNREAD, presence: "unknown", nextSend });
  strictEqual(result, "unknown");
});
