/**
 * Serves the edge functions in their own process, on the wall clock: `functions.ts PORT FOLDER [REST_URL KEYS]`. Their
 * environment is that of the process.
 *
 * With the last two arguments, the gateway runs in this process: the path without a separate gateway.
 */
import { startFunctions } from "../../local/stack/functions_runtime.ts";
import process from "node:process";
import { createGateway } from "../../local/stack/gateway.ts";
import type { Keys } from "../../local/stack/keys.ts";
import { RealTimeline } from "../../local/clock/real_timeline.ts";
import { createWriter } from "../../local/cli/writer.ts";

const [port, folder, restUrl, keysFile] = Deno.args as [string, string, string?, string?];
if (restUrl !== undefined && keysFile !== undefined) await callDirectly(restUrl, keysFile);

const err = createWriter(Deno.stderr);
const functions = await startFunctions({
  folder: new URL(folder),
  env: {},
  timeline: new RealTimeline(),
  // A log line per request would distort the measurement.
  onLog: (functionName, line) =>
    /"level":"(?:warn|error)"/.test(line) && err.line(`${functionName} ${line}`),
});
Deno.serve({ hostname: "127.0.0.1", port: Number(port), onListen() {} }, (request) => {
  const { pathname } = new URL(request.url);
  if (pathname === "/_local/cpu") {
    const { user, system } = process.cpuUsage();
    return Response.json({ cpu_ms: (user + system) / 1_000 });
  }
  return pathname.startsWith("/_local/") ? new Response("ready") : functions.handle(request);
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
