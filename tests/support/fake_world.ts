/** All dependencies of a function, in memory: the caller is given, and every call is recorded. */
import type { Caller } from "../../supabase/functions/_shared/auth/callers.ts";
import type {
  FunctionName,
  Identification,
} from "../../supabase/functions/_shared/auth/callers.ts";
import type { FetchWithin } from "../../supabase/functions/_shared/http/fetch_within.ts";
import type { PostAlert } from "../../supabase/functions/_shared/alerts/webhook.ts";
import type { Environment } from "../../supabase/functions/_shared/runtime/config.ts";
import type { Dependencies } from "../../supabase/functions/_shared/function/dependencies.ts";
import { createLog } from "../../supabase/functions/_shared/runtime/log.ts";
import { type Answers, fakeBraze } from "./fake_braze.ts";
import { CAMPAIGN, POLICY } from "./facts.ts";
import { type AlertsAndLogs, fakeStore, type StoreChanges } from "./fake_store.ts";
import { ManualClock } from "./manual_clock.ts";
import { settings } from "./matches.ts";

export interface WorldOptions extends StoreChanges {
  readonly functionName?: FunctionName;
  readonly caller?: Caller;
  readonly identification?: Identification;
  readonly now?: string;
  readonly braze?: Answers;
  readonly postAlert?: PostAlert;
  readonly fetchWithin?: FetchWithin;
  readonly environment?: Partial<Environment>;
  /** Receives each call before it is answered. */
  readonly during?: (call: string, world: World) => void;
}

export interface World extends AlertsAndLogs {
  readonly dependencies: Dependencies;
  readonly clock: ManualClock;
  /** Every call to the store and to Braze, in order. */
  readonly calls: string[];
  /** The arguments of the calls of one name. */
  said(call: string): unknown[];
  /** Work that was passed to waitUntil. */
  readonly background: Promise<unknown>[];
  readonly logged: Record<string, unknown>[];
}

export const RUN_DEADLINE_MS = 60_000;

export function fakeWorld(options: WorldOptions = {}): World {
  const { functionName = "braze-scheduler", caller = { kind: "secret_key" } } = options;
  const notes: { readonly call: string; readonly said: unknown }[] = [];
  const sink: AlertsAndLogs = { alerts: [], logs: [] };
  const clock = new ManualClock(options.now ?? "2024-12-07T06:00:00Z");
  const logged: Record<string, unknown>[] = [];
  const background: Promise<unknown>[] = [];
  const calls: string[] = [];
  let ids = 0;

  const note = (call: string, said?: unknown) => {
    calls.push(call);
    notes.push({ call, said });
    options.during?.(call, world);
  };
  const world: World = {
    ...sink,
    clock,
    calls,
    said: (name) => notes.flatMap(({ call, said }) => call === name ? [said] : []),
    background,
    logged,
    dependencies: {
      functionName,
      clock,
      log: createLog({
        functionName,
        write: (line) => logged.push(JSON.parse(line)),
        secrets: [],
      }),
      environment: {
        ...settings,
        sendWindowMs: POLICY.windowMs,
        ingestDatabase: null,
        supabaseUrl: "http://supabase.test",
        databaseKey: "key",
        secretKeys: [],
        publishableKeys: [],
        operatorKeySet: { keys: [] },
        operatorOrigins: ["https://dashboard.test"],
        webhookSecrets: [],
        cronSigningSecrets: [],
        sendGateSecrets: [],
        sendGateLateMs: 3_600_000,
        brazeRestUrl: "http://braze.test",
        brazeApiKey: "key",
        brazeCampaignId: CAMPAIGN,
        brazeBroadcast: false,
        preflightFromMs: 300_000,
        preflightUntilMs: 900_000,
        runDeadlineMs: RUN_DEADLINE_MS,
        alertWebhookUrls: null,
        alertDigestAt: 5,
        dashboardUrl: null,
        alertTimeZone: "UTC",
        heartbeatUrl: null,
        lowConfidenceShareMax: 0.2,
        reconcileCancelsMax: 20,
        reconcileCancelShareMax: 0.2,
        absencesMax: 5,
        absenceShareMax: 0.2,
        secrets: [],
        ...options.environment,
      },
      identifyCaller: () => Promise.resolve(options.identification ?? { ok: true, caller }),
      store: fakeStore(note, sink, options),
      braze: fakeBraze(
        options.braze ?? {},
        (call, body, deadline) => note(call, { body, deadline }),
      ),
      takeBrazeAnswers: () => [],
      postAlert: options.postAlert ?? (() => Promise.resolve({ ok: true })),
      fetchWithin: options.fetchWithin ?? (() => Promise.resolve("connection_failed")),
      waitUntil: (work) => void background.push(work),
      newId: () => `id-${++ids}`,
    },
  };
  return world;
}

export const cron: Caller = {
  kind: "cron",
  scheduledAt: new Date("2024-12-07T06:00:00Z"),
  invocationId: "call-1",
};

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
}

export async function post(
  handle: (request: Request) => Promise<Response>,
  body: unknown = "",
  init: RequestInit = {},
): Promise<Answered> {
  const response = await handle(
    new Request("http://functions.test/", {
      method: "POST",
      ...(init.method === "GET" ? {} : {
        body: typeof body === "string" || body instanceof Uint8Array
          ? body as BodyInit
          : JSON.stringify(body),
      }),
      ...init,
    }),
  );
  return { status: response.status, headers: response.headers, body: await response.json() };
}
