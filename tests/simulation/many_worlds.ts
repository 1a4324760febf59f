/** Runs many worlds in parallel: each thread runs one world after the other. */
import type { Servers } from "./database.ts";
import type { Outcome } from "./run.ts";

export interface ManyWorlds {
  /** Called for each world; null when none is left. */
  readonly nextSeed: () => number | null;
  readonly servers: Servers;
  readonly threads: number;
  readonly onOutcome: (outcome: Outcome) => Promise<void>;
}

export async function runWorlds(worlds: ManyWorlds): Promise<void> {
  await Promise.all(Array.from({ length: worlds.threads }, () => oneAfterTheOther(worlds)));
}

async function oneAfterTheOther({ nextSeed, servers, onOutcome }: ManyWorlds): Promise<void> {
  const worker = new Worker(new URL("./world_worker.ts", import.meta.url), { type: "module" });
  try {
    for (let seed = nextSeed(); seed !== null; seed = nextSeed()) {
      const answered = Promise.withResolvers<Outcome>();
      worker.onmessage = ({ data }) => answered.resolve(data);
      worker.onerror = (error) => {
        error.preventDefault();
        answered.reject(new Error(`World ${seed} took its thread along: ${error.message}`));
      };
      worker.postMessage({ seed, servers });
      await onOutcome(await answered.promise);
    }
  } finally {
    worker.terminate();
  }
}
