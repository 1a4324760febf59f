/** Runs one Postgres server as a child process on a data directory. */
import { join } from "node:path";
import postgres from "postgres";
import { type Child, run, startChild, tail } from "../lib/child_process.ts";
import { explainOutput } from "../lib/explain.ts";
import { StackFailure } from "../lib/failure.ts";
import { exists } from "../lib/exists.ts";
import type { DataDirectory } from "./data_directory.ts";

const READY_MS_MAX = 30_000;
const POLL_MS = 20;

export interface PostgresOptions {
  readonly directory: DataDirectory;
  readonly port: number;
  /** Additional lines of postgresql.conf. */
  readonly settings: Readonly<Record<string, string>>;
  /** If off, tests run faster, and a crash of the machine loses data. */
  readonly fsync: boolean;
}

export interface PostgresServer {
  readonly url: string;
  /** True if this start created the folder. */
  readonly isNew: boolean;
  /** Resolves when it ends unexpectedly. */
  readonly ended: Promise<number>;
  /** As `pg_ctl restart -m immediate`: all connections break, and uncommitted changes are lost. */
  restart(): Promise<void>;
  stop(): Promise<void>;
  /** As `pg_ctl stop -m immediate`: no checkpoint, the next start recovers from the log. */
  crash(): Promise<void>;
}

export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const { directory, port, fsync } = options;
  const data = join(directory.folder, "data");
  const log = join(directory.folder, "postgres.log");
  const isNew = !await exists(join(data, "PG_VERSION"));
  if (isNew) await initialize(directory, data, fsync);
  else await refuseForeignData(directory, data);
  await writeSettings(data, { ...base(port, fsync), ...options.settings });

  const url = databaseUrl(port, "postgres");
  const ended = Promise.withResolvers<number>();
  let isExpected = false;
  let child = await startServer();
  let restarted: Promise<void> = Promise.resolve();
  return {
    url,
    isNew,
    ended: ended.promise,
    restart() {
      // One restart after the other, since a second server on the same folder fails.
      restarted = restarted.then(async () => {
        isExpected = true;
        await child.end("QUIT");
        child = await startServer();
        isExpected = false;
      });
      return restarted;
    },
    stop: () => child.stop(),
    crash() {
      isExpected = true;
      return child.end("QUIT");
    },
  };

  async function startServer(): Promise<Child> {
    const started = startChild({
      command: [directory.binaries.postgres, "-D", data],
      log,
      identity: directory.identity,
    });
    started.ended.then((code) => isExpected || ended.resolve(code));
    try {
      await untilReady(url, started.ended);
    } catch (error) {
      await started.stop();
      const end = await tail(log);
      throw explainOutput(`start Postgres in ${data}`, end) ?? new StackFailure(
        `Cannot start Postgres ${directory.binaries.major}: ${
          error instanceof Error ? error.message : error
        }; its log (${log}) ends with:\n${end}`,
      );
    }
    return started;
  }
}

export function databaseUrl(port: number, database: string, user = "postgres"): string {
  return `postgresql://${user}:postgres@127.0.0.1:${port}/${database}`;
}

async function initialize(
  { binaries, identity }: DataDirectory,
  data: string,
  fsync: boolean,
): Promise<void> {
  // An interrupted first start leaves a folder that initdb would refuse.
  await Deno.remove(data, { recursive: true }).catch(() => {});
  const made = await run([
    binaries.initdb,
    ...["-D", data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C"],
    "--no-instructions",
    ...(fsync ? [] : ["--no-sync"]),
  ], identity);
  if (!made.ok) {
    throw explainOutput(`create a database in ${data}`, made.stderr) ?? new StackFailure(
      `Cannot create a database in ${data}: initdb must succeed, got: ${made.stderr}`,
    );
  }
  const config = join(data, "postgresql.conf");
  await Deno.writeTextFile(config, "\ninclude_if_exists 'local.conf'\n", { append: true });
}

async function refuseForeignData({ binaries }: DataDirectory, data: string): Promise<void> {
  const found = (await Deno.readTextFile(join(data, "PG_VERSION"))).trim();
  if (found !== String(binaries.major)) {
    throw new StackFailure(
      `Cannot start on ${data}: it must have been created by Postgres ${binaries.major}, got Postgres ${found}; ` +
        `use that server (--postgres-bin), another --data folder, or delete this one`,
    );
  }
  const pid = await serverUsing(data);
  if (pid !== null) {
    throw new StackFailure(
      `Cannot start on ${data}: no server may use it, got one that does (process ${pid}); ` +
        "stop the stack that uses it, or choose another --data folder",
    );
  }
}

/** The process of a server that runs on this folder. */
export async function serverUsing(data: string): Promise<number | null> {
  const pid = Number(
    (await Deno.readTextFile(join(data, "postmaster.pid")).catch(() => ""))
      .split("\n")[0],
  );
  return pid > 0 && await isPostgres(pid) ? pid : null;
}

async function isPostgres(pid: number): Promise<boolean> {
  const name = await Deno.readTextFile(`/proc/${pid}/comm`).catch(() => "");
  return name.trim() === "postgres";
}

function base(port: number, fsync: boolean): Record<string, string> {
  return {
    listen_addresses: "127.0.0.1",
    port: String(port),
    // A socket would need a folder that this process and an unprivileged server can both access.
    unix_socket_directories: "",
    timezone: "UTC",
    log_timezone: "UTC",
    max_connections: "200",
    ...(fsync ? {} : {
      fsync: "off",
      synchronous_commit: "off",
      full_page_writes: "off",
      wal_level: "minimal",
      max_wal_senders: "0",
      autovacuum_naptime: "10min",
    }),
  };
}

/** Writes settings to a file instead of the command line, where a shell would expand `$system`. */
async function writeSettings(data: string, settings: Readonly<Record<string, string>>) {
  const lines = Object.entries(settings)
    .map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'\n`);
  await Deno.writeTextFile(join(data, "local.conf"), lines.join(""), { mode: 0o644 });
}

async function untilReady(url: string, ended: Promise<number>): Promise<void> {
  let code: number | undefined;
  ended.then((ending) => code = ending);
  for (let waited = 0; waited < READY_MS_MAX; waited += POLL_MS) {
    if (code !== undefined) throw new Error(`it must keep running, got exit code ${code}`);
    const sql = postgres(url, { max: 1, connect_timeout: 5, onnotice() {}, backoff: false });
    const isReady = await sql`select 1`.then(() => true, () => false);
    await sql.end();
    if (isReady) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new Error(`it must answer within ${READY_MS_MAX / 1_000} s, got no answer`);
}
