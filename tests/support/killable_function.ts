/**
 * A function instance that dies where a test wants it to, as an isolate does: at one of its calls to the outside,
 * before the call leaves or after its effect, and for good.
 */
import { connect } from "../../supabase/functions/_shared/function/dependencies.ts";
import type { Dependencies } from "../../supabase/functions/_shared/function/dependencies.ts";
import type { FunctionName } from "../../supabase/functions/_shared/auth/callers.ts";
import type { Stack } from "../../local/stack/stack.ts";

export type Death = "before the call" | "after its effect";

export interface KillableFunction {
  readonly handle: (request: Request) => Promise<Response>;
  /** Resolves once it is dead. */
  readonly died: Promise<void>;
  /** How many calls it made, the deadly one included. */
  readonly calls: number;
}

/** `deadlyCall` counts from 1; 0 lives. */
export function killable(
  stack: Stack,
  functionName: FunctionName,
  createHandler: (dependencies: Dependencies) => (request: Request) => Promise<Response>,
  deadlyCall: number,
  death: Death,
): KillableFunction {
  let calls = 0;
  let isDead = false;
  const { promise: died, resolve } = Promise.withResolvers<void>();
  const never = () => new Promise<never>(() => {});
  const die = () => {
    isDead = true;
    resolve();
    return never();
  };

  const dependencies = connect({
    env: (name) => stack.functionEnv[name],
    clock: {
      now: () => stack.timeline.now(),
      sleep: (ms, signal) => isDead ? never() : stack.timeline.sleep(ms, signal),
    },
    fetch: async (input, init) => {
      if (isDead) return await never();
      calls++;
      if (calls !== deadlyCall) return await stack.timeline.fetch(input, init);
      if (death === "before the call") return await die();
      const answer = await stack.timeline.fetch(input, init);
      await answer.body?.cancel();
      return await die();
    },
    waitUntil: () => {},
    write: () => {},
  }, functionName);
  return {
    handle: createHandler(dependencies),
    died,
    get calls() {
      return calls;
    },
  };
}
