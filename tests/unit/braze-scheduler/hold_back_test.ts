import { deepStrictEqual, match as matches, strictEqual } from "node:assert/strict";
import { holdBack } from "../../../supabase/functions/braze-scheduler/hold_back.ts";
import { plan } from "../../../supabase/functions/braze-scheduler/plan.ts";
import type { Fixture } from "../../../supabase/functions/_shared/store/planning.ts";
import { at, CAMPAIGN } from "../../support/facts.ts";
import { inWords, match, NOW, row, settings, teams, wanted } from "../../support/matches.ts";

const EARLIER = at("05:55:00");
const held = (kind: "removal" | "remake", confirmed = false) => ({
  held: { kind, heldAt: EARLIER, confirmed },
});
const off = { status: "postponed", ledger: row() } as const;
const reworded = { triggerProperties: { title: "Derby" }, ledger: row() };

function hold(changes: readonly Partial<Fixture>[], allowed = { removals: 2, remakes: 2 }) {
  const fixtures = changes.map((change, index) => match({ matchId: index + 1, ...change }));
  const result = holdBack(plan(fixtures, teams, settings, NOW), teams, allowed, NOW);
  return { ...result, steps: result.planned.map(inWords) };
}

const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

Deno.test("holdBack() lets removals pass up to the cap, and beyond it none", () => {
  deepStrictEqual(hold(times(2, off)).steps, times(2, "cancel match_postponed"));
  const { steps, removals, remakes, alerts } = hold(times(3, off));
  deepStrictEqual(steps, times(3, "skip removal_held"));
  deepStrictEqual([removals, remakes], [[1, 2, 3], []]);
  const [alert, ...more] = alerts;
  deepStrictEqual(more, []);
  deepStrictEqual([alert?.rule, alert?.severity], ["removals_held", "critical"]);
  matches(alert?.title ?? "", /^3 matches taken off at once.*Match 1 Arsenal–Chelsea, Match 2/);
  deepStrictEqual(alert?.details.match_ids, [1, 2, 3]);
});

Deno.test("holdBack() counts remakes apart from removals", () => {
  const passed = hold([...times(2, off), ...times(2, reworded)]);
  deepStrictEqual(passed.steps, [...times(2, "cancel match_postponed"), ...times(2, "recreate")]);
  const { steps, removals, remakes, alerts } = hold([off, ...times(3, reworded)]);
  deepStrictEqual(steps, ["cancel match_postponed", ...times(3, "skip remake_held")]);
  deepStrictEqual([removals, remakes], [[], [2, 3, 4]]);
  deepStrictEqual(alerts.map(({ rule }) => rule), ["remakes_held"]);
});

Deno.test("holdBack() keeps holding what was held, even where it fits under the cap by now", () => {
  const { steps, removals, alerts } = hold([{ ...off, ...held("removal") }, off]);
  deepStrictEqual(steps, ["skip removal_held", "cancel match_postponed"]);
  deepStrictEqual(removals, [1]);
  deepStrictEqual(alerts.map(({ fingerprint }) => fingerprint), [
    "removals_held:2024-12-07T05:55:00.000Z",
  ]);
});

Deno.test("holdBack() counts what is held beside what is new, and tells each batch", () => {
  const { steps, alerts } = hold([...times(2, { ...off, ...held("removal") }), off]);
  deepStrictEqual(steps, times(3, "skip removal_held"));
  deepStrictEqual(alerts.map(({ fingerprint }) => fingerprint), [
    "removals_held:2024-12-07T05:55:00.000Z",
    "removals_held:2024-12-07T06:00:00.000Z",
  ]);
});

Deno.test("holdBack() carries out what a person confirmed, whatever the cap, and keeps its mark until then", () => {
  const { steps, removals, alerts } = hold(times(3, { ...off, ...held("removal", true) }));
  deepStrictEqual(steps, times(3, "cancel match_postponed"));
  deepStrictEqual(removals, [1, 2, 3]);
  deepStrictEqual(alerts, []);
});

Deno.test("holdBack() takes a confirmed removal for no confirmed remake", () => {
  const { steps } = hold(times(3, { ...reworded, ...held("removal", true) }));
  deepStrictEqual(steps, times(3, "skip remake_held"));
});

Deno.test("holdBack() holds switched-off pushes and kick-offs that passed like matches that are off", () => {
  const tooLate = { kickoffAt: at("05:30:00"), ledger: row() };
  const { steps } = hold([off, { push: false, ledger: row() }, tooLate]);
  deepStrictEqual(steps, times(3, "skip removal_held"));
});

Deno.test("holdBack() counts neither deletes that are tried again nor rows without a schedule", () => {
  const deleting = { status: "postponed", ledger: row({}, { state: "deleting" }) } as const;
  const failed = {
    status: "postponed",
    ledger: row({}, { state: "failed", brazeScheduleId: null }),
  } as const;
  const { steps, removals } = hold([deleting, deleting, failed, failed, off, off]);
  deepStrictEqual(steps, times(6, "cancel match_postponed"));
  deepStrictEqual(removals, []);
});

Deno.test("holdBack() moves a held remake whose kick-off moved, unless its id is another match's", () => {
  const moved = { ...reworded, kickoffAt: at("19:00:00") };
  deepStrictEqual(hold(times(3, moved)).steps, times(3, "move"));
  const madeFor = {
    competition: "Premier League",
    homeTeam: "Everton",
    awayTeam: "Fulham",
    homeValue: "Everton",
    awayValue: "Fulham",
  };
  const reused = { ...moved, ledger: row({ madeFor, signature: "of the others" }) };
  const { steps, planned } = hold(times(3, reused));
  deepStrictEqual(steps, times(3, "skip remake_held"));
  strictEqual(planned[0]?.alerts[0]?.rule, "match_id_reused");
});

const behindTheGate = {
  ...settings,
  sendGate: "fail_closed",
  closedGates: new Set([CAMPAIGN]),
} as const;

Deno.test("holdBack() counts replacements behind the gate as remakes, unless Braze may have dropped the schedule", () => {
  const { signature } = wanted(match(), behindTheGate);
  const settingsOf = (doubted: readonly number[]) => ({
    ...behindTheGate,
    doubted: new Set(doubted),
  });
  const ledger = row({ signature });
  const allowed = { removals: 0, remakes: 0 };
  const changed = plan(
    [match({ ledger, triggerProperties: { title: "Derby" } })],
    teams,
    settingsOf([]),
    NOW,
  );
  deepStrictEqual(changed.map(inWords), ["supersede"]);
  const capped = holdBack(changed, teams, allowed, NOW);
  deepStrictEqual(capped.planned.map(inWords), ["skip remake_held"]);
  deepStrictEqual(capped.remakes, [1]);
  const dropped = plan([match({ ledger })], teams, settingsOf([1]), NOW);
  const doubted = holdBack(dropped, teams, allowed, NOW);
  deepStrictEqual(doubted.planned.map(inWords), ["supersede"]);
});

Deno.test("holdBack() makes nothing again in place of a held remake that Braze refuses to move", () => {
  const moved = { ...reworded, kickoffAt: at("19:00:00") };
  const { planned } = hold(times(3, moved));
  for (const { step } of planned) {
    strictEqual(step.action === "move" && step.replacement === null, true);
  }
});
