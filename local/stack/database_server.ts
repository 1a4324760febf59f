/** Starts one Postgres for a stack or for the tests: binaries, data directory, extension stubs, server. */
import { join } from "node:path";
import { startPostgres } from "./postgres.ts";
import { findPostgres } from "./postgres_binaries.ts";
import { prepareDataDirectory } from "./data_directory.ts";
import { chooseExtensions, installExtensionStubs } from "./extension_stubs.ts";

export interface DatabaseServerOptions {
  readonly dataFolder: string;
  readonly port: number;
  readonly postgresBin?: string | undefined;
  readonly fsync: boolean;
  readonly virtualClock: boolean;
  /** Uses stubs even if the server has the real extensions, which work in one database only. */
  readonly preferExtensionStubs: boolean;
  /** Additional lines of postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface DatabaseServer {
  readonly url: string;
  readonly major: number;
  /** The folder of its files; outside the data folder if the server's user cannot enter that. */
  readonly folder: string;
  readonly isNew: boolean;
  /** Resolves when it ends unexpectedly. */
  readonly ended: Promise<number>;
  /** As `pg_ctl restart -m immediate`: all connections break, and uncommitted changes are lost. */
  restart(): Promise<void>;
  stop(): Promise<void>;
  /** As `pg_ctl stop -m immediate`. */
  crash(): Promise<void>;
}

export async function startDatabaseServer(
  options: DatabaseServerOptions,
): Promise<DatabaseServer> {
  const { dataFolder, port, fsync, virtualClock, preferExtensionStubs } = options;
  const directory = await prepareDataDirectory(dataFolder, await findPostgres(options.postgresBin));
  const { folder, binaries } = directory;
  const extensions = await chooseExtensions(join(folder, "extensions.json"), binaries, {
    virtualClock,
    preferExtensionStubs,
  });
  const settings = await installExtensionStubs(
    join(folder, "extension_stubs"),
    binaries,
    extensions,
  );
  const server = await startPostgres({
    directory,
    port,
    fsync,
    settings: { ...settings, ...options.settings },
  });
  return { ...server, major: binaries.major, folder };
}
