/** Counts what happened in one world, and adds up the counts of many. */

/** Counts by name. */
export type Counts = Record<string, number>;

export interface Totals {
  readonly worlds: number;
  readonly events: number;
  readonly faults: Counts;
  readonly acts: Counts;
  readonly branches: Counts;
  /** The calls at which each function died. */
  readonly deaths: Counts;
}

export const NOTHING: Totals = {
  worlds: 0,
  events: 0,
  faults: {},
  acts: {},
  branches: {},
  deaths: {},
};

export class Tally {
  readonly #faults: Counts = {};
  readonly #acts: Counts = {};
  readonly #branches: Counts = {};
  readonly #deaths: Counts = {};
  /** The injected faults with their times, for the timeline of one world. */
  readonly incidents: { readonly at: Date; readonly what: string }[] = [];
  readonly #now: () => Date;
  events = 0;

  constructor(now: () => Date) {
    this.#now = now;
  }

  fault(kind: string, details = ""): void {
    count(this.#faults, kind, 1);
    this.incidents.push({ at: this.#now(), what: `${kind} ${details}`.trimEnd() });
  }

  faults(kind: string, times: number): void {
    count(this.#faults, kind, times);
  }

  act(kind: string): void {
    count(this.#acts, kind, 1);
  }

  branch(name: string, times = 1): void {
    count(this.#branches, name, times);
  }

  death(functionName: string, call: number, path: string): void {
    count(this.#deaths, `${functionName} at call ${call} (${path.split("/").at(-1)})`, 1);
  }

  totals(): Totals {
    return {
      worlds: 1,
      events: this.events,
      faults: this.#faults,
      acts: this.#acts,
      branches: this.#branches,
      deaths: this.#deaths,
    };
  }
}

export function addTotals(a: Totals, b: Totals): Totals {
  return {
    worlds: a.worlds + b.worlds,
    events: a.events + b.events,
    faults: addCounts(a.faults, b.faults),
    acts: addCounts(a.acts, b.acts),
    branches: addCounts(a.branches, b.branches),
    deaths: addCounts(a.deaths, b.deaths),
  };
}

export function addCounts(a: Counts, b: Counts): Counts {
  const sum = { ...a };
  for (const [name, times] of Object.entries(b)) count(sum, name, times);
  return sum;
}

function count(counts: Counts, name: string, times: number): void {
  if (times !== 0) counts[name] = (counts[name] ?? 0) + times;
}
