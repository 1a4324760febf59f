/** Keeps the worlds that have run in a file, so that an interrupted run can continue. */
import { z } from "zod";
import type { Outcome } from "./run.ts";
import { addCounts, addTotals, type Counts, NOTHING, type Totals } from "./tally.ts";

const FOLDER = new URL("../../.local/", import.meta.url);

const Counted = z.record(z.string(), z.number());
const Saved = z.object({
  done: z.array(z.int()),
  failed: z.array(z.int()),
  unknowable: Counted,
  totals: z.object({
    worlds: z.int(),
    events: z.int(),
    faults: Counted,
    acts: Counted,
    branches: Counted,
    deaths: Counted,
  }),
});
type Saved = z.infer<typeof Saved>;

export interface Progress {
  readonly done: number;
  readonly passed: number;
  readonly failed: number;
  readonly totals: Totals;
  readonly unknowable: Counts;
  /** The next seed that has not been started; null if there is none. */
  next(): number | null;
  record(outcome: Outcome): Promise<void>;
}

export async function createProgress(
  { firstSeed, worlds, resume }: {
    readonly firstSeed: number;
    readonly worlds: number;
    readonly resume: boolean;
  },
): Promise<Progress> {
  const file = new URL(`simulation-${firstSeed}-${worlds}.json`, FOLDER);
  const saved = resume ? await read(file) : null;
  const done = new Set(saved?.done ?? []);
  const failed = new Set(saved?.failed ?? []);
  let totals: Totals = saved?.totals ?? NOTHING;
  let unknowable: Counts = saved?.unknowable ?? {};
  let upcoming = firstSeed;
  let saving: Promise<void> = Promise.resolve();
  await Deno.mkdir(FOLDER, { recursive: true });

  return {
    get done() {
      return done.size;
    },
    get passed() {
      return done.size - failed.size;
    },
    get failed() {
      return failed.size;
    },
    get totals() {
      return totals;
    },
    get unknowable() {
      return unknowable;
    },
    next() {
      while (done.has(upcoming)) upcoming++;
      return upcoming < firstSeed + worlds ? upcoming++ : null;
    },
    async record(outcome) {
      done.add(outcome.seed);
      if (outcome.broken !== null || outcome.violations.length > 0) failed.add(outcome.seed);
      totals = addTotals(totals, outcome.totals);
      unknowable = addCounts(unknowable, outcome.unknowable);
      const saved: Saved = { done: [...done], failed: [...failed], unknowable, totals };
      // Renamed into place, so that a crash while writing keeps the old file.
      saving = saving.then(async () => {
        const draft = new URL(`${file.href}.draft`);
        await Deno.writeTextFile(draft, JSON.stringify(saved));
        await Deno.rename(draft, file);
      });
      await saving;
    },
  };
}

async function read(file: URL): Promise<Saved | null> {
  const text = await Deno.readTextFile(file).catch(() => null);
  return text === null ? null : Saved.parse(JSON.parse(text));
}
