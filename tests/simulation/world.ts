/**
 * One world: a fixture list, the acts of people, a behaviour of Braze, and the faults. All of it is drawn from one seed
 * before the world runs, and each part from its own stream.
 */
import { addMinutes } from "date-fns";
import type { SendGate } from "../../local/braze_sandbox/connected_content.ts";
import type { SwitchesPatch } from "../../local/braze_sandbox/switches.ts";
import type { TeamWeight } from "../../local/braze_sandbox/users.ts";
import { Prng } from "../../local/lib/prng.ts";
import type { Act } from "./act.ts";
import { drawActs } from "./acts.ts";
import { drawFixtures, type FixturePlan, TEAMS } from "./fixtures.ts";
import { drawFaults, type FaultRates } from "./faults.ts";
import { drawRareEnds } from "./rare_ends.ts";
import { drawSwitches } from "./switches.ts";
import { drawTwins } from "./troubles.ts";
import type { Truce } from "./truce.ts";

export interface World {
  readonly seed: number;
  readonly startAt: Date;
  /** The end of the last act, and the start of the last truce. */
  readonly endAt: Date;
  readonly teams: readonly TeamWeight[];
  readonly userCount: number;
  readonly fixtures: readonly FixturePlan[];
  readonly switches: SwitchesPatch;
  readonly sendGate: SendGate;
  readonly faults: FaultRates;
  readonly acts: readonly Act[];
  readonly truces: readonly Truce[];
  /** How many deliveries Braze makes concurrently: with more than one, their order depends on the machine. */
  readonly deliveriesAtOnce: number;
  /** The world has its own servers, which are restarted in the middle of runs. */
  readonly restartsServers: boolean;
  /** The time without jobs between the last send and the final audit. */
  readonly nightHours: number;
}

/** Long enough for three reconciliations, and to resolve a delete without an answer. */
const TRUCE_MINUTES = 100;
/** Webhook retries end after a day, and events may be delayed for as long. */
const NIGHT_HOURS = 25;
/** Longer than Braze keeps its statistics. */
const LONG_NIGHT_HOURS = 15 * 24;
const RESTARTING_SHARE = 0.06;

export function drawWorld(seed: number): World {
  const prng = new Prng(`world/${seed}`);
  const shape = prng.fork("shape");
  // Worlds start at half past, so that the daily jobs do not fall into each of them.
  const startAt = addMinutes(
    new Date("2024-12-06T00:00:00Z"),
    30 + 60 * shape.below(24) + 15 * shape.below(4),
  );
  const hours = shape.chance(0.04) ? 24 + shape.below(25) : 4 + shape.below(3);
  const endAt = addMinutes(startAt, hours * 60);
  const firstTruce = addMinutes(startAt, 60 * (1 + shape.below(hours - 2)));
  const truces = [
    { from: firstTruce, until: addMinutes(firstTruce, TRUCE_MINUTES) },
    { from: endAt, until: addMinutes(endAt, TRUCE_MINUTES) },
  ];
  const restartsServers = prng.fork("restarts").chance(RESTARTING_SHARE);
  const fixtures = drawFixtures(prng.fork("fixtures"), startAt, endAt);
  const twins = drawTwins(prng.fork("twins"), { startAt, endAt, fixtures });
  const { switches, carriesEcho, sendGate } = drawSwitches(prng.fork("switches"));
  const rare = drawRareEnds(prng.fork("rare ends"), {
    startAt,
    endAt,
    truces,
    fixtures: [...fixtures, ...twins],
    carriesEcho,
    carriesSendId: switches.eventsCarrySendId ?? false,
    sendGate,
    listingMode: switches.listingMode ?? "per_campaign",
  });
  return {
    seed,
    startAt,
    endAt,
    teams: TEAMS.map((value, index) => ({ value, weight: TEAMS.length - index })),
    userCount: 30 + shape.below(31),
    fixtures: [...fixtures, ...twins, ...rare.fixtures],
    switches,
    sendGate,
    faults: drawFaults(prng.fork("faults")),
    acts: drawActs(prng.fork("acts"), {
      startAt,
      endAt,
      truces,
      fixtures,
      twins,
      carriesEcho,
      isGated: sendGate !== "off",
      rare: rare.acts,
      restartsServers,
    }),
    truces,
    deliveriesAtOnce: shape.chance(0.5) ? 1 : 2 + shape.below(4),
    restartsServers,
    nightHours: shape.chance(0.1) ? LONG_NIGHT_HOURS : NIGHT_HOURS,
  };
}
