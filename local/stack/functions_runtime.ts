/**
 * Serves the edge functions as hosted Supabase does: one instance of each, with background work after the answer, and
 * with the platform's own answers if a function is missing or fails.
 *
 * On the wall clock the deployed `index.ts` runs; on a virtual clock the same handler runs on a platform with the
 * timeline's time and fetch.
 */
import type { Platform } from "../../supabase/functions/_shared/runtime/platform.ts";
import type { StackTimeline } from "../clock/timeline.ts";

const METHODS = new Set(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);
const PATH = /^\/functions\/v1\/([^/]+)(\/.*)?$/;
const CONSOLE_METHODS = ["debug", "log", "info", "warn", "error"] as const;

export type Handler = (request: Request) => Response | Promise<Response>;

/** One request to a function, and how to start an instance of it on another platform. */
export interface Invocation {
  readonly functionName: string;
  readonly request: Request;
  readonly platform: Platform;
  readonly start: (platform: Platform) => Handler;
}

/** Answers a request with an instance that a simulation starts and kills. */
export type Isolate = (invocation: Invocation) => Promise<Response>;

export interface FunctionsOptions {
  /** Each folder in it with an `index.ts` is a function, except those whose names begin with `_`. */
  readonly folder: URL;
  readonly env: Readonly<Record<string, string>>;
  readonly timeline: StackTimeline;
  /** Receives a line that a function logged, or its error. */
  readonly onLog: (functionName: string, line: string) => void;
  /** For a virtual clock; without it one instance of each function answers all requests. */
  readonly isolate?: Isolate | undefined;
}

export interface FunctionsRuntime {
  readonly names: readonly string[];
  handle(request: Request): Promise<Response>;
  /** The number of background tasks in progress. */
  readonly pending: number;
  /** Resolves when no background task is left. */
  idle(): Promise<void>;
  close(): void;
}

export async function startFunctions(options: FunctionsOptions): Promise<FunctionsRuntime> {
  const { folder, timeline, onLog } = options;
  const background = new Set<Promise<unknown>>();
  const waitUntil = (functionName: string) => (work: Promise<unknown>) => {
    const tracked = work.catch((error) => onLog(functionName, describe(error)));
    background.add(tracked);
    tracked.finally(() => background.delete(tracked));
    timeline.background(tracked);
  };
  const names = await functionNames(folder);
  const undo = timeline.virtual ? () => {} : becomeEdgeRuntime(options, waitUntil("background"));
  const functions = new Map<string, Handler | undefined>();
  for (const name of names) functions.set(name, await boot(name, options, waitUntil(name)));

  return {
    names,
    get pending() {
      return background.size;
    },
    async handle(request) {
      const url = new URL(request.url);
      const [, name, rest = ""] = PATH.exec(url.pathname) ?? [];
      if (name === undefined || !functions.has(name)) {
        return refuse(404, "NOT_FOUND", "Requested function was not found");
      }
      if (!METHODS.has(request.method)) {
        return refuse(405, "METHOD_NOT_ALLOWED", `Method ${request.method} is not allowed`);
      }
      const handler = functions.get(name);
      if (handler === undefined) {
        return refuse(503, "BOOT_ERROR", "Function failed to start (please check logs)");
      }
      // The path of a hosted function begins with its name.
      url.pathname = `/${name}${rest}`;
      try {
        const { method, headers, body } = request;
        return await handler(new Request(url, { method, headers, body }));
      } catch (error) {
        onLog(name, describe(error));
        return refuse(500, "WORKER_ERROR", "Function exited due to an error (please check logs)");
      }
    },
    async idle() {
      while (background.size > 0) await Promise.all(background);
    },
    close: undo,
  };
}

async function functionNames(folder: URL): Promise<string[]> {
  const names: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (!isDirectory || name.startsWith("_")) continue;
    const index = await Deno.stat(new URL(`${name}/index.ts`, folder)).catch(() => undefined);
    if (index?.isFile) names.push(name);
  }
  return names.sort();
}

let boots = 0;

async function boot(
  name: string,
  { folder, env, timeline, onLog, isolate }: FunctionsOptions,
  waitUntil: Platform["waitUntil"],
): Promise<Handler | undefined> {
  try {
    if (!timeline.virtual) {
      // A module reads its environment on import, so a second stack in this process imports it again.
      const module = await import(new URL(`${name}/index.ts?boot=${++boots}`, folder).href);
      return member(module.default, "fetch");
    }
    const platform: Platform = {
      env: (variable) => env[variable],
      clock: timeline,
      fetch: timeline.fetch,
      waitUntil,
      write: (line) => onLog(name, line),
    };
    const { connect } = await import(new URL("_shared/function/dependencies.ts", folder).href);
    const { createHandler } = await import(new URL(`${name}/handler.ts`, folder).href);
    const start = (over: Platform): Handler => createHandler(connect(over, name));
    if (isolate === undefined) return start(platform);
    return (request) => isolate({ functionName: name, request, platform, start });
  } catch (error) {
    onLog(name, `Cannot start: ${describe(error)}`);
    return undefined;
  }
}

function member(value: { fetch?: Handler } | undefined, key: "fetch"): Handler {
  const found = value?.[key];
  if (typeof found !== "function") {
    throw new TypeError(`index.ts must export default { fetch }, got ${typeof found}`);
  }
  return found;
}

/** Sets the globals of an edge function: environment, `EdgeRuntime`, and a console that writes to the log. */
function becomeEdgeRuntime(
  { env, onLog }: FunctionsOptions,
  waitUntil: Platform["waitUntil"],
): () => void {
  const before = Object.keys(env).map((name) => [name, Deno.env.get(name)] as const);
  for (const [name, value] of Object.entries(env)) Deno.env.set(name, value);
  const scope = globalThis as { EdgeRuntime?: { waitUntil: Platform["waitUntil"] } };
  scope.EdgeRuntime = { waitUntil };
  const log = (...parts: unknown[]) =>
    onLog(
      "function",
      parts.map((part) => typeof part === "string" ? part : Deno.inspect(part)).join(" "),
    );
  const { console } = globalThis;
  const methods = CONSOLE_METHODS.map((method) => [method, console[method]] as const);
  for (const method of CONSOLE_METHODS) console[method] = log;
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    }
    delete scope.EdgeRuntime;
    for (const [method, original] of methods) console[method] = original;
  };
}

/** The platform's own answers have this format, and a header that distinguishes them from a function's. */
function refuse(status: number, code: string, message: string): Response {
  return Response.json({ code, message }, { status, headers: { "sb-error-code": code } });
}

function describe(error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : String(error);
}
