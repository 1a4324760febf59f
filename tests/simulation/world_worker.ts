/** Runs the worlds that it receives, one after the other, in its own thread. */
import type { Servers } from "./database.ts";
import { runWorld } from "./run.ts";

const thread = self as unknown as {
  onmessage: (message: MessageEvent<{ readonly seed: number; readonly servers: Servers }>) => void;
  postMessage(outcome: unknown): void;
};

thread.onmessage = async ({ data: { seed, servers } }) => {
  thread.postMessage(await runWorld(seed, servers));
};
