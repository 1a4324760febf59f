import { deepStrictEqual, notStrictEqual, strictEqual } from "node:assert/strict";
import {
  intentFor,
  type IntentSettings,
} from "../../../../supabase/functions/_shared/scheduling/intent.ts";
import type { Fixture, Team } from "../../../../supabase/functions/_shared/store/planning.ts";
import { at, CAMPAIGN } from "../../../support/facts.ts";
import { match, SEND_AT, settings, team, teams, wanted } from "../../../support/matches.ts";

function intent(fixture: Fixture, known: readonly Team[] = teams, of: IntentSettings = settings) {
  return intentFor(fixture, new Map(known.map((team) => [team.name, team])), of);
}

Deno.test("intentFor() plans a push to the fans of both teams, an hour before kick-off", () => {
  const { sendAt, request } = wanted(match({ triggerProperties: { title_de: "Anstoß" } }));
  deepStrictEqual(sendAt, at("14:00:00"));
  const fans = (name: string) => ({
    custom_attribute: {
      custom_attribute_name: name,
      comparison: "is_any_of",
      value: ["Arsenal", "Chelsea"],
    },
  });
  deepStrictEqual(request, {
    campaign_id: CAMPAIGN,
    broadcast: false,
    audience: { OR: [fans("Team 1"), fans("Team 2")] },
    trigger_properties: {
      competition: "Premier League",
      home_team: "Arsenal",
      away_team: "Chelsea",
      title_de: "Anstoß",
      match_id: "1",
    },
    schedule: { time: "2024-12-07T14:00:00Z" },
  });
});

Deno.test("intentFor() lets no trigger property replace the match id", () => {
  const { request } = wanted(match({ triggerProperties: { match_id: "2", home_team: "Gunners" } }));
  strictEqual(request.trigger_properties?.match_id, "1");
  strictEqual(request.trigger_properties?.home_team, "Gunners");
});

Deno.test("intentFor() rounds to whole seconds, as Braze does", () => {
  const { sendAt } = wanted(match({ kickoffAt: at("15:00:00.900") }));
  deepStrictEqual(sendAt, at("14:00:00"));
});

for (
  const [what, changes] of [
    ["a kick-off that moved", { kickoffAt: at("19:00:00") }],
    ["a send id", { sendId: null }],
  ] as const
) {
  Deno.test(`intentFor() keeps the signature over ${what}`, () => {
    strictEqual(wanted(match(changes)).signature, wanted(match()).signature);
  });
}

for (
  const [what, changes] of [
    ["a team", { awayTeam: "Arsenal" }],
    ["the competition", { competition: "FA Cup" }],
    ["a trigger property", { triggerProperties: { title: "Derby" } }],
    ["the match", { matchId: 2 }],
  ] as const
) {
  Deno.test(`intentFor() changes the signature with ${what}`, () => {
    notStrictEqual(wanted(match(changes)).signature, wanted(match()).signature);
  });
}

for (
  const [what, changes] of [
    ["broadcast", { broadcast: true }],
    ["the attributes", { teamAttributes: ["Team 1"] }],
    ["a send gate", { sendGate: "fail_open" }],
  ] as const
) {
  Deno.test(`intentFor() changes the signature with ${what}`, () => {
    const other = wanted(match(), { ...settings, ...changes });
    notStrictEqual(other.signature, wanted(match()).signature);
  });
}

Deno.test("intentFor() keeps the signature in another campaign, and asks for that campaign", () => {
  const other = wanted(match(), { ...settings, campaignId: "campaign-2" });
  strictEqual(other.signature, wanted(match()).signature);
  strictEqual(other.request.campaign_id, "campaign-2");
});

Deno.test("intentFor() keeps the signature for any order of properties and attributes", () => {
  const one = wanted(match({ triggerProperties: { a: 1, b: 2 } }));
  const two = wanted(match({ triggerProperties: { b: 2, a: 1 } }), {
    ...settings,
    teamAttributes: ["Team 2", "Team 1"],
  });
  strictEqual(one.signature, two.signature);
});

for (
  const [what, fixture, known, reason] of [
    ["a postponed match", match({ status: "postponed" }), teams, "match_postponed"],
    ["a cancelled match", match({ status: "cancelled" }), teams, "match_cancelled"],
    ["a finished match", match({ status: "finished" }), teams, "match_finished"],
    ["a match that is to have no push", match({ push: false }), teams, "push_off"],
    [
      "a match that is off, of unknown teams",
      match({ status: "postponed" }),
      [],
      "match_postponed",
    ],
    [
      "two teams that want no push",
      match(),
      teams.map((team) => ({ ...team, notify: false })),
      "no_audience",
    ],
  ] as const
) {
  Deno.test(`intentFor() plans no push for ${what}`, () => {
    deepStrictEqual(intent(fixture, known), { wanted: false, reason });
  });
}

for (
  const [what, known] of [
    ["an unknown opponent", [team("Arsenal")]],
    ["an opponent with notifications off", [team("Arsenal"), team("Chelsea", { notify: false })]],
  ] as const
) {
  Deno.test(`intentFor() plans a push to the fans of one team, against ${what}`, () => {
    const one = intent(match(), known);
    strictEqual(one.wanted, true);
    const values = one.wanted && JSON.stringify(one.request.audience).match(/"value":(\[.*?\])/);
    strictEqual(values && values[1], '["Arsenal"]');
  });
}

for (
  const [what, sizes, expected] of [
    ["both sizes", [1_000, 300], { count: 1_300, min: 1_000, max: 1_300 }],
    ["one size", [1_000, null], { count: null, min: 1_000, max: null }],
    ["no size", [null, null], { count: null, min: null, max: null }],
    ["a team without fans", [0, 300], { count: 300, min: 300, max: 300 }],
  ] as const
) {
  Deno.test(`intentFor() bounds the expected count by ${what}`, () => {
    const known = teams.map((team, index) => ({ ...team, audienceSize: sizes[index] ?? null }));
    const one = intent(match(), known);
    deepStrictEqual(one.wanted && one.expected, { ...expected, source: "teams.audience_size" });
  });
}

const tooLarge = match({ triggerProperties: { title: "x".repeat(49_000) } });

for (
  const [what, fixture, known, reason, sendAt] of [
    ["two unknown teams", match(), [], "unknown_team", SEND_AT],
    [
      "a team with notifications off, against an unknown one",
      match(),
      [team("Arsenal", { notify: false })],
      "unknown_team",
      SEND_AT,
    ],
    [
      "a kick-off that is not confirmed",
      match({ kickoffConfirmed: false }),
      teams,
      "kickoff_unconfirmed",
      null,
    ],
    ["properties that leave no room for ours", tooLarge, teams, "properties_too_large", SEND_AT],
  ] as const
) {
  Deno.test(`intentFor() neither plans nor forbids a push for ${what}`, () => {
    deepStrictEqual(intent(fixture, known), { wanted: null, reason, sendAt });
  });
}

Deno.test("intentFor() counts properties in bytes, and leaves room for those of the journal and the gate", () => {
  const of = (title: string) => intent(match({ triggerProperties: { title } })).wanted;
  strictEqual(of("x".repeat(48_800)), true);
  strictEqual(of("é".repeat(24_400)), true);
  strictEqual(of("é".repeat(24_600)), null);
});

Deno.test("intentFor() says whether both teams are known", () => {
  const isComplete = (known: readonly Team[]) => {
    const one = intent(match(), known);
    return one.wanted && one.isComplete;
  };
  strictEqual(isComplete(teams), true);
  strictEqual(isComplete([team("Arsenal"), team("Chelsea", { notify: false })]), true);
  strictEqual(isComplete([team("Arsenal")]), false);
});
