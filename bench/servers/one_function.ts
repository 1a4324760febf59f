/** Serves one bundled function in its own process, as a cold isolate: `one_function.ts PORT BUNDLE`. */
const [port, bundle] = Deno.args as [string, string];
const { default: { fetch: handle } } = await import(bundle);
Deno.serve({ hostname: "127.0.0.1", port: Number(port), onListen() {} }, handle);
