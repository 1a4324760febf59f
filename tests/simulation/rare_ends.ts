/**
 * Draws what leads to ends that hardly any world reaches by chance. Each has a match of its own, so that nothing else happens
 * to it, and is drawn only where Braze's behaviour allows it, so often that a range of worlds has several.
 */
import { addMinutes, addSeconds } from "date-fns";
import type { SendGate } from "../../local/braze_sandbox/connected_content.ts";
import type { Switches } from "../../local/braze_sandbox/switches.ts";
import type { Prng } from "../../local/lib/prng.ts";
import { type Act, DELETE_STORMS, type What } from "./act.ts";
import { type FixturePlan, TEAMS } from "./fixtures.ts";
import type { Truce } from "./truce.ts";

export interface Rare {
  readonly fixtures: readonly FixturePlan[];
  readonly acts: readonly Act[];
}

interface Conditions {
  readonly startAt: Date;
  readonly endAt: Date;
  readonly truces: readonly Truce[];
  /** The other matches. */
  readonly fixtures: readonly FixturePlan[];
  readonly carriesEcho: boolean;
  readonly carriesSendId: boolean;
  readonly sendGate: SendGate;
  readonly listingMode: Switches["listingMode"];
}

interface RareEnd {
  /** In how many of the worlds that allow it. */
  readonly share: number;
  isPossible(conditions: Conditions): boolean;
  /** The match's push is due within these minutes after the start; default: at any time. */
  readonly dueBy?: number;
  /** How many minutes before and after the push nothing may be in a truce. */
  readonly around: readonly [before: number, after: number];
  /** Without another match half an hour before or after it. */
  readonly isAlone?: boolean;
  draw(prng: Prng, push: Push, conditions: Conditions): Act[];
}

interface Push {
  readonly matchId: number;
  readonly sendAt: Date;
}

const SEND_LEAD_MINUTES = 60;
const FIRST_ID = 1_301;
/** A match whose push is due earlier cannot be scheduled any more. */
const FIRST_MINUTES = 25;
const ALONE_MINUTES = 30;

export function drawRareEnds(prng: Prng, conditions: Conditions): Rare {
  const drawn = Object.entries(RARE_ENDS).flatMap(([name, end], index): Rare[] => {
    const own = prng.fork(name);
    if (!own.chance(end.share) || !end.isPossible(conditions)) return [];
    const sendAt = freeTime(own, end, conditions);
    if (sendAt === null) return [];
    const push = { matchId: FIRST_ID + index, sendAt };
    const fixture = matchOf(own, push, conditions.startAt);
    return [{ fixtures: [fixture], acts: end.draw(own, push, conditions) }];
  });
  const acts = drawn.flatMap((rare) => rare.acts);
  const later = acts.flatMap(({ what }) =>
    what.kind === "fixture_becomes_known" ? [what.fixture] : []
  );
  return { fixtures: [...drawn.flatMap((rare) => rare.fixtures), ...later], acts };
}

const RARE_ENDS: Readonly<Record<string, RareEnd>> = {
  /** Braze sends the earlier schedule of a match, and the current one is due before it can be deleted. */
  heldAtTheGate: {
    share: 0.35,
    around: [90, 20],
    isPossible: ({ sendGate, carriesEcho }) => sendGate !== "off" && carriesEcho,
    draw: (prng, { matchId, sendAt }) => {
      const at = addMinutes(sendAt, -65 - prng.below(25));
      return [
        { at, what: changed(matchId, { kickoffByMinutes: 12 }) },
        { at, what: changed(matchId, { properties: { venue: "The next ground" } }) },
        {
          at: addSeconds(sendAt, 30),
          what: { kind: "old_schedule_sends", matchId, users: 20 },
        },
      ];
    },
  },

  /** A match is called off after the last run of the scheduler before its push. */
  calledOffLast: {
    share: 0.35,
    around: [5, 5],
    isPossible: ({ sendGate }) => sendGate !== "off",
    draw: (prng, { matchId, sendAt }) => {
      const status = prng.chance(0.5) ? "cancelled" as const : "finished" as const;
      return [{
        at: addSeconds(sendAt, -2 - prng.below(40)),
        what: changed(matchId, { status }),
      }];
    },
  },

  /** A schedule that is deleted, or that a person declares gone, is sent, while Braze refuses to make another. */
  takenBack: {
    share: 0.4,
    around: [90, 5],
    isPossible: ({ sendGate, listingMode }) =>
      sendGate === "fail_open" || (sendGate === "fail_closed" && listingMode !== "per_schedule"),
    draw: (prng, { matchId, sendAt }, { listingMode, sendGate }) => {
      const at = addMinutes(sendAt, -65 - prng.below(25));
      const isDeclared = listingMode !== "per_schedule" &&
        (sendGate === "fail_closed" || prng.chance(0.5));
      return [
        ...span(at, addMinutes(sendAt, 2), storm("create_400"), storm("over")),
        ...(isDeclared
          ? [{
            at,
            what: {
              kind: "verb" as const,
              verb: "declare_gone" as const,
              matchId,
              acceptsDoublePush: true,
              isDryRun: false,
            },
          }]
          : [
            { at, what: changed(matchId, { properties: { venue: "The third ground" } }) },
            {
              at: addMinutes(at, 12),
              what: { kind: "old_schedule_returns" as const, matchId },
            },
          ]),
      ];
    },
  },

  /** Braze makes a schedule without an answer, no list shows it, and no event tells of its push. */
  onlyCounted: {
    share: 0.35,
    around: [0, 0],
    dueBy: 45,
    isPossible: ({ sendGate, listingMode }) =>
      sendGate !== "fail_closed" && listingMode !== "per_schedule",
    draw: (_prng, { sendAt }, { startAt }) => [
      // Over the first run of the scheduler.
      ...span(
        addSeconds(startAt, 1),
        addMinutes(startAt, 6),
        storm("create_unanswered"),
        storm("over"),
      ),
      // Longer than users open a push.
      ...span(
        addMinutes(sendAt, -2),
        addMinutes(sendAt, 100),
        { kind: "events", state: "lost" },
        { kind: "events", state: "delivered" },
      ),
    ],
  },

  /** A person plans a push of a match for the night, more than a day after its own. */
  aDayLate: {
    share: 0.2,
    around: [0, 0],
    isPossible: ({ carriesEcho }) => carriesEcho,
    draw: (prng, { matchId }, { endAt }) => {
      const before = 2 + prng.below(60);
      const inMinutes = before + 24 * 60 + 20 + prng.below(60);
      return [{
        at: addMinutes(endAt, -before),
        what: { kind: "schedule_in_dashboard", matchId, says: "match", when: { inMinutes } },
      }];
    },
  },

  /** Braze refuses the first creates, and then a match moves beyond the horizon. */
  refusedThenFar: {
    share: 0.1,
    around: [0, 0],
    isPossible: () => true,
    draw: (prng, { matchId }, { startAt }) => {
      const far = addSeconds(addMinutes(startAt, 6), prng.below(120));
      return [
        ...span(
          addSeconds(startAt, 1),
          addMinutes(startAt, 8),
          storm("create_400"),
          storm("over"),
        ),
        ...span(
          far,
          addMinutes(far, 20 + prng.below(60)),
          changed(matchId, { kickoffByMinutes: 14_400 }),
          changed(matchId, { kickoffByMinutes: -14_400 }),
        ),
      ];
    },
  },

  /** Braze holds a replaced schedule again, and refuses its delete in one way after the other. */
  undeletable: {
    share: 0.5,
    around: [95, 0],
    isPossible: ({ listingMode }) => listingMode === "per_schedule",
    draw: (prng, { matchId }, { startAt }) => {
      const at = addMinutes(startAt, 11);
      const returns = addMinutes(at, 12);
      const [first, second] = prng.shuffled(DELETE_STORMS);
      const storms = prng.below(3);
      // A reconciliation every half an hour.
      const over = addMinutes(returns, 30 * storms);
      return [
        { at, what: changed(matchId, { properties: { venue: "The fourth ground" } }) },
        { at: returns, what: { kind: "old_schedule_returns", matchId } },
        ...(storms > 0 ? span(returns, over, storm(first!), storm("over")) : []),
        ...(storms > 1 ? [{ at: addMinutes(returns, 30), what: storm(second!) }] : []),
      ];
    },
  },

  /**
   * When a match is sent, the feed first lists another one, due nine minutes later: the time of a send alone then names the
   * first no longer for certain.
   */
  rivals: {
    share: 0.6,
    around: [5, 25],
    isAlone: true,
    isPossible: ({ carriesEcho, carriesSendId }) => !carriesEcho && !carriesSendId,
    draw: (prng, { matchId, sendAt }, { startAt }) => {
      const knownAt = addSeconds(sendAt, 60 + prng.below(60));
      const rival = { matchId: matchId + 1, sendAt: addMinutes(sendAt, 9) };
      const fixture = { ...matchOf(prng, rival, startAt), knownAt };
      return [{ at: knownAt, what: { kind: "fixture_becomes_known", fixture } }];
    },
  },
};

/** A time of a push, or null if none that was tried will do. */
function freeTime(
  prng: Prng,
  { dueBy, around: [before, after], isAlone = false }: RareEnd,
  { startAt, endAt, truces, fixtures }: Conditions,
): Date | null {
  const minutes = (endAt.getTime() - startAt.getTime()) / 60_000;
  const first = Math.max(FIRST_MINUTES, before);
  const last = dueBy ?? minutes - after - 5;
  const tried = Array.from(
    { length: 40 },
    () => addMinutes(startAt, 5 * Math.ceil((first + prng.below(Math.max(1, last - first))) / 5)),
  );
  return tried.find((at) =>
    truces.every(({ from, until }) =>
      addMinutes(at, after) < from || addMinutes(at, -before) > until
    ) &&
    (!isAlone ||
      fixtures.every(({ kickoffAt }) =>
        Math.abs(addMinutes(kickoffAt, -SEND_LEAD_MINUTES).getTime() - at.getTime()) >
          ALONE_MINUTES * 60_000
      ))
  ) ?? null;
}

function matchOf(prng: Prng, { matchId, sendAt }: Push, knownAt: Date): FixturePlan {
  const [home, away] = prng.shuffled(TEAMS);
  const kickoffAt = addMinutes(sendAt, SEND_LEAD_MINUTES);
  return { matchId, home: home!, away: away!, kickoffAt, status: "scheduled", knownAt };
}

function changed(
  matchId: number,
  change: Extract<What, { kind: "change_fixture" }>["change"],
): What {
  return { kind: "change_fixture", matchId, change };
}

function storm(state: Extract<What, { kind: "storm" }>["state"]): What {
  return { kind: "storm", state };
}

function span(at: Date, until: Date, first: What, last: What): Act[] {
  return [{ at, what: first }, { at: until, what: last }];
}
