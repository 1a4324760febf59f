/** Starts the Postgres that all contestants share, with durable writes, and creates a database for each of them. */
import { join } from "node:path";
import { startDatabaseServer } from "../local/stack/database_server.ts";
import { createKeys, type Keys } from "../local/stack/keys.ts";
import { onFreePorts } from "../local/stack/ports.ts";
import { MIGRATIONS, prepareProject } from "../local/stack/project.ts";
import { connectSql, type Sql } from "../local/stack/sql.ts";

const TEMPLATE = "suite_template";

export interface BenchServer {
  readonly keys: Keys;
  readonly keysFile: string;
  /** For logs; deleted with the server. */
  readonly folder: string;
  readonly admin: Sql;
  /** A new database: empty, or with all migrations of the suite. */
  createDatabase(name: string, content: "empty" | "suite"): Promise<string>;
  urlOf(name: string): string;
  dropDatabase(name: string): Promise<void>;
  stop(): Promise<void>;
}

export function startBenchServer(postgresBin?: string): Promise<BenchServer> {
  return onFreePorts(({ database }) => startOn(database, postgresBin));
}

async function startOn(port: number, postgresBin?: string): Promise<BenchServer> {
  // On a disk, since a commit in memory would cost nothing.
  const folder = await Deno.makeTempDir({ prefix: "bench-" });
  const remove = () => Deno.remove(folder, { recursive: true });
  try {
    await Deno.chmod(folder, 0o755);
    const server = await startDatabaseServer({
      dataFolder: folder,
      port,
      postgresBin,
      fsync: true,
      virtualClock: false,
      // The jobs of the real extensions would run during the measurement.
      preferExtensionStubs: true,
    });
    const admin = connectSql(server.url, { max: 2, applicationName: "bench" });
    const stop = async () => {
      await admin.end({ timeout: 5 });
      await server.stop();
      if (!server.folder.startsWith(folder)) await Deno.remove(server.folder, { recursive: true });
      await remove();
    };
    try {
      await admin.unsafe(`create database ${TEMPLATE}`);
      const template = connectSql(named(server.url, TEMPLATE), { max: 1 });
      await prepareProject(template, MIGRATIONS).finally(() => template.end());
      const keys = await createKeys();
      const keysFile = join(folder, "keys.json");
      await Deno.writeTextFile(keysFile, JSON.stringify(keys), { mode: 0o600 });
      return {
        keys,
        keysFile,
        folder,
        admin,
        async createDatabase(name, content) {
          await admin.unsafe(
            `create database ${name} template ${content === "suite" ? TEMPLATE : "template0"}`,
          );
          return named(server.url, name);
        },
        urlOf: (name) => named(server.url, name),
        async dropDatabase(name) {
          await admin.unsafe(`drop database if exists ${name} with (force)`);
        },
        stop,
      };
    } catch (error) {
      await stop();
      throw error;
    }
  } catch (error) {
    await remove().catch(() => {});
    throw error;
  }
}

function named(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = database;
  return url.href;
}
