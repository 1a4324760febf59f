/**
 * Draws what else happens in the workspace: Canvases, other campaigns and a copy of the suite send close to ours, people
 * push a match by hand long before its time, and events come again from an export.
 */
import { addMinutes } from "date-fns";
import { type Act, NEIGHBOUR_SAYS, type NeighbourSays } from "./act.ts";
import type { Neighbour } from "../../local/braze_sandbox/ground_truth.ts";
import type { Prng } from "../../local/lib/prng.ts";
import type { FixturePlan } from "./fixtures.ts";

interface Conditions {
  readonly startAt: Date;
  readonly endAt: Date;
  readonly fixtures: readonly FixturePlan[];
}

const NEIGHBOURS_SHARE = 0.7;
const SEND_LEAD_MINUTES = 60;

export function drawNeighbours(prng: Prng, conditions: Conditions): Act[] {
  const { startAt, endAt, fixtures } = conditions;
  const minutes = (endAt.getTime() - startAt.getTime()) / 60_000;
  const exports = prng.fork("exports");
  const fromExport = Array.from({ length: exports.below(3) }, (): Act => ({
    at: addMinutes(startAt, exports.below(minutes)),
    what: {
      kind: "replay",
      share: 0.2 + 0.8 * exports.next(),
      shape: exports.chance(0.5) ? "export" : "export_without_kind",
    },
  }));
  const early = fixtures.flatMap((fixture) =>
    drawEarlyPush(prng.fork(`early/${fixture.matchId}`), fixture, conditions)
  );
  const copies = fixtures.flatMap((fixture) => [
    ...drawCopyBeforeMove(prng.fork(`copies/${fixture.matchId}`), fixture, conditions),
    ...drawLatePush(prng.fork(`late/${fixture.matchId}`), fixture, conditions),
  ]);
  const hasNeighbours = prng.chance(NEIGHBOURS_SHARE);
  const neighbours = [
    { kind: "canvas" as const, id: prng.uuid() },
    { kind: "campaign" as const, id: prng.uuid() },
  ];
  const staging = { kind: "campaign" as const, id: prng.uuid() };
  const sends = !hasNeighbours ? [] : fixtures.flatMap((fixture): Act[] => {
    const own = prng.fork(`sends/${fixture.matchId}`);
    return [
      ...(own.chance(0.6) ? [drawSend(own, fixture, neighbours[own.below(2)]!, conditions)] : []),
      ...(own.chance(0.4) ? [drawSend(own, fixture, staging, conditions, "own_ledger")] : []),
      ...(own.chance(0.12) ? [drawOtherSuite(own, fixture, conditions)] : []),
    ];
  });
  return [...fromExport, ...early, ...copies, ...sends];
}

/** A time at which the fixture's push may be scheduled, and is not yet sent. */
function before(prng: Prng, { kickoffAt }: FixturePlan, { startAt }: Conditions): Date {
  const minutes = (kickoffAt.getTime() - startAt.getTime()) / 60_000 - SEND_LEAD_MINUTES;
  return addMinutes(startAt, 2 + prng.below(Math.max(1, minutes - 4)));
}

/** A person pushes the match long before its time, and has copied the properties of our schedule. */
function drawEarlyPush(prng: Prng, fixture: FixturePlan, conditions: Conditions): Act[] {
  if (!prng.chance(0.12)) return [];
  return [{
    at: before(prng, fixture, conditions),
    what: {
      kind: "schedule_in_dashboard",
      matchId: fixture.matchId,
      says: (["copy", "match", "mixed"] as const)[prng.below(3)]!,
      when: { inMinutes: 2 + prng.below(8) },
    },
  }];
}

/** A person copies our schedule, or fills in a wrong send id, and then the match is moved: the copy keeps the old time. */
function drawCopyBeforeMove(
  prng: Prng,
  fixture: FixturePlan,
  conditions: Conditions,
): Act[] {
  if (!prng.chance(0.06)) return [];
  const { matchId } = fixture;
  const at = before(prng, fixture, conditions);
  const says = prng.chance(0.7) ? "copy" as const : "mixed" as const;
  return [
    { at, what: { kind: "schedule_in_dashboard", matchId, says, when: { byMinutes: 0 } } },
    {
      at: addMinutes(at, 1),
      what: { kind: "change_fixture", matchId, change: { kickoffByMinutes: 60 } },
    },
  ];
}

/** In a world of days, a person pushes a match again more than a day after it. */
function drawLatePush(prng: Prng, fixture: FixturePlan, { endAt }: Conditions): Act[] {
  const at = addMinutes(fixture.kickoffAt, 24 * 60 + prng.below(120));
  if (at >= endAt || !prng.chance(0.5)) return [];
  return [{
    at,
    what: {
      kind: "schedule_in_dashboard",
      matchId: fixture.matchId,
      says: "match",
      when: { inMinutes: 5 },
    },
  }];
}

function drawSend(
  prng: Prng,
  fixture: FixturePlan,
  neighbour: Neighbour,
  conditions: Conditions,
  says: NeighbourSays = NEIGHBOUR_SAYS[prng.below(NEIGHBOUR_SAYS.length)]!,
): Act {
  const sendId = says === "own_ledger"
    ? "own_form" as const
    : (["none", "own_form", "other"] as const)[prng.below(3)]!;
  return {
    at: before(prng, fixture, conditions),
    what: {
      kind: "neighbour_sends",
      neighbour,
      says,
      sendId,
      matchId: fixture.matchId,
      byMinutes: prng.chance(0.6) ? 0 : prng.below(150) - 120,
      everyNth: 2 + prng.below(4),
    },
  };
}

function drawOtherSuite(prng: Prng, fixture: FixturePlan, conditions: Conditions): Act {
  return {
    at: before(prng, fixture, conditions),
    what: {
      kind: "other_suite_schedules",
      matchId: fixture.matchId,
      sendId: prng.chance(0.5) ? "own_form" : "other",
      byMinutes: prng.chance(0.5) ? 0 : prng.below(90) - 60,
    },
  };
}
