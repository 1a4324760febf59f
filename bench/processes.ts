/** Starts a contestant's server as a process, and waits until it answers. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { toolEnv } from "../local/lib/child_env.ts";
import { type Child, startChild, tail } from "../local/lib/child_process.ts";
import { freePorts } from "../local/stack/ports.ts";

const READY_MS_MAX = 60_000;
const POLL_MS = 20;

export interface ServerProcess {
  readonly port: number;
  readonly url: string;
  stop(): Promise<void>;
}

export interface ServerOptions {
  /** The name of its log. */
  readonly name: string;
  readonly folder: string;
  /** Relative to this file. */
  readonly script: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** A configuration other than the project's. */
  readonly config?: string;
  /** By default a free port. */
  readonly port?: number;
}

/** Passes the port to the script, followed by `args`. */
export async function startServer(options: ServerOptions): Promise<ServerProcess> {
  const { name, folder, script, args, env = {}, config } = options;
  const port = options.port ?? freePorts().gateway;
  const log = join(folder, `${name}.log`);
  const child = startChild({
    command: [
      Deno.execPath(),
      ...["run", "--allow-all", "--no-check"],
      ...(config === undefined ? [] : ["--config", path(config)]),
      ...[path(script), String(port), ...args],
    ],
    log,
    env: { ...toolEnv(), ...env },
  });
  const url = `http://127.0.0.1:${port}`;
  try {
    await untilReady(name, `${url}/_local/ready`, child, log);
  } catch (error) {
    await child.end("KILL");
    throw error;
  }
  return { port, url, stop: () => endSoon(child) };
}

/** Kills a process that does not stop in time, since it must not run during the next turn. */
async function endSoon(child: Child): Promise<void> {
  const timer = setTimeout(() => child.end("KILL"), 5_000);
  await child.stop();
  clearTimeout(timer);
}

async function untilReady(name: string, url: string, child: Child, log: string): Promise<void> {
  let code: number | undefined;
  child.ended.then((ending) => code = ending);
  for (let waited = 0; waited < READY_MS_MAX && code === undefined; waited += POLL_MS) {
    const isReady = await fetch(url).then(async (response) => {
      await response.body?.cancel();
      return response.ok;
    }, () => false);
    if (isReady) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new Error(
    `Cannot start ${name}: it must answer within ${READY_MS_MAX / 1_000} s, got ${
      code === undefined ? "no answer" : `exit code ${code}`
    }; its log ends with:\n${await tail(log)}`,
  );
}

function path(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url));
}
