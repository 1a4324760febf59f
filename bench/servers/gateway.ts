/** Serves the local stack's gateway in its own process: `gateway.ts PORT REST_URL FUNCTIONS_URL KEYS`. */
import { createGateway } from "../../local/stack/gateway.ts";
import type { Keys } from "../../local/stack/keys.ts";

const [port, restUrl, functionsUrl, keysFile] = Deno.args as [string, string, string, string];
const keys: Keys = JSON.parse(await Deno.readTextFile(keysFile));

const handle = await createGateway({
  keys,
  restUrl,
  async functions(request) {
    const { pathname, search } = new URL(request.url);
    const { method, headers } = request;
    const body = method === "GET" || method === "HEAD" ? null : await request.arrayBuffer();
    return await fetch(`${functionsUrl}${pathname}${search}`, { method, headers, body });
  },
  control: () => Promise.resolve(new Response("ready")),
});
Deno.serve({ hostname: "127.0.0.1", port: Number(port), onListen() {} }, handle);
