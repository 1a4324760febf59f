/**
 * Draws troubles that come over a whole matchday: Braze answers nothing for an hour, its list is short, the sync of the
 * fixtures is wrong, pg_cron stands still, and people do what an alert says, or what they should not.
 */
import { addMinutes, addSeconds } from "date-fns";
import {
  type Act,
  DECISIONS,
  DELETE_STORMS,
  STORMS,
  type TroubleAct,
  VERBS,
  type What,
} from "./act.ts";
import type { Prng } from "../../local/lib/prng.ts";
import type { FixturePlan } from "./fixtures.ts";

interface Conditions {
  readonly startAt: Date;
  readonly endAt: Date;
  readonly fixtures: readonly FixturePlan[];
}

/** In how many worlds each kind happens: some worlds have several, and many have none. */
const SHARE = 0.11;
const SEND_LEAD_MINUTES = 60;
/** The ids of matches that the feed lists a second time. */
const TWIN_IDS_FROM = 1_101;
/** More than Braze takes as properties of one schedule. */
const LARGE_PROPERTY = 60_000;

/** Matches that the feed lists under a second id, from some time on. */
export function drawTwins(prng: Prng, { startAt, fixtures }: Conditions): FixturePlan[] {
  if (!prng.chance(SHARE)) return [];
  const twin = fixtures[prng.below(fixtures.length)]!;
  const minutes = (twin.kickoffAt.getTime() - startAt.getTime()) / 60_000 - SEND_LEAD_MINUTES;
  return [{
    ...twin,
    matchId: TWIN_IDS_FROM,
    status: "scheduled",
    knownAt: addMinutes(startAt, prng.below(Math.max(1, minutes))),
  }];
}

export function drawTroubles(
  prng: Prng,
  conditions: Conditions,
  twins: readonly FixturePlan[],
): Act[] {
  const acts = Object.entries(TROUBLES).flatMap(([name, draw]) => {
    const own = prng.fork(name);
    return own.chance(SHARE) ? draw(own, conditions) : [];
  });
  return [
    ...acts,
    ...twins.map((fixture): Act => ({
      at: fixture.knownAt,
      what: { kind: "fixture_becomes_known", fixture },
    })),
  ];
}

type Draw = (prng: Prng, conditions: Conditions) => Act[];

const TROUBLES: Readonly<Record<string, Draw>> = {
  storm(prng, conditions) {
    const state = STORMS[prng.below(STORMS.length)]!;
    // A key that was revoked stays so for a day, or until the truce; an overload passes.
    const minutes = state === "401" || state === "403" ? 24 * 60 : [3, 10, 30, 60][prng.below(4)]!;
    const at = nearSend(prng, conditions, 90);
    return span(at, minutes, { kind: "storm", state }, { kind: "storm", state: "over" });
  },

  campaign(prng, conditions) {
    const drops = prng.chance(0.5);
    const at = nearSend(prng, conditions, 120);
    return span(at, 6 + prng.below(60), { kind: "campaign", state: "stopped", drops }, {
      kind: "campaign",
      state: "enabled",
      drops,
    });
  },

  list(prng, conditions) {
    const state = prng.chance(0.6) ? "short" as const : "another_campaign" as const;
    const at = nearSend(prng, conditions, 120);
    return span(at, 5 + prng.below(90), { kind: "list", state }, { kind: "list", state: "whole" });
  },

  teams(prng, conditions) {
    const state = prng.chance(0.5) ? "half" as const : "empty" as const;
    const at = nearSend(prng, conditions, 120);
    return span(at, 3 + prng.below(90), { kind: "teams", state }, {
      kind: "teams",
      state: "whole",
    });
  },

  rename(prng, conditions) {
    const { home: team } = someOf(prng, conditions.fixtures);
    const steps = (["in_teams", "in_matches"] as const).map((state) =>
      ({ kind: "rename_team", team, state }) as const
    );
    const [first, last] = prng.chance(0.5) ? steps : steps.toReversed();
    return span(nearSend(prng, conditions, 120), 2 + prng.below(60), first!, last!);
  },

  feedStatus(prng, conditions) {
    const state = prng.chance(0.5) ? "postponed" as const : "cancelled" as const;
    const isHalf = prng.chance(0.4);
    const at = nearSend(prng, conditions, 120);
    const wrong = { kind: "feed_status" as const, state, isHalf };
    return prng.chance(0.8)
      ? span(at, 3 + prng.below(90), wrong, { kind: "feed_status", state: "back", isHalf })
      : [{ at, what: wrong }];
  },

  midnight(prng, conditions) {
    const { matchId, kickoffAt } = someOf(prng, conditions.fixtures);
    const midnight = prng.chance(0.5) ? "placeholder" as const : "unconfirmed" as const;
    const at = within(prng, conditions);
    const change = (change: Extract<What, { kind: "change_fixture" }>["change"]): What => ({
      kind: "change_fixture",
      matchId,
      change,
    });
    return span(at, 5 + prng.below(90), change({ midnight }), change({ kickoffAt }));
  },

  /** It is played again on the next day, under the same id; in a world of days that day comes. */
  replayed(prng, { fixtures }) {
    const { matchId, kickoffAt } = someOf(prng, fixtures);
    const at = addMinutes(kickoffAt, prng.below(150) - 30);
    return [{ at, what: changed(matchId, { kickoffByMinutes: 60 * (13 + prng.below(12)) }) }];
  },

  lastMinutes(prng, { fixtures }) {
    return fixtures.flatMap(({ matchId, kickoffAt }): Act[] => {
      if (prng.chance(0.5)) return [];
      const at = addSeconds(addMinutes(kickoffAt, -SEND_LEAD_MINUTES), -1 - prng.below(300));
      const change = [
        { status: "postponed" },
        { status: "cancelled" },
        { push: false },
        { kickoffByMinutes: 15 },
        { kickoffByMinutes: -15 },
        { properties: { venue: "Another ground" } },
      ] as const;
      return [{ at, what: changed(matchId, change[prng.below(change.length)]!) }];
    });
  },

  /** Schedules that Braze holds when the suite starts: of people, and of a suite whose database is gone. */
  firstStart(prng, { startAt, fixtures }) {
    return fixtures.flatMap(({ matchId }): Act[] => {
      if (prng.chance(0.4)) return [];
      const says =
        (["match", "nothing", "earlier_suite", "earlier_suite"] as const)[prng.below(4)]!;
      return [{
        at: startAt,
        what: { kind: "schedule_in_dashboard", matchId, says, when: { byMinutes: 0 } },
      }];
    });
  },

  advised(prng, conditions) {
    return Array.from({ length: 6 }, () => ({
      at: nearSend(prng, conditions, 14),
      what: { kind: "schedule_as_advised" },
    }));
  },

  cron(prng, conditions) {
    const at = nearSend(prng, conditions, 120);
    return span(at, 60 + prng.below(180), { kind: "cron", state: "off" }, {
      kind: "cron",
      state: "on",
    });
  },

  net(prng, conditions) {
    const at = nearSend(prng, conditions, 120);
    return span(at, 30 + prng.below(90), { kind: "net", state: "hours_late" }, {
      kind: "net",
      state: "in_time",
    });
  },

  oldSchedule(prng, conditions) {
    return conditions.fixtures.map(({ matchId }) => ({
      at: nearSend(prng, conditions, 60),
      what: { kind: "old_schedule_sends", matchId, users: 1 },
    }));
  },

  /** A match gets a new time and text, and Braze sends the schedule that it had before. */
  oldGoesOut(prng, { startAt, fixtures }) {
    const acts = fixtures.flatMap(({ matchId, kickoffAt }): Act[] => {
      const sendAt = addMinutes(kickoffAt, -SEND_LEAD_MINUTES);
      const at = addMinutes(sendAt, -60 - prng.below(40));
      if (at < startAt) return [];
      return [
        { at, what: changed(matchId, { kickoffByMinutes: 90 + prng.below(90) }) },
        { at, what: changed(matchId, { properties: { venue: "The new ground" } }) },
        {
          at: addMinutes(sendAt, 1 + prng.below(3)),
          what: { kind: "old_schedule_sends", matchId, users: prng.chance(0.8) ? 12 : 1 },
        },
      ];
    });
    // Of one match: the remakes of several at once are held, and then nothing is replaced.
    return acts.slice(0, 3);
  },

  swap(prng, conditions) {
    const [one, other] = prng.shuffled(conditions.fixtures);
    const swap: TroubleAct = { kind: "swap_ids", matchIds: [one!.matchId, other!.matchId] };
    const at = within(prng, conditions);
    return prng.chance(0.5) ? span(at, 3 + prng.below(60), swap, swap) : [{ at, what: swap }];
  },

  push(prng, conditions) {
    const { matchId } = someOf(prng, conditions.fixtures);
    return span(
      nearSend(prng, conditions, 120),
      5 + prng.below(60),
      changed(matchId, { push: false }),
      changed(matchId, { push: true }),
    );
  },

  large(prng, conditions) {
    const { matchId } = someOf(prng, conditions.fixtures);
    return span(
      nearSend(prng, conditions, 120),
      5 + prng.below(60),
      changed(matchId, { properties: { story: "a".repeat(LARGE_PROPERTY) } }),
      changed(matchId, { properties: {} }),
    );
  },

  far(prng, conditions) {
    const { matchId } = someOf(prng, conditions.fixtures);
    const minutes = 100 * 24 * 60;
    return span(
      within(prng, conditions),
      10 + prng.below(60),
      changed(matchId, { kickoffByMinutes: minutes }),
      changed(matchId, { kickoffByMinutes: -minutes }),
    );
  },

  verbs(prng, conditions) {
    return Array.from({ length: 8 }, (): Act => ({
      at: prng.chance(0.7) ? nearSend(prng, conditions, 60) : within(prng, conditions),
      what: {
        kind: "verb",
        verb: VERBS[prng.below(VERBS.length)]!,
        matchId: someOf(prng, conditions.fixtures).matchId,
        acceptsDoublePush: prng.chance(0.2),
        isDryRun: prng.chance(0.2),
      },
    }));
  },

  /** Braze holds schedules that people made, and a person decides about them, and closes alerts. */
  decisions(prng, conditions) {
    const { startAt, fixtures } = conditions;
    const made = fixtures.flatMap(({ matchId }): Act[] => {
      if (prng.chance(0.4)) return [];
      const says = (["match", "nothing", "copy", "earlier_suite"] as const)[prng.below(4)]!;
      return [{
        at: prng.chance(0.6) ? startAt : within(prng, conditions),
        what: { kind: "schedule_in_dashboard", matchId, says, when: { byMinutes: 0 } },
      }];
    });
    const decided = Array.from({ length: 10 }, (): Act => ({
      // Before the scheduler's first run, and later.
      at: prng.chance(0.4)
        ? addSeconds(startAt, 10 + prng.below(200))
        : prng.chance(0.5)
        ? nearSend(prng, conditions, 60)
        : within(prng, conditions),
      what: {
        kind: "decide",
        decision: DECISIONS[prng.below(DECISIONS.length)]!,
        nth: prng.below(12),
        matchId: someOf(prng, fixtures).matchId,
        acceptsRisk: prng.chance(0.5),
        isDryRun: prng.chance(0.2),
      },
    }));
    const closed = Array.from({ length: 6 }, (): Act => ({
      // Harms are told when pushes were due.
      at: prng.chance(0.5)
        ? within(prng, conditions)
        : addMinutes(conditions.endAt, -prng.below(90)),
      what: {
        kind: "resolve",
        nth: prng.below(12),
        isHarm: prng.chance(0.7),
        isDryRun: prng.chance(0.2),
      },
    }));
    return [...made, ...decided, ...closed];
  },

  /** A match gets another text, Braze still holds the schedule that it had before, and refuses its delete for a while. */
  survivors(prng, { startAt, fixtures }) {
    const state = DELETE_STORMS[prng.below(DELETE_STORMS.length)]!;
    const { kickoffAt } = someOf(prng, fixtures);
    const minutes = (kickoffAt.getTime() - startAt.getTime()) / 60_000 - SEND_LEAD_MINUTES;
    const at = addMinutes(startAt, 6 + prng.below(Math.max(1, minutes - 60)));
    return [
      // One in a run: more at once are held.
      ...fixtures.slice(0, 2).flatMap(({ matchId }, index): Act[] => [
        {
          at: addMinutes(at, 11 * index),
          what: changed(matchId, { properties: { venue: "The other ground" } }),
        },
        { at: addMinutes(at, 22), what: { kind: "old_schedule_returns", matchId } },
      ]),
      ...(prng.chance(0.7)
        ? span(addMinutes(at, 22), 15 + prng.below(50), { kind: "storm", state }, {
          kind: "storm",
          state: "over",
        })
        : []),
    ];
  },

  pushOff(prng, { fixtures }) {
    const { matchId, kickoffAt } = someOf(prng, fixtures);
    const at = addSeconds(addMinutes(kickoffAt, -SEND_LEAD_MINUTES), -1 - prng.below(240));
    return [{ at, what: changed(matchId, { push: false }) }];
  },

  /** Called off, and played ten days later: no schedule is made yet. */
  nextWeek(prng, conditions) {
    const { matchId } = someOf(prng, conditions.fixtures);
    const at = nearSend(prng, conditions, 150);
    return [
      { at, what: changed(matchId, { status: "postponed" }) },
      { at: addMinutes(at, 12), what: changed(matchId, { kickoffByMinutes: 14_400 }) },
      { at: addMinutes(at, 13), what: changed(matchId, { status: "scheduled" }) },
    ];
  },
};

function changed(
  matchId: number,
  change: Extract<What, { kind: "change_fixture" }>["change"],
): What {
  return { kind: "change_fixture", matchId, change };
}

function span(at: Date, minutes: number, first: What, last: What): Act[] {
  return [{ at, what: first }, { at: addMinutes(at, minutes), what: last }];
}

function someOf<T>(prng: Prng, choices: readonly T[]): T {
  return choices[prng.below(choices.length)]!;
}

function within(prng: Prng, { startAt, endAt }: Conditions): Date {
  return addSeconds(startAt, prng.below((endAt.getTime() - startAt.getTime()) / 1_000));
}

/** In the last minutes before a push, or a little after it: there a trouble has the most effect. */
function nearSend(prng: Prng, { startAt, fixtures }: Conditions, minutesMax: number): Date {
  const { kickoffAt } = someOf(prng, fixtures);
  const at = addSeconds(
    addMinutes(kickoffAt, -SEND_LEAD_MINUTES),
    60 * 10 - prng.below(60 * (minutesMax + 10)),
  );
  return at < startAt ? addSeconds(startAt, prng.below(3_600)) : at;
}
