/** Who may import whom, and who may touch what: the design, held fast. */
import { deepStrictEqual, ok } from "node:assert/strict";
import { z } from "zod";
import {
  functionFolders,
  readJson,
  readSources,
  readText,
  readTexts,
  type Source,
} from "./support/sources.ts";

const FUNCTIONS = "supabase/functions/";
const SHARED = `${FUNCTIONS}_shared/`;
/** Pure folders: no clock, no network, no database, no environment. */
const PURE = [`${SHARED}attribution/`, `${SHARED}events/`, `${SHARED}text/`];

const deployed = await readSources("supabase/functions");
const others = await readSources("local", "tests");

const isPackage = (specifier: string) =>
  /^(?:npm:|@?[a-z][\w.-]*(?:\/|$))/.test(specifier) &&
  !specifier.includes(".ts") && !specifier.startsWith("node:");
const packageName = (specifier: string) =>
  specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/");

/** `path: what` for each thing in a file that breaks a rule. */
function findAll(
  sources: readonly Source[],
  find: (source: Source) => readonly string[],
): string[] {
  return sources.flatMap((source) => find(source).map((what) => `${source.path}: ${what}`));
}

const matches = (pattern: RegExp) => ({ code }: Source): string[] =>
  [...code.matchAll(pattern)].map(([text]) => text);

const folderOf = (path: string) => path.slice(FUNCTIONS.length).split("/")[0] ?? "";

Deno.test("a function imports itself, _shared, Node's modules and mapped packages", () => {
  ok(deployed.length > 20, "there are sources to look at");
  deepStrictEqual(
    findAll(deployed, ({ path, imports }) =>
      imports.filter((specifier) => {
        if (specifier.startsWith(FUNCTIONS)) {
          return ![folderOf(path), "_shared"].includes(folderOf(specifier));
        }
        return !specifier.startsWith("node:") && !isPackage(specifier);
      })),
    [],
  );
});

Deno.test("_shared imports no function, and nothing under supabase imports local/ or tests/", () => {
  deepStrictEqual(
    findAll(
      deployed,
      ({ path, imports }) =>
        imports.filter((specifier) =>
          /^(?:\.\.\/|local\/|tests\/)/.test(specifier) ||
          path.startsWith(SHARED) && specifier.startsWith(FUNCTIONS) &&
            !specifier.startsWith(SHARED)
        ),
    ),
    [],
  );
});

/** A folder of local/ imports itself and those above it in this list. */
const LOCAL = [
  ["lib"],
  ["clock"],
  ["braze_sandbox"],
  ["stack"],
  ["cli"],
  ["bundle", "demo", "doctor", "fixtures", "import", "migration", "status"],
  ["tasks"],
];

Deno.test("local/ imports no test, and its folders import downwards only", () => {
  const local = others.filter(({ path }) => path.startsWith("local/"));
  ok(local.length > 10, "there are sources to look at");
  const roomOf = (path: string) => path.split("/")[1] ?? "";
  const levelOf = (room: string) => LOCAL.findIndex((rooms) => rooms.includes(room));
  deepStrictEqual([...new Set(local.map(({ path }) => roomOf(path)))].sort(), LOCAL.flat().sort());
  deepStrictEqual(
    findAll(local, ({ path, imports }) =>
      imports.filter((specifier) => {
        if (!specifier.startsWith("local/")) return specifier.startsWith("tests/");
        const [from, to] = [roomOf(path), roomOf(specifier)];
        return from !== to && levelOf(to) >= levelOf(from);
      })),
    [],
  );
});

/** Folders of _shared, lowest first: each imports itself and those before it. */
const SHARED_FOLDERS = [
  "text",
  "runtime",
  "http",
  "attribution",
  "events",
  "braze",
  "auth",
  "store",
  "scheduling",
  "alerts",
  "function",
];

Deno.test("the folders of _shared import downwards only", () => {
  const shared = deployed.filter(({ path }) => path.startsWith(SHARED));
  const folder = (path: string) => path.slice(SHARED.length).split("/")[0] ?? "";
  const files = shared.filter(({ path }) => path !== `${SHARED}database.types.ts`);
  deepStrictEqual(
    [...new Set(files.map(({ path }) => folder(path)))].sort(),
    SHARED_FOLDERS.toSorted(),
  );
  deepStrictEqual(
    findAll(
      files,
      ({ path, imports }) =>
        imports.filter((specifier) =>
          specifier.startsWith(SHARED) && specifier !== `${SHARED}database.types.ts` &&
          SHARED_FOLDERS.indexOf(folder(specifier)) > SHARED_FOLDERS.indexOf(folder(path))
        ),
    ),
    [],
  );
});

Deno.test("code that only one function uses is in the folder of that function", async () => {
  const importsOf = new Map(deployed.map(({ path, imports }) => [path, imports]));
  const usersOf = new Map<string, Set<string>>();
  for (const name of await functionFolders()) {
    const reached = new Set<string>();
    const open = [`${FUNCTIONS}${name}/index.ts`];
    for (let path = open.pop(); path !== undefined; path = open.pop()) {
      if (reached.has(path)) continue;
      reached.add(path);
      open.push(...(importsOf.get(path) ?? []).filter((it) => it.startsWith(FUNCTIONS)));
    }
    for (const path of reached) usersOf.set(path, (usersOf.get(path) ?? new Set()).add(name));
  }
  deepStrictEqual(
    deployed.filter(({ path }) => path.startsWith(SHARED) && (usersOf.get(path)?.size ?? 0) < 2)
      .map(({ path }) => `${path}: ${[...usersOf.get(path) ?? []].join() || "nothing uses it"}`),
    [],
  );
});

Deno.test("no file imports itself through others, not even a type", async () => {
  const sources = await readSources(
    "supabase/functions",
    "local",
    "dashboard/src",
    "tests",
    "bench",
  );
  ok(sources.length > 500, "there are sources to look at");
  const importsOf = new Map(sources.map(({ path, imports }) => [path, imports]));
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (path: string, trail: readonly string[]) => {
    const from = trail.indexOf(path);
    if (from >= 0) circles.push([...trail.slice(from), path].join(" -> "));
    if (from >= 0 || done.has(path)) return;
    for (const next of importsOf.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of importsOf.keys()) visit(path, []);
  deepStrictEqual(circles, []);
});

Deno.test("the auditor of the simulation calls no code that it judges", () => {
  const auditor = others.filter(({ path }) => path.startsWith("tests/simulation/auditor/"));
  ok(auditor.length > 5, "there are sources to look at");
  deepStrictEqual(
    findAll(
      auditor,
      ({ imports }) => imports.filter((specifier) => specifier.startsWith(FUNCTIONS)),
    ),
    [],
  );
});

Deno.test("attribution, events and text are pure", () => {
  const pure = deployed.filter(({ path }) => PURE.some((folder) => path.startsWith(folder)));
  ok(pure.length >= 8, "there are sources to look at");
  deepStrictEqual(
    [
      ...findAll(
        pure,
        matches(/\bDeno\.|\bDate\.now\b|\bnew Date\(\)|\bfetch\(|\basync\b|\bawait\b/g),
      ),
      ...findAll(
        pure,
        ({ imports }) =>
          imports.filter((specifier) =>
            specifier.startsWith("@supabase/") || specifier.startsWith("node:fs") ||
            specifier.startsWith(SHARED) &&
              /\/(?:store|braze|runtime|function|http|auth)\//.test(specifier)
          ),
      ),
    ],
    [],
  );
});

Deno.test("only the clock reads the time, and nothing is random", () => {
  deepStrictEqual(
    findAll(
      deployed.filter(({ path }) => path !== `${SHARED}runtime/clock.ts`),
      matches(
        /\bDate\.now\b|\bnew Date\(\)|\bDate\(\)|\bset(?:Timeout|Interval)\b|\bMath\.random\b|\bperformance\.|\bAbortSignal\.timeout\b/g,
      ),
    ),
    [],
  );
});

Deno.test("only the platform reads the environment and writes output, and only index.ts imports it", () => {
  deepStrictEqual(
    findAll(
      deployed.filter(({ path }) => path !== `${SHARED}runtime/platform.ts`),
      (source) => [
        ...matches(
          /\bDeno\.[a-zA-Z.]+|\bconsole\.|\bEdgeRuntime\b|\bprocess\.env\b|\bglobalThis\.fetch\b(?!;)/g,
        )(
          source,
        ),
        ...(/\bhosted\b/.test(source.code) && !source.path.endsWith("/index.ts") ? ["hosted"] : []),
      ],
    ),
    [],
  );
});

Deno.test("only store/ calls the database", () => {
  deepStrictEqual(
    findAll(
      deployed.filter(({ path }) => !path.startsWith(`${SHARED}store/`)),
      matches(/\.rpc\(|\.from\(\s*["'][a-z_]+["']\s*\)|\brpc\.call\(|\.schema\(/g),
    ),
    [],
  );
});

Deno.test("only braze/ names the paths of Braze", () => {
  const paths = matches(/["'`]\/(?:campaigns|messages|sends|segments|canvas|users)\/[a-z_/]*/g);
  deepStrictEqual(
    findAll(deployed.filter(({ path }) => !path.startsWith(`${SHARED}braze/`)), paths),
    [],
  );
  ok(findAll(deployed, paths).length > 5, "the pattern finds them where they are");
});

Deno.test("packages are imported from npm, by the names of the import map", () => {
  deepStrictEqual(
    findAll(
      [...deployed, ...others],
      ({ imports }) => imports.filter((specifier) => /^(?:jsr:|npm:|https?:)/.test(specifier)),
    ),
    [],
  );
});

Deno.test("index.ts is wiring only", async () => {
  for (const name of await functionFolders()) {
    const code = deployed.find(({ path }) => path === `${FUNCTIONS}${name}/index.ts`)?.code ?? "";
    deepStrictEqual(code.trim().split("\n"), [
      `import { connect } from "../_shared/function/dependencies.ts";`,
      `import { hosted } from "../_shared/runtime/platform.ts";`,
      `import { createHandler } from "./handler.ts";`,
      "",
      `export default { fetch: createHandler(connect(hosted, "${name}")) };`,
    ]);
  }
});

/** These do not test a module, but files of other kinds, or every entry of a folder at once. */
const UNIT_TESTS_OF_NO_MODULE = [
  "tests/unit/braze/templates_test.ts",
  "tests/unit/channels_page_test.ts",
  "tests/unit/local/tasks/tasks_test.ts",
  "tests/unit/workflows_test.ts",
];

Deno.test("a unit test is at the path of the module it tests: MODULE_test.ts or MODULE_ASPECT_test.ts", async () => {
  const modules = new Set(
    (await readSources("supabase/functions", "local", "tests", "bench", "dashboard/src"))
      .map(({ path }) => path.replace(FUNCTIONS, "").replace(/\.tsx?$/, "")),
  );
  const misplaced = others.map(({ path }) => path)
    .filter((path) => path.startsWith("tests/unit/") && path.endsWith("_test.ts"))
    .filter((path) => {
      const words = path.slice("tests/unit/".length, -"_test.ts".length).split("_");
      return !words.some((_, index) => modules.has(words.slice(0, index + 1).join("_")));
    });
  deepStrictEqual(misplaced, UNIT_TESTS_OF_NO_MODULE);
});

Deno.test("a database test is named as the SQL function or view that it tests", async () => {
  const schemas = await readTexts("supabase/schemas", ".sql");
  const created = new Set(
    schemas.flatMap((text) => [
      ...text.matchAll(/^create (?:or replace )?(?:function|view) \w+\.(\w+)/gm),
    ]).map(([, name]) => name),
  );
  ok(created.size > 80, "there are functions to look at");
  deepStrictEqual(
    others.map(({ path }) => /^tests\/database\/([^/]+)_test\.ts$/.exec(path)?.[1])
      .filter((name) => name !== undefined && !created.has(name)),
    [],
  );
});

const ImportMap = z.object({ imports: z.record(z.string(), z.string()) });

Deno.test("each function's deno.json maps what is imported, and as the root does", async () => {
  const root = ImportMap.parse(await readJson("deno.json")).imports;
  for (const name of await functionFolders()) {
    const { imports } = ImportMap.parse(await readJson(`${FUNCTIONS}${name}/deno.json`));
    const used = new Set(
      deployed.filter(({ path }) => ["_shared", name].includes(folderOf(path)))
        .flatMap(({ imports }) => imports.filter(isPackage).map(packageName)),
    );
    deepStrictEqual(Object.keys(imports).sort(), [...used].sort(), `${name} maps what is used`);
    for (const [specifier, target] of Object.entries(imports)) {
      deepStrictEqual(target, root[specifier], `${name} maps ${specifier} as the root does`);
      ok(/^npm:.+@\d+\.\d+\.\d+$/.test(target), `${specifier} is pinned, got ${target}`);
    }
  }
});

Deno.test("config.toml names every function and leaves the check of callers to the code", async () => {
  const config = await readText("supabase/config.toml");
  const named = [...config.matchAll(/^\[functions\.([a-z-]+)\]$/gm)].map(([, name]) => name);
  deepStrictEqual(named.sort(), await functionFolders());
  for (const name of named) {
    ok(
      config.includes(
        `[functions.${name}]\nverify_jwt = false\n` +
          `import_map = "./functions/${name}/deno.json"\nentrypoint = "./functions/${name}/index.ts"\n`,
      ),
      `${name} is configured as the others`,
    );
  }
});
