/**
 * Serves the edge functions in their own process, on the wall clock: `functions.ts PORT FOLDER [REST_URL KEYS]`. Their
 * environment is that of the process. A function gets the request itself, as from the platform's runtime.
 *
 * With the last two arguments, the gateway runs in this process: the path without a separate gateway.
 */
import process from "node:process";
import { createWriter } from "../../local/cli/writer.ts";
import { createGateway } from "../../local/stack/gateway.ts";
import type { Keys } from "../../local/stack/keys.ts";

const [port, folder, restUrl, keysFile] = Deno.args as [string, string, string?, string?];
if (restUrl !== undefined && keysFile !== undefined) await callDirectly(restUrl, keysFile);

const err = createWriter(Deno.stderr);
Object.assign(globalThis, {
  EdgeRuntime: {
    waitUntil: (work: Promise<unknown>) => void work.catch((error) => err.line(String(error))),
  },
});
// A log line per request would distort the measurement.
Object.assign(globalThis.console, {
  log: (line: string) => /"level":"(?:warn|error)"/.test(line) && err.line(line),
});

const functions = new Map<string, (request: Request) => Promise<Response>>();
for await (const { name, isDirectory } of Deno.readDir(new URL(folder))) {
  if (!isDirectory || name.startsWith("_")) continue;
  const { default: { fetch: handle } } = await import(new URL(`${name}/index.ts`, folder).href);
  functions.set(name, handle);
}

Deno.serve({ hostname: "127.0.0.1", port: Number(port), onListen() {} }, (request) => {
  const pathAt = request.url.indexOf("/", "http://".length);
  const [name = ""] = request.url.slice(pathAt).replace(/^\/(?:functions\/v1\/)?/, "").split(
    /[/?]/,
    1,
  );
  const handle = functions.get(name);
  if (handle !== undefined) return handle(request);
  if (request.url.endsWith("/_local/cpu")) {
    const { user, system } = process.cpuUsage();
    return Response.json({ cpu_ms: (user + system) / 1_000 });
  }
  const isReady = request.url.endsWith("/_local/ready");
  return isReady ? new Response("ready") : new Response(null, { status: 404 });
});

async function callDirectly(restUrl: string, keysFile: string): Promise<void> {
  const keys: Keys = JSON.parse(await Deno.readTextFile(keysFile));
  const own = `${Deno.env.get("SUPABASE_URL")}/`;
  const nothingHere = () => Promise.resolve(new Response(null, { status: 404 }));
  const gateway = await createGateway({
    keys,
    restUrl,
    functions: nothingHere,
    control: nothingHere,
  });
  const { fetch } = globalThis;
  globalThis.fetch = (input, init) =>
    String(input).startsWith(own) ? gateway(new Request(input, init)) : fetch(input, init);
}
