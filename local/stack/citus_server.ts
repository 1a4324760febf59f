/**
 * A test server that spreads the events over two workers (Citus): a coordinator, which the tests use, and the workers.
 *
 * Each database of a test is a database on all three; what is done to one is done to the others first.
 */
import { makeTemporaryFolder } from "../lib/temporary_folder.ts";
import { type DatabaseServer, startDatabaseServer } from "./database_server.ts";
import { onFreePorts } from "./ports.ts";
import { connectSql } from "./sql.ts";

const WORKERS = 2;
const DISTRIBUTE = new URL("../../citus/distribute.sql", import.meta.url);

const SETTINGS = {
  shared_preload_libraries: "citus",
  // It compiles plans of a cluster for seconds.
  jit: "off",
  // A coordinator opens several connections to each worker for each of its own.
  max_connections: "500",
  max_prepared_transactions: "500",
  wal_level: "logical",
  max_wal_senders: "4",
  "citus.shard_count": "4",
  "citus.node_conninfo": "sslmode=disable",
};

export interface CitusServers {
  readonly coordinator: DatabaseServer;
  readonly workers: readonly DatabaseServer[];
  stop(): Promise<void>;
}

/** `postgresBin`: binaries of a Postgres that has the extension. */
export async function startCitusServers(postgresBin: string): Promise<CitusServers> {
  const started: { server: DatabaseServer; folder: string }[] = [];
  const stop = async () => {
    for (const { server, folder } of started) {
      await server.stop();
      await Deno.remove(server.folder, { recursive: true });
      await Deno.remove(folder, { recursive: true }).catch(() => {});
    }
  };
  try {
    for (let node = 0; node <= WORKERS; node++) {
      const folder = await makeTemporaryFolder();
      const server = await onFreePorts(({ database: port }) =>
        startDatabaseServer({
          dataFolder: folder,
          port,
          postgresBin,
          fsync: false,
          virtualClock: false,
          preferExtensionStubs: true,
          settings: SETTINGS,
        })
      );
      started.push({ server, folder });
    }
    const [coordinator, ...workers] = started.map(({ server }) => server);
    return { coordinator: coordinator!, workers, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Creates an empty database on the workers, with the extension. */
export async function createOnWorkers(workers: readonly string[], name: string): Promise<void> {
  for (const worker of workers) {
    const admin = connectSql(worker, { max: 1 });
    await admin.unsafe(`create database ${name}`).finally(() => admin.end());
    const own = connectSql(databaseOf(worker, name), { max: 1 });
    await own.unsafe("create extension citus").finally(() => own.end());
  }
}

/** Adds the workers to a database that has the migrations, and spreads its events. */
export async function distribute(databaseUrl: string, workers: readonly string[]): Promise<void> {
  const sql = connectSql(databaseUrl, { max: 1 });
  try {
    const [host, port] = addressOf(databaseUrl);
    await sql`select citus_set_coordinator_host(${host}, ${port})`;
    for (const worker of workers) {
      const [name, at] = addressOf(worker);
      await sql`select citus_add_node(${name}, ${at})`;
    }
    await sql.unsafe(await Deno.readTextFile(DISTRIBUTE)).simple();
  } finally {
    await sql.end();
  }
}

/** A template must have no connections, and Citus keeps some of its own to each of its databases. */
export async function closeTemplate(serverUrls: readonly string[], name: string): Promise<void> {
  for (const url of serverUrls) {
    const admin = connectSql(url, { max: 1 });
    try {
      await admin.unsafe(`alter database ${name} allow_connections false`);
      await admin`select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = ${name}`;
    } finally {
      await admin.end();
    }
  }
}

function databaseOf(serverUrl: string, name: string): string {
  const url = new URL(serverUrl);
  url.pathname = name;
  return url.href;
}

function addressOf(url: string): [string, number] {
  const { hostname, port } = new URL(url);
  return [hostname, Number(port)];
}
