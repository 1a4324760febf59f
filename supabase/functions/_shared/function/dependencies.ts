/** Creates the dependencies of a function: database, Braze client, alert webhook, clock, log. */
import { createClient } from "@supabase/supabase-js";
import { createPostAlert, type PostAlert } from "../alerts/webhook.ts";
import { createFetchWithin, type FetchWithin } from "../http/fetch_within.ts";
import { type BrazeClient, createBrazeClient } from "../braze/client.ts";
import { type TalliedBraze, tallyAnswers } from "../braze/tally.ts";
import { createIdentifyCaller, type FunctionName, type IdentifyCaller } from "../auth/callers.ts";
import type { Clock } from "../runtime/clock.ts";
import { type Environment, readEnvironment } from "../runtime/config.ts";
import type { Database } from "../database.types.ts";
import { createLog, type Log } from "../runtime/log.ts";
import type { Platform } from "../runtime/platform.ts";
import { createSanitizeText } from "../runtime/sanitize_text.ts";
import { createRpc } from "../store/rpc.ts";
import { createStore, type Store } from "../store/store.ts";

export interface Dependencies {
  readonly functionName: FunctionName;
  readonly environment: Environment;
  readonly clock: Clock;
  readonly log: Log;
  readonly identifyCaller: IdentifyCaller;
  readonly store: Store;
  readonly braze: BrazeClient;
  readonly takeBrazeAnswers: TalliedBraze["takeAnswers"];
  readonly postAlert: PostAlert;
  readonly fetchWithin: FetchWithin;
  readonly waitUntil: Platform["waitUntil"];
  /** A random id for an attempt or a request; no decision depends on it. */
  readonly newId: () => string;
}

/** Throws at start when the environment is invalid. */
export function connect(platform: Platform, functionName: FunctionName): Dependencies {
  const { clock, fetch, waitUntil, write } = platform;
  const environment = readEnvironment(platform.env);
  const log = createLog({ functionName, write, secrets: environment.secrets });
  const supabase = createClient<Database>(environment.supabaseUrl, environment.databaseKey, {
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
    global: { fetch },
  });
  const { braze, takeAnswers } = tallyAnswers(createBrazeClient({
    restUrl: environment.brazeRestUrl,
    apiKey: environment.brazeApiKey,
    fetch,
    clock,
    log,
  }));
  return {
    functionName,
    environment,
    clock,
    log,
    identifyCaller: createIdentifyCaller(environment, clock),
    store: createStore(createRpc(supabase, clock, createSanitizeText(environment.secrets))),
    braze,
    takeBrazeAnswers: takeAnswers,
    postAlert: createPostAlert({ fetch, clock }),
    fetchWithin: createFetchWithin({ fetch, clock }),
    waitUntil,
    newId: () => crypto.randomUUID(),
  };
}
