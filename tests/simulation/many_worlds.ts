/** Runs many worlds in several threads, each of which runs one world after the other. */
import type { Servers } from "./database.ts";
import type { Outcome } from "./run.ts";

export interface ManyWorlds {
  /** The seed of the next world; null if there is none. */
  readonly nextSeed: () => number | null;
  readonly servers: Servers;
  readonly threads: number;
  readonly onOutcome: (outcome: Outcome) => Promise<void>;
}

export async function runWorlds(worlds: ManyWorlds): Promise<void> {
  await Promise.all(Array.from({ length: worlds.threads }, () => runInThread(worlds)));
}

async function runInThread({ nextSeed, servers, onOutcome }: ManyWorlds): Promise<void> {
  const worker = new Worker(new URL("./world_worker.ts", import.meta.url), { type: "module" });
  try {
    for (let seed = nextSeed(); seed !== null; seed = nextSeed()) {
      const answered = Promise.withResolvers<Outcome>();
      worker.onmessage = ({ data }) => answered.resolve(data);
      worker.onerror = (error) => {
        error.preventDefault();
        answered.reject(new Error(`World ${seed} ended its thread: ${error.message}`));
      };
      worker.postMessage({ seed, servers });
      await onOutcome(await answered.promise);
    }
  } finally {
    worker.terminate();
  }
}
