/** What the deployed files hold: the packages that run, and none besides. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { bundleFunction, configOfBundles, functionNames } from "../../../../local/bundle/bundle.ts";
import { readText } from "../../../support/sources.ts";

const bundles = await Promise.all((await functionNames()).map(bundleFunction));

/** What each of them needs: to call the database, to read what comes in, to verify who calls. */
const EVERYWHERE = [
  "@stablelib/base64",
  "@supabase/auth-js",
  "@supabase/functions-js",
  "@supabase/phoenix",
  "@supabase/postgrest-js",
  "@supabase/realtime-js",
  "@supabase/storage-js",
  "@supabase/supabase-js",
  "date-fns",
  "fast-sha256",
  "iceberg-js",
  "jose",
  "standardwebhooks",
  "tslib",
  "zod",
];
/** A worker's source that realtime-js carries as text. No function starts it. */
const WORKER = /`\s*addEventListener\("message"[^`]*`/g;
const DIRECT_CONNECTION = /^(?:pg|pg-[a-z0-9-]+|pgpass|postgres-[a-z]+|split2|xtend)$/;

Deno.test("a bundle holds the packages that its function uses, and no others", () => {
  for (const { functionName, packages } of bundles) {
    const others = packages.filter((name) => !DIRECT_CONNECTION.test(name));
    deepStrictEqual([functionName, others], [functionName, EVERYWHERE]);
    strictEqual(packages.includes("pg"), functionName === "braze-webhook");
  }
});

Deno.test("the send gate, which a push waits for, has the smallest bundle", () => {
  const [smallest, next] = bundles.toSorted((a, b) => a.bytes - b.bytes);
  strictEqual(smallest?.functionName, "braze-send-gate");
  ok(smallest.bytes < next!.bytes);
});

Deno.test("a bundle imports nothing but modules of Node, and exports what the platform calls", () => {
  for (const { functionName, code } of bundles) {
    const imported = [...code.matchAll(/(?:\bfrom|\bimport)\s*\(?["`]([@\w./:-]+)["`]/g)];
    const others = imported.map(([, name = ""]) => name).filter((name) =>
      !name.startsWith("node:")
    );
    deepStrictEqual([functionName, others], [functionName, []]);
    match(code.slice(-100), /export\s*\{\s*[\w$]+ as default\s*\}/);
  }
});

Deno.test("a bundle imports what Node has for global: the platform's Deno has it only inside packages", () => {
  const free =
    /(?<![\w$.{,"'`]|or )(?:Buffer|global|(?:set|clear)(?:Timeout|Interval|Immediate))(?=[.(,;)\[])/;
  match("e=setTimeout(f,1)", free);
  for (const { functionName, code } of bundles) {
    strictEqual(code.match(WORKER)?.length, 1);
    deepStrictEqual(
      [functionName, free.exec(code.replace(WORKER, ""))?.[0]],
      [functionName, undefined],
    );
  }
});

Deno.test("the configuration of the bundles names each of them, and no import map", async () => {
  const config = await readText("supabase/config.toml");
  const written = configOfBundles(config);
  const entries = [...written.matchAll(/^entrypoint = "\.\/functions\/(.+)\/index\.js"$/gm)];
  deepStrictEqual(
    entries.map(([, name]) => name).sort(),
    bundles.map(({ functionName }) => functionName),
  );
  ok(!written.includes("import_map") && !written.includes("index.ts"));
  strictEqual(written.match(/verify_jwt = false/g)?.length, bundles.length);
});
