/**
 * A function instance that a test kills between two of its outgoing calls, as a platform kills an isolate. It does not
 * restart. "After the effect of a call" and "before the next call" are the same moment.
 */
import { connect } from "../../supabase/functions/_shared/function/dependencies.ts";
import type { Dependencies } from "../../supabase/functions/_shared/function/dependencies.ts";
import type { FunctionName } from "../../supabase/functions/_shared/auth/callers.ts";
import type { Stack } from "../../local/stack/stack.ts";

export interface KillableFunction {
  readonly handle: (request: Request) => Promise<Response>;
  /** Resolves once it is dead. */
  readonly died: Promise<void>;
}

/**
 * `deadlyCall` counts distinct moments from 1. The names of the call before and the call after identify a moment; such
 * a name is `POST /rest/v1/rpc/claim_run`. 0 kills nothing.
 */
export function killable(
  stack: Stack,
  functionName: FunctionName,
  createHandler: (dependencies: Dependencies) => (request: Request) => Promise<Response>,
  deadlyCall: number,
): KillableFunction {
  const moments = new Set<string>();
  let lastCall = "";
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
      const name = nameOf(input, init);
      const moment = `${lastCall}, ${name}`;
      lastCall = name;
      if (!moments.has(moment) && moments.add(moment).size === deadlyCall) return await die();
      return await stack.timeline.fetch(input, init);
    },
    waitUntil: () => {},
    write: () => {},
  }, functionName);
  return {
    handle: createHandler(dependencies),
    died,
  };
}

function nameOf(input: Request | URL | string, init?: RequestInit): string {
  const { method, url } = input instanceof Request ? input : { method: "GET", url: input };
  return `${init?.method ?? method} ${new URL(url).pathname}`;
}
