/** Third-party packages: named by exact versions, locked by their contents, under licences that allow our use. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { z } from "zod";
import { isAllowed, listOf, readLicences } from "../../local/lib/licences.ts";
import { functionFolders, readJson, readText } from "../support/sources.ts";

const EXACT = /^npm:(@[\w.-]+\/)?[\w.-]+@\d+\.\d+\.\d+(-[\w.]+)?$/;

const Config = z.object({
  imports: z.record(z.string(), z.string()),
  allowScripts: z.array(z.string()).default([]),
  lock: z.unknown().optional(),
});
const Lock = z.object({
  specifiers: z.record(z.string(), z.string()),
  npm: z.record(
    z.string(),
    z.object({ integrity: z.string(), scripts: z.boolean().default(false) }),
  ),
});
const lock = Lock.parse(await readJson("deno.lock"));
const config = Config.parse(await readJson("deno.json"));

/** Whether Deno accepts a configuration and a lockfile without any change. */
async function isFrozen(deno: unknown, locked: string): Promise<boolean> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(join(folder, "deno.json"), JSON.stringify(deno));
    await Deno.writeTextFile(join(folder, "deno.lock"), locked);
    const { success } = await new Deno.Command(Deno.execPath(), {
      args: ["install", "--frozen", "--node-modules-dir=none"],
      cwd: folder,
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("the lockfile contains all imported packages and no others", async () => {
  const { imports } = config;
  const text = await readText("deno.lock");
  strictEqual(await isFrozen({ imports }, text), true);
  const { jose: _, ...less } = imports;
  strictEqual(await isFrozen({ imports: less }, text), false, "Deno looks at it");
  deepStrictEqual(Object.keys(lock.specifiers).sort(), Object.values(imports).sort());
});

Deno.test("no command adds to the lockfile by itself", () => {
  // Otherwise a run would lock a missing package before a test could notice.
  deepStrictEqual(config.lock, { frozen: true });
});

Deno.test("every package is locked by its contents", () => {
  ok(Object.keys(lock.npm).length > 40, "there are packages to look at");
  for (const [name, { integrity }] of Object.entries(lock.npm)) {
    match(integrity, /^sha512-[A-Za-z0-9+/]{86}==$/, name);
  }
});

Deno.test("every import map names exact versions", async () => {
  const maps = ["deno.json"];
  for (const name of await functionFolders()) maps.push(`supabase/functions/${name}/deno.json`);
  for (const path of maps) {
    for (const [name, target] of Object.entries(Config.parse(await readJson(path)).imports)) {
      match(target, EXACT, `${name} in ${path}`);
    }
  }
});

Deno.test("no package but the one of the local server runs a script when it is installed", () => {
  const scripts = Object.entries(lock.npm).filter(([, { scripts }]) => scripts);
  deepStrictEqual(scripts.map(([name]) => `npm:${name}`), config.allowScripts);
});

Deno.test("tools are called by exact versions too", async () => {
  const wrong: string[] = [];
  let called = 0;
  for (
    const path of [
      "README.md",
      ".ci/run",
      "local/tasks/types.ts",
      "local/cli/flags.ts",
    ]
  ) {
    for (
      const [, tool = ""] of (await readText(path)).matchAll(
        /\bnpx -y (?:--prefer-offline )?([^\s"'`]+)/g,
      )
    ) {
      called++;
      if (!/^[a-z]+@\d+\.\d+\.\d+$/.test(tool)) wrong.push(`${path}: ${tool}`);
    }
  }
  ok(called > 5, `${called} calls`);
  deepStrictEqual(wrong, []);
});

Deno.test("docs/licences.md lists every package, and each licence is an allowed one", async () => {
  const packages = await readLicences();
  const listed = new Set(packages.map(({ name, version }) => `${name}@${version}`));
  for (const name of Object.values(config.imports)) ok(listed.has(name.replace(/^npm:/, "")), name);
  // After the version, the lockfile names the peers of a package.
  const left = Object.keys(lock.npm).map((key) => key.replace(/(@[0-9][^_]*)_.*$/, "$1"))
    .filter((key) => !listed.has(key));
  ok(left.length < 20, `${left}`);
  // A build of a listed package for another platform, or a dependency of such a build only.
  for (const key of left) match(key, /^@(rolldown\/binding|emnapi|napi-rs|tybys)/);
  strictEqual(await readText("docs/licences.md"), listOf(packages), "run `deno task licences`");
  deepStrictEqual(packages.filter((each) => !isAllowed(each)), []);
  ok(packages.some(({ name, isDeployed }) => name === "fast-sha256" && isDeployed));
  ok(packages.some(({ name, isDeployed }) => name === "postgres" && !isDeployed));
});
