/**
 * Injects faults: isolates die at any of their calls, the database refuses or its answer is lost, and calls by pg_cron
 * and pg_net come twice, late or never. Counts each fault.
 *
 * A function calls gateway and Braze within this process, which saves sockets; the called code is the same.
 */
import type { CallFate } from "../../local/stack/cron_worker.ts";
import type { Invocation } from "../../local/stack/functions_runtime.ts";
import type { Interference } from "../../local/stack/stack.ts";
import { Prng } from "../../local/lib/prng.ts";
import type { Platform } from "../../supabase/functions/_shared/runtime/platform.ts";
import type { FaultRates } from "./faults.ts";
import type { Tally } from "./tally.ts";

/** Runs make 3 to about 60 calls: most doomed runs die early, some late, and some end before their deadly call. */
const DEADLY_CALLS = [5, 12, 40] as const;
/** A request to the webhook makes one to five calls. */
const WEBHOOK_CALLS = 4;
/** A request to the send gate makes one call. */
const GATE_CALLS = 1;
const DEATHS = [
  "before a call",
  "after its effect, before its answer",
  "after its answer, before the next call",
] as const;

export interface ChaosOptions {
  readonly seed: number;
  readonly rates: FaultRates;
  readonly tally: Tally;
  readonly isTruce: () => boolean;
  /** How late pg_net sends each of its calls. */
  readonly netLateMs: () => number;
  /** The fetch for an address: within this process for gateway and Braze. */
  readonly fetchFor: (address: string) => typeof fetch;
  /** Called before each call to the database, to run work that is planned for the middle of a run. */
  readonly beforeDatabase: (address: string, body: unknown) => Promise<void>;
  /** Called when a request to the webhook dies before it judges again the events that depend on changed facts. */
  readonly onUnappliedIdentifiers: () => void;
  readonly onAnswer: (functionName: string, request: Request, response: Response) => Promise<void>;
}

export function createChaos(options: ChaosOptions): Interference {
  const { rates, tally, isTruce } = options;
  const prng = new Prng(`chaos/${options.seed}`);
  const invocations = new Map<string, number>();

  /** An independent stream for each nth item of a kind. */
  function streamOf(kind: string): Prng {
    const nth = (invocations.get(kind) ?? 0) + 1;
    invocations.set(kind, nth);
    return prng.fork(`${kind}/${nth}`);
  }

  return {
    isolate: (invocation) => runIsolate(invocation, streamOf(invocation.functionName), options),
    cronFate: (jobName) =>
      isTruce() ? "on_time" : fateOf(streamOf(`cron/${jobName}`), "scheduled time"),
    netFate(url) {
      const lateMs = options.netLateMs();
      if (isTruce()) return "on_time";
      const fate = fateOf(streamOf(`net/${url}`), "call");
      return lateMs > 0 && fate !== "missed" ? { lateMs } : fate;
    },
  };

  function fateOf(own: Prng, what: string): CallFate {
    if (own.chance(rates.missed)) {
      tally.fault(`${what} missed`, own.seed.toString());
      return "missed";
    }
    if (own.chance(rates.doubled)) {
      tally.fault(`${what} doubled`, own.seed.toString());
      return "doubled";
    }
    if (own.chance(rates.late)) {
      tally.fault(`${what} late`, own.seed.toString());
      return { lateMs: 1_000 + own.below(rates.lateMsMax) };
    }
    return "on_time";
  }
}

async function runIsolate(
  { functionName, request, platform, start }: Invocation,
  prng: Prng,
  { rates, tally, isTruce, fetchFor, beforeDatabase, onUnappliedIdentifiers, onAnswer }:
    ChaosOptions,
): Promise<Response> {
  const isWebhook = functionName === "braze-webhook";
  const isDoomed = prng.chance(isWebhook ? rates.webhookDeath : rates.death) && !isTruce();
  const deadlyCalls = isWebhook
    ? WEBHOOK_CALLS
    : functionName === "braze-send-gate"
    ? GATE_CALLS
    : DEADLY_CALLS[prng.below(3)]!;
  const deadlyCall = isDoomed ? 1 + prng.below(deadlyCalls) : Infinity;
  const death = DEATHS[prng.below(DEATHS.length)]!;
  const faults = prng.fork("database");
  // The label is part of the seed: another one would draw other worlds.
  const unapplied = prng.fork("lessons");
  const { promise: died, resolve } = Promise.withResolvers<void>();
  let calls = 0;
  let isDead = false;

  const never = () => new Promise<never>(() => {});
  function die(address: string): Promise<never> {
    isDead = true;
    tally.fault(`death ${death}`, `${functionName} call ${calls} ${new URL(address).pathname}`);
    tally.death(functionName, calls, new URL(address).pathname);
    resolve();
    return never();
  }

  const fetchOver: typeof fetch = async (input, init) => {
    const address = input instanceof Request ? input.url : String(input);
    const isDeadly = ++calls === deadlyCall;
    if (isDead) return await never();
    if (calls > deadlyCall) return await die(address);
    if (isDeadly && death === "before a call") return await die(address);
    if (isWebhook && address.endsWith("/rpc/load_rejudgements") && diesBeforeApplying()) {
      onUnappliedIdentifiers();
      return await die(address);
    }
    const answer = await callOut(address, input, init);
    if (isDeadly && death === "after its effect, before its answer") {
      await answer.body?.cancel();
      return await die(address);
    }
    return answer;
  };

  function diesBeforeApplying(): boolean {
    return unapplied.chance(rates.identifiersUnapplied) && !isTruce();
  }

  async function callOut(
    address: string,
    input: RequestInfo | URL,
    init: RequestInit | undefined,
  ): Promise<Response> {
    const send = fetchFor(address);
    if (!address.includes("/rest/v1/")) return await send(input, init);

    await beforeDatabase(address, init?.body);
    if (faults.chance(rates.databaseRefuses) && !isTruce()) {
      tally.fault("database refuses", `${functionName} ${new URL(address).pathname}`);
      return Response.json({ code: "PGRST001", message: "Database connection error" }, {
        status: 503,
      });
    }
    const answer = await send(input, init);
    if (!faults.chance(rates.databaseAnswerLost) || isTruce()) return answer;
    await answer.body?.cancel();
    tally.fault("database answer lost", `${functionName} ${new URL(address).pathname}`);
    throw new TypeError("error sending request: connection reset");
  }

  const over: Platform = {
    ...platform,
    fetch: fetchOver,
    clock: {
      now: () => platform.clock.now(),
      sleep: (ms, signal) => isDead ? never() : platform.clock.sleep(ms, signal),
    },
    waitUntil: (work) => platform.waitUntil(Promise.race([work, died])),
  };
  const killed = died.then(() => Response.json({ code: "WORKER_LIMIT" }, { status: 546 }));
  const response = await Promise.race([start(over)(request), killed]);
  await onAnswer(functionName, request, response);
  return response;
}
