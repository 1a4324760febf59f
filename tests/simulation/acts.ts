/** Draws what people and machines around the suite do, and when; `perform_acts.ts` performs it. */
import { addMinutes, addSeconds, max } from "date-fns";
import type { Act, FixtureChange, FunctionToCall, What } from "./act.ts";
import type { Prng } from "../../local/lib/prng.ts";
import { type FixturePlan, UNKNOWN_TEAM } from "./fixtures.ts";
import { drawNeighbours } from "./neighbours.ts";
import { drawTroubles } from "./troubles.ts";
import { isInTruce, type Truce } from "./truce.ts";

interface Conditions {
  readonly startAt: Date;
  readonly endAt: Date;
  readonly truces: readonly Truce[];
  readonly fixtures: readonly FixturePlan[];
  /** Matches that the feed lists under a second id. */
  readonly twins: readonly FixturePlan[];
  readonly carriesEcho: boolean;
  /** Templates ask the send gate. */
  readonly isGated: boolean;
  readonly restartsServers: boolean;
  /** Acts about matches of their own. */
  readonly rare: readonly Act[];
}

const SEND_LEAD_MINUTES = 60;
const FUNCTIONS: readonly FunctionToCall[] = [
  "braze-scheduler",
  "braze-scheduler",
  "braze-preflight-check",
  "braze-reconcile",
  "braze-reconcile",
  "braze-count-audit",
  "webhook-health-rollup",
];

export function drawActs(prng: Prng, conditions: Conditions): Act[] {
  const acts = [
    ...conditions.fixtures.flatMap((fixture) =>
      drawChanges(prng.fork(`changes/${fixture.matchId}`), fixture, conditions)
    ),
    ...conditions.fixtures.flatMap((fixture) =>
      drawMeddling(prng.fork(`meddling/${fixture.matchId}`), fixture, conditions)
    ),
    ...(conditions.isGated
      ? conditions.fixtures.flatMap((fixture) =>
        drawLastMinute(prng.fork(`last minute/${fixture.matchId}`), fixture)
      )
      : []),
    ...drawOutages(prng.fork("outages"), conditions),
    ...drawCalls(prng.fork("calls"), conditions),
    ...drawNeighbours(prng.fork("neighbours"), conditions),
    ...drawTroubles(prng.fork("troubles"), conditions, conditions.twins),
    ...conditions.rare,
    ...(conditions.restartsServers ? drawRestarts(prng.fork("restarts"), conditions) : []),
  ];
  return acts
    .map((act) => ({ ...act, at: outOfTruces(act.at, conditions) }))
    .filter(({ at }) => at >= conditions.startAt && at < conditions.endAt)
    .sort((a, b) => a.at.getTime() - b.at.getTime());
}

/** Moves an act in a truce to just before it. */
function outOfTruces(at: Date, conditions: Conditions): Date {
  const broken = conditions.truces.find((truce) => isInTruce({ truces: [truce] }, at));
  return broken === undefined ? at : addSeconds(broken.from, -30);
}

/** Half of all acts happen around the time of the push, where faults have the most effect. */
function someTime(prng: Prng, fixture: FixturePlan, { startAt, endAt }: Conditions): Date {
  const sendAt = addMinutes(fixture.kickoffAt, -SEND_LEAD_MINUTES);
  const seconds = prng.chance(0.5)
    ? (sendAt.getTime() - startAt.getTime()) / 1_000 - 2_700 + prng.below(3_600)
    : prng.below((endAt.getTime() - startAt.getTime()) / 1_000);
  return addSeconds(startAt, Math.round(seconds));
}

function drawChanges(prng: Prng, fixture: FixturePlan, conditions: Conditions): Act[] {
  const { matchId } = fixture;
  const becomesKnown: Act[] = fixture.knownAt > conditions.startAt
    ? [{ at: fixture.knownAt, what: { kind: "fixture_becomes_known", fixture } }]
    : [];
  if (prng.chance(0.35)) return becomesKnown;
  const change = (at: Date, change: FixtureChange): Act => ({
    at,
    what: { kind: "change_fixture", matchId, change },
  });
  const later = (at: Date) => max([at, fixture.knownAt]);
  if (fixture.status !== "scheduled") {
    const at = later(someTime(prng, fixture, conditions));
    return [...becomesKnown, change(at, { status: "scheduled" })];
  }
  const changes = Array.from({ length: 1 + prng.below(3) }).flatMap((): Act[] => {
    const at = later(someTime(prng, fixture, conditions));
    const after = addMinutes(at, 2 + prng.below(150));
    const back = (act: Act) => prng.chance(0.6) ? [act] : [];
    switch (prng.below(9)) {
      case 0:
      case 1:
        return [change(at, { kickoffByMinutes: 5 * (1 + prng.below(48)) })];
      case 2:
        return [change(at, { kickoffByMinutes: -5 * (1 + prng.below(24)) })];
      case 3:
        return [
          change(at, { kickoffByMinutes: 14_400 }),
          ...back(change(after, { kickoffByMinutes: -14_400 })),
        ];
      case 4: {
        const status = prng.chance(0.6) ? "postponed" as const : "cancelled" as const;
        return [change(at, { status }), ...back(change(after, { status: "scheduled" }))];
      }
      case 5:
        return prng.chance(0.5)
          ? [change(addMinutes(fixture.kickoffAt, prng.below(120)), { status: "finished" })]
          : [change(at, { status: "finished" }), ...back(change(after, { status: "scheduled" }))];
      case 6:
        return [change(at, { properties: { venue: `Ground ${prng.below(4)}` } })];
      case 7: {
        const isUnknown = prng.chance(0.4);
        const home = isUnknown ? UNKNOWN_TEAM : `${fixture.home} FC`;
        const both = prng.chance(0.5) && isUnknown;
        return [
          change(at, { home }),
          // With an unknown team, the other team's fans remain; without notifications for that one, none remain.
          ...(both ? [{ at, what: { kind: "notify" as const, matchId, on: false } }] : []),
          ...back({ at: after, what: { kind: "team_becomes_known" } }),
          ...(both ? [{ at: after, what: { kind: "notify" as const, matchId, on: true } }] : []),
        ];
      }
      default:
        return [
          { at, what: { kind: "notify", matchId, on: false } },
          ...back({ at: after, what: { kind: "notify", matchId, on: true } }),
        ];
    }
  });
  return [...becomesKnown, ...changes];
}

function drawMeddling(prng: Prng, fixture: FixturePlan, conditions: Conditions): Act[] {
  const { matchId } = fixture;
  const acts: Act[] = [];
  if (prng.chance(0.1)) {
    const at = someTime(prng, fixture, conditions);
    acts.push({ at, what: { kind: "cancel_in_dashboard", matchId } });
  }
  if (prng.chance(0.2)) {
    const says = (["match", "match", "copy", "nothing", "unknown_match"] as const)[prng.below(5)]!;
    const byMinutes = prng.chance(0.5) ? 0 : prng.below(120) - 60;
    acts.push({
      at: someTime(prng, fixture, conditions),
      what: { kind: "schedule_in_dashboard", matchId, says, when: { byMinutes } },
    });
  }
  const unknownMinutes = (fixture.knownAt.getTime() - conditions.startAt.getTime()) / 60_000;
  if (unknownMinutes > 10 && prng.chance(0.4)) {
    // A person schedules a match before the fixture list has it, so its events name an unknown match.
    acts.push({
      at: addMinutes(conditions.startAt, prng.below(unknownMinutes - 8)),
      what: {
        kind: "schedule_in_dashboard",
        matchId,
        says: "match",
        when: { inMinutes: 2 + prng.below(4) },
      },
    });
  }
  if (prng.chance(0.04)) {
    const at = someTime(prng, fixture, conditions);
    acts.push({ at, what: { kind: "operator_cancels", matchId } });
  }
  if (prng.chance(0.3)) {
    // Postponed by mistake, and scheduled again after one or two runs of the scheduler.
    const at = someTime(prng, fixture, conditions);
    const change = (at: Date, status: "postponed" | "scheduled"): Act => ({
      at: max([at, fixture.knownAt]),
      what: { kind: "change_fixture", matchId, change: { status } },
    });
    acts.push(change(at, "postponed"), change(addMinutes(at, 16 + prng.below(30)), "scheduled"));
  }
  return acts;
}

/** Changes so late that only the send gate can still stop the push. */
function drawLastMinute(prng: Prng, { matchId, kickoffAt }: FixturePlan): Act[] {
  if (prng.chance(0.15)) {
    // A person releases a create without looking, when it is too late for another one.
    const at = addMinutes(kickoffAt, -SEND_LEAD_MINUTES - 1 - prng.below(14));
    return [{ at, what: { kind: "release", carelessly: true } }];
  }
  if (prng.chance(0.8)) return [];
  const status = (["postponed", "cancelled", "finished"] as const)[prng.below(3)]!;
  return [{
    at: addSeconds(addMinutes(kickoffAt, -SEND_LEAD_MINUTES), -5 - prng.below(400)),
    what: { kind: "change_fixture", matchId, change: { status } },
  }];
}

function drawOutages(prng: Prng, { startAt, endAt, carriesEcho }: Conditions): Act[] {
  const minutes = (endAt.getTime() - startAt.getTime()) / 60_000;
  const acts: Act[] = [];
  const span = (first: What, last: What, minutesMax: number) => {
    const at = addSeconds(startAt, 60 * prng.below(minutes) + prng.below(60));
    acts.push({ at, what: first }, { at: addMinutes(at, 2 + prng.below(minutesMax)), what: last });
  };
  if (prng.chance(0.2)) {
    const state = prng.chance(0.8) ? "stopped" as const : "archived" as const;
    span({ kind: "campaign", state }, { kind: "campaign", state: "enabled" }, 60);
  }
  if (prng.chance(0.3)) {
    span({ kind: "receiver", state: "down" }, { kind: "receiver", state: "up" }, 120);
  }
  if (prng.chance(0.05)) {
    const at = addSeconds(startAt, 60 * prng.below(minutes));
    acts.push({ at, what: { kind: "schedule_all_in_dashboard" } });
  }
  if (carriesEcho && prng.chance(0.3)) {
    span({ kind: "echo", on: false }, { kind: "echo", on: true }, 180);
  }
  return acts;
}

function drawCalls(prng: Prng, { startAt, endAt }: Conditions): Act[] {
  const seconds = (endAt.getTime() - startAt.getTime()) / 1_000;
  const sometime = () => addSeconds(startAt, prng.below(seconds));
  const several = (max: number, what: () => What): Act[] =>
    Array.from({ length: prng.below(max + 1) }, () => ({ at: sometime(), what: what() }));
  const functionName = () => FUNCTIONS[prng.below(FUNCTIONS.length)]!;
  const twoFunctions = () => {
    const one = functionName();
    return [one, prng.chance(0.5) ? one : functionName()] as const;
  };
  return [
    ...several(4, () => ({ kind: "call_at_once", functionNames: twoFunctions() })),
    ...several(1, () => ({ kind: "dry_run", functionName: functionName() })),
    ...several(3, () => ({
      kind: "replay",
      share: 0.2 + 0.8 * prng.next(),
      shape: (["batches", "single", "list", "flat"] as const)[prng.below(4)]!,
    })),
    ...several(2, () => ({ kind: "release", carelessly: prng.chance(0.2) })),
    ...several(1, () => ({ kind: "mark_sent" })),
    ...several(1, () => ({ kind: "odd_events" })),
    ...(prng.chance(0.15)
      ? [{ at: sometime(), what: { kind: "cancel_during_run" as const } }]
      : []),
    ...(prng.chance(0.1)
      ? [{ at: sometime(), what: { kind: "move_near_freeze_window" as const } }]
      : []),
  ];
}

function drawRestarts(prng: Prng, { startAt, endAt }: Conditions): Act[] {
  const seconds = (endAt.getTime() - startAt.getTime()) / 1_000;
  return Array.from({ length: 4 + prng.below(5) }, () => ({
    at: addSeconds(startAt, prng.below(seconds)),
    what: { kind: "restart", server: prng.chance(0.7) ? "postgres" : "postgrest" },
  }));
}
