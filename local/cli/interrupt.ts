/** Resolves when the task has to stop: by Ctrl-C, by a signal, or since npx that started it has gone. */
import { orphaned } from "./orphan.ts";

export function interrupted(): Promise<"signal"> {
  const { promise, resolve } = Promise.withResolvers<"signal">();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(name, () => resolve("signal"));
  }
  orphaned().then(resolve);
  return promise;
}
