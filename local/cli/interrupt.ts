/** Resolves when the task has to stop: on Ctrl-C, on a signal, or when the npx that started it has ended. */
import { orphaned } from "./orphan.ts";

export function interrupted(): Promise<"signal"> {
  const { promise, resolve } = Promise.withResolvers<"signal">();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(name, () => resolve("signal"));
  }
  orphaned().then(resolve);
  return promise;
}
