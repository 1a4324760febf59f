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
import { at, CAMPAIGN, OTHER_CAMPAIGN } from "../../support/facts.ts";
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
    ["is stopped", look(fine, { gate: STOPPED }), [`campaign_stopped:${CAMPAIGN}`]],
    ["is stopped and absent", look(fine, { gate: STOPPED, presence: "absent" }), [
      `campaign_stopped:${CAMPAIGN}`,
    ]],
    ["is stopped and changed", look(changed, { gate: STOPPED }), [`campaign_stopped:${CAMPAIGN}`]],
    ["is stopped, without a schedule", look(idless, { gate: STOPPED }), [
      "schedule_id_missing:1",
      `campaign_stopped:${CAMPAIGN}`,
    ]],
  ] as const
) {
  Deno.test(`alertsOf() reports a send that ${what}: ${rules.join(", ") || "nothing"}`, () => {
    deepStrictEqual(rulesOf(inspection), rules);
  });
}

Deno.test("alertsOf() raises one critical alert per campaign, naming every affected match", () => {
  const other = nearSend({ matchId: 3, ledger: { campaignId: OTHER_CAMPAIGN } });
  const alerts = alertsOf([
    look(nearSend({ matchId: 1 }), { gate: STOPPED }),
    look(other),
    look(nearSend({ matchId: 2, isDue: false }), { gate: STOPPED, presence: "unknown" }),
  ]);
  strictEqual(alerts.length, 1);
  const [alert] = alerts;
  deepStrictEqual(
    [alert?.severity, alert?.matchId, alert?.details.campaign_id, alert?.details.state],
    ["critical", null, CAMPAIGN, "stopped"],
  );
  strictEqual(
    alert?.title,
    "The campaign is stopped: no push is sent for match 1 Arsenal–Chelsea, 2 Arsenal–Chelsea",
  );
  const hit = alert.details.matches as { readonly match_id: number }[];
  deepStrictEqual(hit.map(({ match_id }) => match_id), [1, 2]);
});
