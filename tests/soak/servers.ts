/**
 * A project whose parts are separate processes, so that each can be killed in the middle of its work and started
 * again: Postgres with full durability, PostgREST, and the functions.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { toolEnv } from "../../local/lib/child_env.ts";
import { type Child, startChild, tail } from "../../local/lib/child_process.ts";
import { type DatabaseServer, startDatabaseServer } from "../../local/stack/database_server.ts";
import type { Keys } from "../../local/stack/keys.ts";
import { onFreePorts, type Ports } from "../../local/stack/ports.ts";
import { type Postgrest, startPostgrest } from "../../local/stack/postgrest.ts";
import { MIGRATIONS, prepareProject } from "../../local/stack/project.ts";
import { connectSql, type Sql } from "../../local/stack/sql.ts";
import { asAuthenticator, functionEnv } from "../../local/stack/stack.ts";

const RECEIVER = fileURLToPath(new URL("./receiver.ts", import.meta.url));
const READY_MS_MAX = 60_000;
const POLL_MS = 25;

export type Part = "receiver" | "Postgres" | "PostgREST";

export interface Servers {
  readonly keys: Keys;
  readonly functionsUrl: string;
  /** Uses a new connection: connections from before a crash are dead. */
  query<T>(run: (sql: Sql) => Promise<T>): Promise<T>;
  /** Kills the parts concurrently and starts them again; resolves when everything answers. */
  kill(parts: readonly Part[]): Promise<void>;
  close(): Promise<void>;
}

export interface ServersOptions {
  /** The address of Braze, for the functions. */
  readonly brazeUrl: string;
  readonly keys: Keys;
}

export function startServers(options: ServersOptions): Promise<Servers> {
  return onFreePorts((ports) => startOn(ports, options));
}

async function startOn(ports: Ports, { brazeUrl, keys }: ServersOptions): Promise<Servers> {
  const cleanups: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (let last = cleanups.pop(); last !== undefined; last = cleanups.pop()) await last();
  };
  // On a disk, since commits must survive a crash.
  const folder = await Deno.makeTempDir({ prefix: "soak-" });
  await Deno.chmod(folder, 0o755);
  cleanups.push(() => Deno.remove(folder, { recursive: true }));

  const startDatabase = () =>
    startDatabaseServer({
      dataFolder: folder,
      port: ports.database,
      postgresBin: Deno.env.get("TEST_POSTGRES_BIN"),
      fsync: true,
      virtualClock: false,
      preferExtensionStubs: true,
    });
  let database: DatabaseServer;
  let rest: Postgrest;
  let receiver: Child;
  try {
    database = await startDatabase();
    cleanups.push(async () => {
      await database.stop();
      if (!database.folder.startsWith(folder)) {
        await Deno.remove(database.folder, { recursive: true });
      }
    });
    await query((sql) => prepareProject(sql, MIGRATIONS));

    const startRest = () =>
      startPostgrest({
        databaseUrl: asAuthenticator(database.url),
        port: ports.rest,
        adminPort: ports.restAdmin,
        keys,
        log: join(folder, "postgrest.log"),
      });
    rest = await startRest();
    cleanups.push(() => rest.stop());

    const keysFile = join(folder, "keys.json");
    await Deno.writeTextFile(keysFile, JSON.stringify(keys), { mode: 0o600 });
    const receiverLog = join(folder, "receiver.log");
    const env = functionEnv({
      api_url: `http://127.0.0.1:${ports.gateway}`,
      db_url: database.url,
      braze_url: brazeUrl,
      control_url: brazeUrl,
    }, keys);
    const startReceiver = () =>
      startChild({
        command: [
          Deno.execPath(),
          ...["run", "--allow-all", "--no-check", RECEIVER],
          ...[String(ports.braze), rest.url, keysFile],
        ],
        log: receiverLog,
        env: { ...toolEnv(), ...env },
      });
    receiver = startReceiver();
    cleanups.push(() => receiver.end("KILL"));
    const receiverAnswers = () =>
      until(
        "the receiver",
        `http://127.0.0.1:${ports.braze}/functions/v1/braze-webhook`,
        405,
        receiverLog,
      );
    await receiverAnswers();

    return {
      keys,
      functionsUrl: `http://127.0.0.1:${ports.braze}/functions/v1`,
      query,
      async kill(parts) {
        await Promise.all([
          parts.includes("receiver") ? receiver.end("KILL") : undefined,
          parts.includes("Postgres") ? database.crash() : undefined,
          parts.includes("PostgREST") ? rest.kill() : undefined,
        ]);
        if (parts.includes("receiver")) receiver = startReceiver();
        if (parts.includes("Postgres")) database = await startDatabase();
        if (parts.includes("PostgREST")) rest = await startRest();
        await receiverAnswers();
        await until(
          "PostgREST",
          `http://127.0.0.1:${ports.restAdmin}/ready`,
          200,
          join(folder, "postgrest.log"),
        );
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }

  async function query<T>(run: (sql: Sql) => Promise<T>): Promise<T> {
    const sql = connectSql(database.url, { max: 2, applicationName: "soak" });
    try {
      return await run(sql);
    } finally {
      await sql.end({ timeout: 5 });
    }
  }
}

async function until(who: string, url: string, status: number, log: string): Promise<void> {
  for (let waited = 0; waited < READY_MS_MAX; waited += POLL_MS) {
    const answered = await fetch(url).then(async (response) => {
      await response.body?.cancel();
      return response.status;
    }, () => 0);
    if (answered === status) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new Error(
    `Cannot go on: ${who} must answer ${status} within ${
      READY_MS_MAX / 1_000
    } s; its log ends with:\n${await tail(log)}`,
  );
}
