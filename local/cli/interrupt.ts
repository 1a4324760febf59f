/**
 * When a task has to stop: on Ctrl-C, on a signal, or when the npx that started it has ended.
 *
 * One Ctrl-C arrives more than once: the terminal signals the whole process group, and `deno task` and npx pass the signal
 * on as well. Only a signal that comes later is a second one.
 */
import { orphaned } from "./orphan.ts";
import { INTERRUPTED } from "./run_task.ts";

/** Nobody presses Ctrl-C twice within this time, and no repetition takes longer. */
const REPEATED_MS_MAX = 1_000;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export function interrupted(): Promise<"signal"> {
  const { promise, resolve } = Promise.withResolvers<"signal">();
  const onSignal = signalHandler({
    now: () => performance.now(),
    stop: () => resolve("signal"),
    // Its children end with it.
    abort: () => Deno.exit(INTERRUPTED),
  });
  for (const name of SIGNALS) Deno.addSignalListener(name, onSignal);
  orphaned().then(resolve);
  return promise;
}

export interface SignalActions {
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
  readonly stop: () => void;
  readonly abort: () => void;
}

/** The first signal stops, a later one aborts, repetitions of the first do nothing. */
export function signalHandler({ now, stop, abort }: SignalActions): () => void {
  let first: number | undefined;
  return () => {
    if (first === undefined) {
      first = now();
      stop();
    } else if (now() - first > REPEATED_MS_MAX) abort();
  };
}
