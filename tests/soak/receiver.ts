/**
 * The edge functions in their own process: `receiver.ts PORT REST_URL KEYS`, with their environment in that of the
 * process.
 *
 * The gateway runs in this process too, which saves one hop for each of a hundred thousand calls.
 */
import { startFunctions } from "../../local/stack/functions_runtime.ts";
import { createGateway } from "../../local/stack/gateway.ts";
import type { Keys } from "../../local/stack/keys.ts";
import { RealTimeline } from "../../local/clock/real_timeline.ts";
import { createWriter } from "../../local/cli/writer.ts";

const [port, restUrl, keysFile] = Deno.args as [string, string, string];
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

const out = createWriter(Deno.stdout);
const functions = await startFunctions({
  folder: new URL("../../supabase/functions/", import.meta.url),
  env: {},
  timeline: new RealTimeline(),
  onLog: (functionName, line) => out.line(`${functionName} ${line}`),
});
Deno.serve(
  { hostname: "127.0.0.1", port: Number(port), onListen() {} },
  (request) => functions.handle(request),
);
