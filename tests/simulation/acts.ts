/** The acts of people and machines around the suite, and their times: drawn here, performed in `perform_acts.ts`. */
import { addMinutes, addSeconds, max } from "date-fns";
import type { Prng } from "../../local/lib/prng.ts";
import { type FixturePlan, UNKNOWN_TEAM } from "./fixtures.ts";
import { isInTruce, type Truce } from "./truce.ts";

export type FixtureChange =
  | { readonly kickoffByMinutes: number }
  | { readonly status: "scheduled" | "postponed" | "cancelled" | "finished" }
  | { readonly properties: Readonly<Record<string, string>> }
  | { readonly home: string };

export type FunctionToCall =
  | "braze-scheduler"
  | "braze-preflight-check"
  | "braze-reconcile"
  | "braze-count-audit"
  | "webhook-health-rollup";

export type What =
  | { readonly kind: "change_fixture"; readonly matchId: number; readonly change: FixtureChange }
  | { readonly kind: "fixture_becomes_known"; readonly fixture: FixturePlan }
  /** Both teams of a match are switched off for pushes, or on again. */
  | { readonly kind: "notify"; readonly matchId: number; readonly on: boolean }
  | { readonly kind: "team_becomes_known" }
  | { readonly kind: "cancel_in_dashboard"; readonly matchId: number }
  | {
    readonly kind: "schedule_in_dashboard";
    readonly matchId: number;
    /** What a person put in: the match id alone, a copy of ours, nothing, or an unknown match. */
    readonly says: "match" | "copy" | "nothing" | "unknown_match";
    /** Offset from the planned time, or from now. */
    readonly when: { readonly byMinutes: number } | { readonly inMinutes: number };
  }
  /** A person calls a function although everything is scheduled already. */
  | { readonly kind: "schedule_all_in_dashboard" }
  | { readonly kind: "campaign"; readonly state: "enabled" | "stopped" | "archived" }
  | { readonly kind: "receiver"; readonly state: "down" | "up" }
  | { readonly kind: "echo"; readonly on: boolean }
  | {
    readonly kind: "call_at_once";
    readonly functionNames: readonly [FunctionToCall, FunctionToCall];
  }
  | { readonly kind: "dry_run"; readonly functionName: FunctionToCall }
  /** Events that were received already are sent again concurrently, batched and ordered differently. */
  | {
    readonly kind: "replay";
    readonly share: number;
    readonly shape: "batches" | "single" | "list" | "flat";
  }
  /** A person resolves creates of unknown outcome; `carelessly`: without checking Braze. */
  | { readonly kind: "release"; readonly carelessly: boolean }
  | { readonly kind: "mark_sent" }
  /** A person cancels a match by hand, in the ledger and in Braze. */
  | { readonly kind: "operator_cancels"; readonly matchId: number }
  /** The same in the middle of a run, for the match whose schedule the run is about to change. */
  | { readonly kind: "overtake" }
  /** Sends move so close to the freeze window that they are inside it before a slow run reaches them. */
  | { readonly kind: "close_call" }
  /** A preview, an event of another campaign, and an unreadable event, in one batch. */
  | { readonly kind: "odd_events" }
  /** In the middle of the next run. */
  | { readonly kind: "restart"; readonly server: "postgres" | "postgrest" };

export interface Act {
  readonly at: Date;
  readonly what: What;
}

interface Around {
  readonly startAt: Date;
  readonly endAt: Date;
  readonly truces: readonly Truce[];
  readonly fixtures: readonly FixturePlan[];
  readonly isEchoTold: boolean;
  /** Templates call the send gate before they send. */
  readonly isGated: boolean;
  readonly restartsServers: boolean;
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

export function drawActs(prng: Prng, around: Around): Act[] {
  const acts = [
    ...around.fixtures.flatMap((fixture) =>
      drawChanges(prng.fork(`changes/${fixture.matchId}`), fixture, around)
    ),
    ...around.fixtures.flatMap((fixture) =>
      drawMeddling(prng.fork(`meddling/${fixture.matchId}`), fixture, around)
    ),
    ...(around.isGated
      ? around.fixtures.flatMap((fixture) =>
        drawLastMinute(prng.fork(`last minute/${fixture.matchId}`), fixture)
      )
      : []),
    ...drawOutages(prng.fork("outages"), around),
    ...drawCalls(prng.fork("calls"), around),
    ...(around.restartsServers ? drawRestarts(prng.fork("restarts"), around) : []),
  ];
  return acts
    .map((act) => ({ ...act, at: outOfTruces(act.at, around) }))
    .filter(({ at }) => at >= around.startAt && at < around.endAt)
    .sort((a, b) => a.at.getTime() - b.at.getTime());
}

/** An act that would fall into a truce is moved to just before it. */
function outOfTruces(at: Date, around: Around): Date {
  const broken = around.truces.find((truce) => isInTruce({ truces: [truce] }, at));
  return broken === undefined ? at : addSeconds(broken.from, -30);
}

/** Half of all acts happen around the time of the push, where they do the most damage. */
function someTime(prng: Prng, fixture: FixturePlan, { startAt, endAt }: Around): Date {
  const sendAt = addMinutes(fixture.kickoffAt, -SEND_LEAD_MINUTES);
  const seconds = prng.chance(0.5)
    ? (sendAt.getTime() - startAt.getTime()) / 1_000 - 2_700 + prng.below(3_600)
    : prng.below((endAt.getTime() - startAt.getTime()) / 1_000);
  return addSeconds(startAt, Math.round(seconds));
}

function drawChanges(prng: Prng, fixture: FixturePlan, around: Around): Act[] {
  const { matchId } = fixture;
  const becomesKnown: Act[] = fixture.knownAt > around.startAt
    ? [{ at: fixture.knownAt, what: { kind: "fixture_becomes_known", fixture } }]
    : [];
  if (prng.chance(0.35)) return becomesKnown;
  const change = (at: Date, change: FixtureChange): Act => ({
    at,
    what: { kind: "change_fixture", matchId, change },
  });
  const later = (at: Date) => max([at, fixture.knownAt]);
  if (fixture.status !== "scheduled") {
    const at = later(someTime(prng, fixture, around));
    return [...becomesKnown, change(at, { status: "scheduled" })];
  }
  const changes = Array.from({ length: 1 + prng.below(3) }).flatMap((): Act[] => {
    const at = later(someTime(prng, fixture, around));
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
          // With an unknown opponent the other team's fans remain; with pushes switched off too, no audience does.
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

function drawMeddling(prng: Prng, fixture: FixturePlan, around: Around): Act[] {
  const { matchId } = fixture;
  const acts: Act[] = [];
  if (prng.chance(0.1)) {
    const at = someTime(prng, fixture, around);
    acts.push({ at, what: { kind: "cancel_in_dashboard", matchId } });
  }
  if (prng.chance(0.2)) {
    const says = (["match", "match", "copy", "nothing", "unknown_match"] as const)[prng.below(5)]!;
    const byMinutes = prng.chance(0.5) ? 0 : prng.below(120) - 60;
    acts.push({
      at: someTime(prng, fixture, around),
      what: { kind: "schedule_in_dashboard", matchId, says, when: { byMinutes } },
    });
  }
  const unknownMinutes = (fixture.knownAt.getTime() - around.startAt.getTime()) / 60_000;
  if (unknownMinutes > 10 && prng.chance(0.4)) {
    // A person schedules before the fixture list has the match: its events name a match that is not known yet.
    acts.push({
      at: addMinutes(around.startAt, prng.below(unknownMinutes - 8)),
      what: {
        kind: "schedule_in_dashboard",
        matchId,
        says: "match",
        when: { inMinutes: 2 + prng.below(4) },
      },
    });
  }
  if (prng.chance(0.04)) {
    const at = someTime(prng, fixture, around);
    acts.push({ at, what: { kind: "operator_cancels", matchId } });
  }
  if (prng.chance(0.3)) {
    // Called off by mistake, and reinstated after one or two scheduler runs.
    const at = someTime(prng, fixture, around);
    const change = (at: Date, status: "postponed" | "scheduled"): Act => ({
      at: max([at, fixture.knownAt]),
      what: { kind: "change_fixture", matchId, change: { status } },
    });
    acts.push(change(at, "postponed"), change(addMinutes(at, 16 + prng.below(30)), "scheduled"));
  }
  return acts;
}

/** So late that only the send gate can still stop the push. */
function drawLastMinute(prng: Prng, { matchId, kickoffAt }: FixturePlan): Act[] {
  if (prng.chance(0.15)) {
    // A person marks a create as not sent without checking, and there is no time left to create another.
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

function drawOutages(prng: Prng, { startAt, endAt, isEchoTold }: Around): Act[] {
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
  if (isEchoTold && prng.chance(0.3)) {
    span({ kind: "echo", on: false }, { kind: "echo", on: true }, 180);
  }
  return acts;
}

function drawCalls(prng: Prng, { startAt, endAt }: Around): Act[] {
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
    ...(prng.chance(0.15) ? [{ at: sometime(), what: { kind: "overtake" as const } }] : []),
    ...(prng.chance(0.1) ? [{ at: sometime(), what: { kind: "close_call" as const } }] : []),
  ];
}

function drawRestarts(prng: Prng, { startAt, endAt }: Around): Act[] {
  const seconds = (endAt.getTime() - startAt.getTime()) / 1_000;
  return Array.from({ length: 4 + prng.below(5) }, () => ({
    at: addSeconds(startAt, prng.below(seconds)),
    what: { kind: "restart", server: prng.chance(0.7) ? "postgres" : "postgrest" },
  }));
}
