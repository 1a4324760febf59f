/**
 * Serves bundled functions in a process of its own: `serve.ts PORT FOLDER`, FOLDER with `<function>/index.js`. Their
 * environment is that of the process.
 *
 * Imports nothing, so that it also runs on the older Deno of the platform.
 */
const [port, folder] = Deno.args as [string, string];

Object.assign(globalThis, {
  EdgeRuntime: {
    waitUntil: (work: Promise<unknown>) =>
      // deno-lint-ignore no-console
      void work.catch((error) => console.error("Background work failed:", error)),
  },
});

const functions = new Map<string, (request: Request) => Promise<Response>>();
for await (const { name } of Deno.readDir(new URL(folder))) {
  const { default: { fetch: handle } } = await import(new URL(`${name}/index.js`, folder).href);
  functions.set(name, handle);
}

Deno.serve({ hostname: "127.0.0.1", port: Number(port), onListen() {} }, (request) => {
  const [, name = ""] = new URL(request.url).pathname.split("/");
  return functions.get(name)?.(request) ?? new Response(null, { status: 404 });
});
