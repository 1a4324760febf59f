/** The database of a world: on a server that many worlds share, or on a server of its own. */
import { connectSql } from "../../local/stack/sql.ts";
import { TEMPLATE } from "../../local/stack/test_server.ts";
import type { SimulationDatabase } from "./context.ts";
import type { World } from "./world.ts";

export interface Servers {
  /** A test server, with the template database that worlds are cloned from. */
  readonly url: string;
  /** The folder with the Postgres binaries, for a server of its own. */
  readonly postgresBin?: string | undefined;
}

export async function withSimulationDatabase<Result>(
  { restartsServers }: World,
  { url, postgresBin }: Servers,
  run: (database: SimulationDatabase) => Promise<Result>,
): Promise<Result> {
  if (restartsServers) return await run({ postgresBin });
  const name = `world_${crypto.randomUUID().replaceAll("-", "")}`;
  const admin = connectSql(url, { max: 1 });
  try {
    await admin.unsafe(`create database ${name} template ${TEMPLATE} strategy file_copy`);
    const databaseUrl = new URL(url);
    databaseUrl.pathname = name;
    try {
      return await run({ databaseUrl: databaseUrl.href });
    } finally {
      await admin.unsafe(`drop database if exists ${name} with (force)`);
    }
  } finally {
    await admin.end();
  }
}
