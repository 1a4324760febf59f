import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { plan } from "../../../supabase/functions/braze-scheduler/plan.ts";
import { at, CAMPAIGN, ledgerIdOf } from "../../support/facts.ts";
import {
  inWords,
  match,
  NOW,
  planOne,
  row,
  SEND_AT,
  settings,
  team,
  teams,
  wanted,
} from "../../support/matches.ts";

const moved = { kickoffAt: at("19:00:00") };
const postponed = { status: "postponed" } as const;
const reworded = { triggerProperties: { title: "Derby" } };

Deno.test("plan() returns the intent of a create, and the earliest time it may be sent", () => {
  const want = wanted(match());
  const create = { action: "create", want, soonest: SEND_AT };
  deepStrictEqual(planOne(match()).step, { ...create, isFirst: true });
  const again = match({ ledger: row({}, { state: "deleted" }) });
  deepStrictEqual(planOne(again).step, { ...create, isFirst: false });
});

const target = {
  ledgerId: ledgerIdOf(1),
  generation: 2,
  campaignId: CAMPAIGN,
  scheduleId: "schedule-2",
  isOfCancelled: false,
};
const two = [{ state: "deleted" }, {}] as const;

Deno.test("plan() moves the current schedule, and uses the sooner of both times", () => {
  const later = match({ ...moved, ledger: row({}, ...two) });
  deepStrictEqual(planOne(later).step, {
    action: "move",
    want: { sendAt: wanted(later).sendAt },
    target,
    soonest: SEND_AT,
    replacement: wanted(later),
  });
  const sooner = planOne(match({ kickoffAt: at("12:00:00"), ledger: row({}, ...two) })).step;
  deepStrictEqual("soonest" in sooner && sooner.soonest, at("11:00:00"));
});

Deno.test("plan() has nothing created in place of a move with a team missing", () => {
  const { step } = planOne(match({ ...moved, ledger: row({}, ...two) }), NOW, [team("Arsenal")]);
  deepStrictEqual(step.action === "move" && step.replacement, null);
});

Deno.test("plan() deletes a schedule in the campaign in which it was created", () => {
  const ledger = row({}, { state: "deleted" }, { campaignId: "campaign-before" });
  const { step } = planOne(match({ ...reworded, ledger }));
  deepStrictEqual("target" in step && step.target, { ...target, campaignId: "campaign-before" });
});

Deno.test("plan() cancels the current schedule, or only the row if none is left", () => {
  const cancelling = { action: "cancel", reason: "match_postponed", sendAt: SEND_AT } as const;
  const live = match({ ...postponed, ledger: row({}, ...two) });
  deepStrictEqual(planOne(live).step, {
    ...cancelling,
    ledgerId: ledgerIdOf(1),
    generation: 2,
    target,
  });
  const gone = planOne(match({ ...postponed, ledger: row({}, { state: "deleted" }) })).step;
  strictEqual("target" in gone && gone.target, null);
});

Deno.test("plan() selects schedules by generation and not by their order", () => {
  const ledger = row({ signature: wanted(match()).signature }, ...two);
  const turned = { ...ledger, schedules: ledger.schedules.toReversed() };
  strictEqual(inWords(planOne(match({ ledger: turned }))), "skip unchanged");
});

Deno.test("plan() refuses a pending row without its schedule", () => {
  throws(
    () => planOne(match({ ledger: row({ generation: 7 }) })),
    { message: "Cannot plan match 1: its generation has no schedule" },
  );
});

Deno.test("plan() puts the soonest match first, and of two the one with the lower id", () => {
  const fixtures = [
    match({ matchId: 4, kickoffAt: at("19:00:00") }),
    match({ matchId: 3 }),
    match({ matchId: 1, kickoffAt: at("17:30:00") }),
    match({ matchId: 2 }),
  ];
  const order = plan(fixtures, teams, settings, NOW).map(({ fixture }) => fixture.matchId);
  deepStrictEqual(order, [2, 3, 1, 4]);
});

Deno.test("plan() names each alert by its match, and by the schedule where that matters", () => {
  const unknown = match({ ledger: row({}, { state: "unknown", brazeScheduleId: null }) });
  const late = planOne(match(), at("13:57:00"));
  const unknownTeam = planOne(match(), NOW, [team("Arsenal")]);
  deepStrictEqual(
    [planOne(unknown), late, unknownTeam].map(({ alerts: [alert] }) => [
      alert?.fingerprint,
      alert?.severity,
      alert?.matchId,
    ]),
    [
      ["create_unknown:1:1", "critical", 1],
      ["create_inside_freeze:1", "critical", 1],
      // One per team, for any number of its matches.
      ["unknown_team:Chelsea", "warning", null],
    ],
  );
});

Deno.test("plan() reports that a create of unknown outcome is no longer wanted", () => {
  const ledger = row({}, { state: "unknown", brazeScheduleId: null });
  const [alert] = planOne(match({ ...postponed, ledger })).alerts;
  strictEqual(
    alert?.title,
    "Match 1 Arsenal–Chelsea: the outcome of the create of schedule 1 is unknown, " +
      "and it is no longer wanted (match_postponed)",
  );
});
