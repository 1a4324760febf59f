/** Runs all contestants of a shape in turns, round after round, so that other load on the machine affects all equally. */
import type { BenchServer } from "./bench_server.ts";
import type { Contestant, Prepared } from "./contestant.ts";
import type { Matchday } from "./matchday.ts";
import type { Shape } from "./shapes.ts";
import { takeTurn, type Turn } from "./turn.ts";

/** The events of a trial turn, which determines how many events make a turn of the wanted length. */
const TRIAL_EVENTS = {
  one: 1_000,
  batch: 10_000,
  doubled: 10_000,
  message: 1_000,
  identifiers: 2_000,
};
const TRIAL_SHARE_MAX = 0.25;
const EVENTS_MIN = { one: 200, batch: 500, doubled: 500, message: 200, identifiers: 500 };
const WARM_UP_SHARE = 0.2;
/** Enough to use each connection of each pool, as far as the length of a turn allows. */
const WARM_UP_REQUESTS_A_CONNECTION = 8;

export interface Result {
  readonly contestant: Contestant;
  readonly shape: Shape;
  readonly turns: readonly Turn[];
}

export interface RoundsOptions {
  readonly bench: BenchServer;
  readonly matchday: Matchday;
  readonly shape: Shape;
  readonly contestants: readonly { readonly contestant: Contestant; readonly prepared: Prepared }[];
  readonly rounds: number;
  readonly turnSeconds: number;
  readonly seed: string;
  readonly onTurn: (contestant: Contestant, round: number, turn: Turn) => void;
}

export async function runRounds(options: RoundsOptions): Promise<Result[]> {
  const { bench, matchday, shape, rounds, turnSeconds, seed, onTurn } = options;
  const entries = options.contestants.filter(({ contestant }) =>
    contestant.shapes.includes(shape.name)
  ).map((entry) => ({ ...entry, events: 0, turns: [] as Turn[] }));
  const take = (entry: typeof entries[number], round: number, events: number) =>
    takeTurn({
      ...entry,
      admin: bench.admin,
      matchday,
      shape,
      seed: `${seed}/${shape.name}/${round}`,
      events,
      warmUpEvents: warmUpOf(events, shape),
    });

  for (const entry of entries) {
    const trial = whole(
      Math.min(TRIAL_EVENTS[shape.name], entry.contestant.eventsMax * TRIAL_SHARE_MAX),
      shape,
    );
    const turn = await take(entry, 0, trial);
    onTurn(entry.contestant, 0, turn);
    const wanted = turn.appliedASecond / (turn.uniqueRows / turn.events) * turnSeconds;
    const { eventsMax } = entry.contestant;
    entry.events = whole(Math.max(EVENTS_MIN[shape.name], Math.min(wanted, eventsMax)), shape);
  }
  for (let round = 1; round <= rounds; round++) {
    for (const entry of entries) {
      const turn = await take(entry, round, entry.events);
      entry.turns.push(turn);
      onTurn(entry.contestant, round, turn);
    }
  }
  return entries.map(({ contestant, turns }) => ({ contestant, shape, turns }));
}

function warmUpOf(events: number, shape: Shape): number {
  const warm = WARM_UP_REQUESTS_A_CONNECTION * shape.connections * shape.eventsARequest;
  return whole(Math.max(events * WARM_UP_SHARE, Math.min(events, warm)), shape);
}

/** Rounds to whole requests, so that all have the stated size. */
function whole(events: number, { eventsARequest }: Shape): number {
  return Math.max(1, Math.round(events / eventsARequest)) * eventsARequest;
}
