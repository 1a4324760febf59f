/**
 * Runs the whole suite on one machine: Postgres and PostgREST as child processes, and in this process the gateway, the
 * edge functions, the Braze sandbox and the workers for the stubs of pg_cron and pg_net.
 */
import { join } from "node:path";
import { type AlertSink, alertWebhooks, createAlertSink, type SunkMessage } from "./alert_sink.ts";
import { createSandbox, type Sandbox, type SandboxOptions } from "../braze_sandbox/sandbox.ts";
import { createControlApi, type MoveReport } from "./control_api.ts";
import { type CallFate, startCronWorker } from "./cron_worker.ts";
import { type DatabaseServer, startDatabaseServer } from "./database_server.ts";
import { DEFAULT_TEAMS } from "./default_teams.ts";
import { type FunctionsRuntime, type Isolate, startFunctions } from "./functions_runtime.ts";
import { createGateway, type Gateway } from "./gateway.ts";
import { keepKeys, type Keys, operatorToken, publicKeySet } from "./keys.ts";
import type { MigrationReport } from "./migrations.ts";
import { type HourReport, hourReport } from "./hour_report.ts";
import { startNetWorker } from "./net_worker.ts";
import { refuseOlderClock } from "./newest_run.ts";
import { fixedPorts, onFreePorts, type Ports } from "./ports.ts";
import { type Postgrest, startPostgrest } from "./postgrest.ts";
import {
  applySeed,
  ensurePartitions,
  extensionStubsOf,
  keepVaultSecrets,
  MIGRATIONS,
  prepareProject,
} from "./project.ts";
import { addRoundFromNow } from "./round_from_now.ts";
import { RealTimeline } from "../clock/real_timeline.ts";
import { brazeCallerName, callerName, type RequestLine, serve } from "./servers.ts";
import { connectSql, type Sql } from "./sql.ts";
import { makeTemporaryFolder } from "../lib/temporary_folder.ts";
import type { StackTimeline } from "../clock/timeline.ts";
import { addVirtualTime, removeVirtualTime, setVirtualTime } from "./virtual_time.ts";
import { VirtualTimeline } from "../clock/virtual_timeline.ts";

const FUNCTIONS = new URL("../../supabase/functions/", import.meta.url);
const USERS = 25_000;
const DELIVERIES_AT_ONCE = 8;

export interface StackOptions {
  /** The start of a virtual clock; without it the stack uses the wall clock. */
  readonly clock?: Date | undefined;
  /** Kept between starts; without it a temporary folder. */
  readonly dataFolder?: string | undefined;
  /** The first of five consecutive ports; without it five free ones. */
  readonly portBase?: number | undefined;
  /** Another server's binaries. */
  readonly postgresBin?: string | undefined;
  /** A database on a running server; without it the stack starts a server. */
  readonly databaseUrl?: string | undefined;
  /** By default on if there is a data folder. */
  readonly fsync?: boolean;
  readonly preferExtensionStubs?: boolean;
  /** The size of PostgREST's connection pool. */
  readonly restConnections?: number;
  readonly migrations?: URL;
  readonly functions?: URL;
  /** Its matches: with a virtual clock as they are, once per database; else moved, whenever none is to come. */
  readonly seed?: URL | undefined;
  readonly sandbox?: Partial<Pick<SandboxOptions, "seed" | "switches" | "deliveriesAtOnce">> & {
    readonly users?: Partial<SandboxOptions["users"]>;
  };
  /** Overrides the functions' environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** The faults of a simulation; only with a virtual clock and extension stubs. */
  readonly interference?: Interference | undefined;
  readonly onRequest?: (line: RequestLine) => void;
  /** Receives each line that a function logs. */
  readonly onLog?: (functionName: string, line: string) => void;
  /** Receives each message to a chat. */
  readonly onAlert?: (message: SunkMessage) => void;
  /** Receives each hour that passes while the control API moves the clock. */
  readonly onHour?: (report: HourReport) => void;
  /** Receives the errors of the stack itself. */
  readonly onProblem?: (message: string) => void;
}

export interface Interference {
  readonly isolate: Isolate;
  /** For a job of pg_cron that is due. */
  readonly cronFate: (jobName: string, due: Date) => CallFate;
  /** For a request of pg_net. */
  readonly netFate: (url: string) => CallFate;
}

/** The addresses and keys that a script needs; `--json` prints them. */
export interface Ready {
  readonly api_url: string;
  readonly functions_url: string;
  readonly rest_url: string;
  readonly db_url: string;
  readonly publishable_key: string;
  readonly secret_key: string;
  readonly webhook_secret: string;
  readonly braze_url: string;
  readonly braze_api_key: string;
  readonly campaign_id: string;
  readonly control_url: string;
}

export interface Stack {
  readonly ready: Ready;
  readonly keys: Keys;
  readonly sql: Sql;
  readonly timeline: StackTimeline;
  readonly sandbox: Sandbox;
  /** Where its files are. */
  readonly folder: string;
  /** The gateway in front of functions and database, for calls within this process. */
  readonly gateway: Gateway;
  /** The alert notifications that the functions sent. */
  readonly alerts: AlertSink;
  readonly functions: FunctionsRuntime;
  /** Functions named in here answer 503, as if they were down. */
  readonly outages: Set<string>;
  /** The functions' environment, for tests that connect their own handlers. */
  readonly functionEnv: Readonly<Record<string, string>>;
  readonly server: DatabaseServer | undefined;
  readonly postgrest: Postgrest;
  readonly migrations: MigrationReport;
  readonly isSeeded: boolean;
  /** Whether this start added a round of matches from now on. */
  readonly hasNewRound: boolean;
  /** The extensions that are stubs. */
  readonly extensionStubs: ReadonlySet<string>;
  /** Advances a virtual clock and runs the work that is due on the way; resolves when all is quiet. */
  advanceTo(to: Date): Promise<MoveReport>;
  operatorToken(options?: { readonly role?: string | null }): Promise<string>;
  /** Resolves with a reason if a part of the stack ends unexpectedly. */
  readonly broken: Promise<string>;
  close(): Promise<void>;
}

export async function startStack(options: StackOptions = {}): Promise<Stack> {
  return options.portBase === undefined
    ? await onFreePorts((ports) => startOn(ports, options))
    : await startOn(fixedPorts(options.portBase), options);
}

async function startOn(ports: Ports, options: StackOptions): Promise<Stack> {
  const cleanups: (() => Promise<void> | void)[] = [];
  const close = async () => {
    for (let last = cleanups.pop(); last !== undefined; last = cleanups.pop()) await last();
  };
  try {
    return await bringUp(ports, options, cleanups, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function bringUp(
  ports: Ports,
  options: StackOptions,
  cleanups: (() => Promise<void> | void)[],
  close: () => Promise<void>,
): Promise<Stack> {
  const { clock, onRequest = () => {}, onLog = () => {}, onProblem = () => {} } = options;
  const folder = options.dataFolder ?? await makeTemporaryFolder();
  if (options.dataFolder === undefined) {
    cleanups.push(() => Deno.remove(folder, { recursive: true }));
  }
  await Deno.mkdir(folder, { recursive: true });
  const keys = await keepKeys(join(folder, "keys.json"));

  const server = options.databaseUrl !== undefined ? undefined : await startDatabaseServer({
    dataFolder: folder,
    port: ports.database,
    postgresBin: options.postgresBin,
    fsync: options.fsync ?? options.dataFolder !== undefined,
    virtualClock: clock !== undefined,
    preferExtensionStubs: options.preferExtensionStubs ?? false,
  });
  if (server !== undefined) {
    cleanups.push(async () => {
      await server.stop();
      if (options.dataFolder === undefined) await Deno.remove(server.folder, { recursive: true });
    });
  }

  const ready = readyLine(ports, keys, server?.url ?? options.databaseUrl!);
  const sql = connectSql(ready.db_url);
  cleanups.push(() => sql.end({ timeout: 5 }));
  const migrations = await prepareProject(sql, options.migrations ?? MIGRATIONS);
  await removeVirtualTime(sql);
  if (clock !== undefined) await addVirtualTime(sql, clock);
  if (options.dataFolder !== undefined) {
    await refuseOlderClock(sql, clock ?? new Date(), options.dataFolder);
  }
  const { seed } = options;
  const isSeeded = seed !== undefined && clock !== undefined && await applySeed(sql, seed);
  const hasNewRound = seed !== undefined && clock === undefined &&
    await addRoundFromNow(sql, seed, new Date());
  // What follows changes nothing that PostgREST reads at its start: partitions are in a schema that it does not expose.
  const starting = startPostgrest({
    databaseUrl: asAuthenticator(ready.db_url),
    port: ports.rest,
    adminPort: ports.restAdmin,
    keys,
    log: join(folder, "postgrest.log"),
    connections: options.restConnections,
  });
  // It may fail before it is awaited.
  starting.catch(() => {});
  cleanups.push(() => starting.then((postgrest) => postgrest.stop(), () => {}));
  await keepVaultSecrets(sql, {
    project_url: ready.api_url,
    cron_signing_secret: keys.cronSigningSecret,
  });
  if (clock !== undefined) await ensurePartitions(sql, clock);
  const extensionStubs = await extensionStubsOf(sql);

  const timeline = clock === undefined
    ? new RealTimeline()
    : new VirtualTimeline(clock, (error) => onProblem(`Cannot go on: ${describe(error)}`));
  const env = {
    ...functionEnv(ready, keys),
    // A direct connection knows no virtual time.
    ...(clock === undefined ? ingestEnv(ready.db_url) : {}),
    ...options.env,
  };
  const functions = await startFunctions({
    folder: options.functions ?? FUNCTIONS,
    env,
    timeline,
    onLog,
    isolate: options.interference?.isolate,
  });
  cleanups.push(() => functions.close());
  const postgrest = await starting;

  const sandbox = createSandbox({
    timeline,
    seed: options.sandbox?.seed ?? 1,
    apiKey: keys.brazeApiKey,
    campaignId: keys.campaignId,
    users: { count: USERS, seed: 1, teams: DEFAULT_TEAMS, ...options.sandbox?.users },
    ...(options.sandbox?.switches === undefined ? {} : { switches: options.sandbox.switches }),
    deliverTo: {
      url: `${ready.functions_url}/braze-webhook`,
      headers: {
        currents: { authorization: `Bearer ${keys.webhookSecret}` },
        webhook: { "x-webhook-secret": keys.webhookSecret },
      },
    },
    deliveriesAtOnce: options.sandbox?.deliveriesAtOnce ?? DELIVERIES_AT_ONCE,
    gateUrl: `${ready.functions_url}/braze-send-gate`,
  });
  const tokenFor = (role?: string | null) =>
    operatorToken({
      keys,
      issuer: `${ready.api_url}/auth/v1`,
      now: timeline.now(),
      ...(role === undefined ? {} : { role }),
    });
  const alerts = createAlertSink(() => timeline.now(), options.onAlert);
  const outages = new Set<string>();
  const gateway = await createGateway({
    keys,
    restUrl: postgrest.url,
    functions: (request) => outages.has(functionOf(request)) ? down() : functions.handle(request),
    control: createControlApi({
      now: () => timeline.now(),
      timeline: timeline instanceof VirtualTimeline ? timeline : undefined,
      advanceTo: (to) => advanceTo(to),
      onHour: async (now) => {
        const report = await hourReport(sql, now);
        options.onHour?.(report);
        return report;
      },
      operatorToken: () => tokenFor(),
      alerts,
    }),
  });
  const common = { timeline, onRequest, onProblem };
  const brazeServer = serve({
    ...common,
    server: "braze",
    port: ports.braze,
    who: brazeCallerName(keys),
    handle: (request, info) => sandbox.handle(request, info),
  });
  const gatewayServer = serve({
    ...common,
    server: "supabase",
    port: ports.gateway,
    who: callerName(keys),
    handle: gateway,
  });
  cleanups.push(async () => {
    // Ends all waiting requests, since the shutdown of the servers waits for their answers.
    timeline.close();
    await Promise.all([gatewayServer.shutdown(), brazeServer.shutdown()]);
  });

  const net = extensionStubs.has("pg_net")
    ? await startNetWorker(ready.db_url, timeline, onProblem, options.interference?.netFate)
    : undefined;
  cleanups.push(async () => {
    sandbox.stop();
    if (timeline instanceof VirtualTimeline) timeline.finish();
    await functions.idle();
    await net?.close();
  });
  const cron = extensionStubs.has("pg_cron")
    ? await startCronWorker(ready.db_url, timeline, onProblem, options.interference?.cronFate)
    : undefined;
  cleanups.push(() => cron?.close());

  async function advanceTo(to: Date): Promise<MoveReport> {
    if (!(timeline instanceof VirtualTimeline)) {
      throw new Error("Cannot move the clock: it must be virtual, got the wall clock");
    }
    const before = { jobs: cron?.ran ?? 0, requests: net?.sent ?? 0 };
    // A notification of changed jobs may still be on its way.
    await cron?.replan();
    const ran = await timeline.advanceTo(to);
    await setVirtualTime(sql, timeline.now());
    return {
      ran,
      cron_jobs: (cron?.ran ?? 0) - before.jobs,
      net_requests: (net?.sent ?? 0) - before.requests,
    };
  }

  let isClosing = false;
  const broken = new Promise<string>((resolve) => {
    const watch = (name: string, ended: Promise<number> | undefined) =>
      ended?.then((code) => {
        if (!isClosing) resolve(`${name} ended unexpectedly with exit code ${code}`);
      });
    watch("Postgres", server?.ended);
    watch("PostgREST", postgrest.ended);
  });

  return {
    ready,
    keys,
    sql,
    timeline,
    sandbox,
    folder,
    gateway,
    alerts,
    functions,
    outages,
    functionEnv: env,
    server,
    postgrest,
    migrations,
    isSeeded,
    hasNewRound,
    extensionStubs,
    advanceTo,
    operatorToken: (choice) => tokenFor(choice?.role),
    broken,
    close: () => {
      isClosing = true;
      return close();
    },
  };
}

function readyLine(ports: Ports, keys: Keys, databaseUrl: string): Ready {
  const apiUrl = `http://127.0.0.1:${ports.gateway}`;
  return {
    api_url: apiUrl,
    functions_url: `${apiUrl}/functions/v1`,
    rest_url: `${apiUrl}/rest/v1`,
    db_url: databaseUrl,
    publishable_key: keys.publishableKey,
    secret_key: keys.secretKey,
    webhook_secret: keys.webhookSecret,
    braze_url: `http://127.0.0.1:${ports.braze}`,
    braze_api_key: keys.brazeApiKey,
    campaign_id: keys.campaignId,
    control_url: `${apiUrl}/_local`,
  };
}

/** The environment of a hosted function. */
export function functionEnv(
  ready: Pick<Ready, "api_url" | "db_url" | "braze_url" | "control_url">,
  keys: Keys,
): Record<string, string> {
  return {
    SUPABASE_URL: ready.api_url,
    SUPABASE_DB_URL: ready.db_url,
    SUPABASE_SECRET_KEYS: JSON.stringify({ default: keys.secretKey }),
    SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: keys.publishableKey }),
    SUPABASE_JWKS: JSON.stringify(publicKeySet(keys)),
    BRAZE_REST_URL: ready.braze_url,
    BRAZE_API_KEY: keys.brazeApiKey,
    BRAZE_CAMPAIGN_ID: keys.campaignId,
    BRAZE_WEBHOOK_SECRETS: keys.webhookSecret,
    CRON_SIGNING_SECRETS: keys.cronSigningSecret,
    SEND_GATE_SECRETS: keys.sendGateSecret,
    ...alertWebhooks(ready.control_url),
  };
}

/** The direct connection of the webhook. The server trusts connections from this machine, so any password will do. */
export function ingestEnv(databaseUrl: string): Record<string, string> {
  const url = new URL(databaseUrl);
  url.username = "braze_ingest";
  url.password = "trusted-here";
  url.search = "";
  return { INGEST_DATABASE_URL: url.href };
}

function functionOf({ url }: Request): string {
  return new URL(url).pathname.split("/").at(-1) ?? "";
}

function down(): Promise<Response> {
  return Promise.resolve(Response.json({ code: "WORKER_ERROR" }, { status: 503 }));
}

export function asAuthenticator(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  url.username = "authenticator";
  return url.href;
}

function describe(error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : String(error);
}
