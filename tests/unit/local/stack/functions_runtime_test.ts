import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import {
  type FunctionsRuntime,
  startFunctions,
} from "../../../../local/stack/functions_runtime.ts";
import { RealTimeline } from "../../../../local/clock/real_timeline.ts";
import type { StackTimeline } from "../../../../local/clock/timeline.ts";
import { VirtualTimeline } from "../../../../local/clock/virtual_timeline.ts";

const START = new Date("2024-12-07T06:00:00Z");

const FILES = {
  "_shared/function/dependencies.ts":
    "export const connect = (platform: object, name: string) => ({ ...platform, name });",
  "echo/index.ts": `
    const word = Deno.env.get("WORD_OF_TEST");
    console.log("booted", { word });
    export default {
      fetch: async (request: Request) => {
        const body = await request.text();
        if (body === "background") {
          // @ts-ignore: given by the runtime
          EdgeRuntime.waitUntil(new Promise((resolve) => setTimeout(resolve, 30)));
        }
        return new Response(body + " " + word, {
          status: 201,
          headers: { path: new URL(request.url).pathname, method: request.method },
        });
      },
    };`,
  "echo/handler.ts": `
    export const createHandler = (its: any) => async (request: Request) => {
      its.write("from " + its.name);
      its.waitUntil(its.clock.sleep(5000).then(() => its.write("woke at " + its.clock.now().toISOString())));
      return new Response(its.env("WORD_OF_TEST"), { status: 202 });
    };`,
  "crash/index.ts": `export default { fetch() { throw new Error("on purpose"); } };`,
  "crash/handler.ts":
    `export const createHandler = () => () => { throw new Error("on purpose"); };`,
  "broken/index.ts": `throw new Error("no environment");`,
  "broken/handler.ts": `throw new Error("no environment");`,
  "not_a_function/readme.txt": "",
};

async function withRuntime(
  timeline: StackTimeline,
  run: (runtime: FunctionsRuntime, logs: string[]) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const logs: string[] = [];
  try {
    for (const [path, text] of Object.entries(FILES)) {
      await Deno.mkdir(`${folder}/${path.slice(0, path.lastIndexOf("/"))}`, { recursive: true });
      await Deno.writeTextFile(`${folder}/${path}`, text);
    }
    const runtime = await startFunctions({
      folder: new URL(`file://${folder}/`),
      env: { WORD_OF_TEST: "word" },
      timeline,
      onLog: (name, line) => logs.push(`${name}: ${line}`),
    });
    try {
      await run(runtime, logs);
    } finally {
      runtime.close();
      timeline.close();
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const call = (runtime: FunctionsRuntime, path: string, body = "hello", method = "POST") =>
  runtime.handle(new Request(`http://local/functions/v1/${path}`, { method, body }));

Deno.test("the runtime serves every folder with an index.ts and nothing that begins with _", () =>
  withRuntime(new RealTimeline(), (runtime) => {
    deepStrictEqual(runtime.names, ["broken", "crash", "echo"]);
    return Promise.resolve();
  }));

Deno.test("the runtime passes a function's answer on unchanged, under the path that hosted ones see", () =>
  withRuntime(new RealTimeline(), async (runtime) => {
    const response = await call(runtime, "echo/deeper?x=1");
    strictEqual(response.status, 201);
    strictEqual(await response.text(), "hello word");
    strictEqual(response.headers.get("path"), "/echo/deeper");
    strictEqual(response.headers.get("sb-error-code"), null);
  }));

for (
  const [what, path, method, status, code] of [
    ["an unknown function", "unknown", "POST", 404, "NOT_FOUND"],
    ["a shared folder", "_shared", "POST", 404, "NOT_FOUND"],
    ["a function that throws", "crash", "POST", 500, "WORKER_ERROR"],
    ["a function that does not boot", "broken", "POST", 503, "BOOT_ERROR"],
    ["a method that is not served", "echo", "PROPFIND", 405, "METHOD_NOT_ALLOWED"],
  ] as const
) {
  for (const timeline of [() => new RealTimeline(), () => new VirtualTimeline(START)]) {
    Deno.test(`the runtime answers ${status} ${code} to ${what} (virtual: ${timeline().virtual})`, () =>
      withRuntime(timeline(), async (runtime) => {
        const response = await call(runtime, path, "hello", method);
        strictEqual(response.status, status);
        strictEqual(response.headers.get("sb-error-code"), code);
        const body = await response.json();
        strictEqual(body.code, code);
        strictEqual(typeof body.message, "string");
      }));
  }
}

Deno.test("the runtime logs why a function threw or did not boot", () =>
  withRuntime(new RealTimeline(), async (runtime, logs) => {
    await call(runtime, "crash");
    match(logs.find((line) => line.startsWith("crash:"))!, /on purpose/);
    match(logs.find((line) => line.startsWith("broken:"))!, /Cannot start: .*no environment/);
  }));

Deno.test("on the wall clock a function finds its environment, and its console is the log", () =>
  withRuntime(new RealTimeline(), (_runtime, logs) => {
    deepStrictEqual(logs.filter((line) => line.includes("booted")), [
      'function: booted { word: "word" }',
    ]);
    return Promise.resolve();
  }));

Deno.test("on the wall clock waitUntil() is tracked until the work is done", () =>
  withRuntime(new RealTimeline(), async (runtime) => {
    await call(runtime, "echo", "background");
    strictEqual(runtime.pending, 1);
    await runtime.idle();
    strictEqual(runtime.pending, 0);
  }));

Deno.test("on a virtual clock handler.ts gets the platform of the timeline", async () => {
  const timeline = new VirtualTimeline(START);
  await withRuntime(timeline, async (runtime, logs) => {
    const response = await call(runtime, "echo");
    strictEqual(response.status, 202);
    strictEqual(await response.text(), "word");
    await runtime.idle();
    deepStrictEqual(logs.filter((line) => line.startsWith("echo:")), [
      "echo: from echo",
      "echo: woke at 2024-12-07T06:00:05.000Z",
    ]);
  });
});

Deno.test("close() restores the environment, the console and EdgeRuntime", async () => {
  const { log } = globalThis.console;
  await withRuntime(new RealTimeline(), () => Promise.resolve());
  strictEqual(Deno.env.get("WORD_OF_TEST"), undefined);
  strictEqual(globalThis.console.log, log);
  strictEqual("EdgeRuntime" in globalThis, false);
});
