/** The project's own sources, as the layer test reads them. */
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

export interface Source {
  /** From the root of the project, with forward slashes. */
  readonly path: string;
  /** Without comments, so that the explanation of a rule does not break it. */
  readonly code: string;
  /** Its imports: project files as paths from the root, others unchanged. */
  readonly imports: readonly string[];
}

export async function readSources(...folders: readonly string[]): Promise<Source[]> {
  const paths = (await Promise.all(folders.map((folder) => listFiles(folder)))).flat();
  return await Promise.all(
    paths.filter((path) => /\.tsx?$/.test(path)).sort().map(async (path) => {
      const code = withoutComments(await Deno.readTextFile(join(ROOT, path)));
      return { path, code, imports: importsOf(path, code) };
    }),
  );
}

export async function readJson(path: string): Promise<unknown> {
  return JSON.parse(await Deno.readTextFile(join(ROOT, path)));
}

export function readText(path: string): Promise<string> {
  return Deno.readTextFile(join(ROOT, path));
}

/** The texts of all files under a folder whose names end so. */
export async function readTexts(folder: string, ending: string): Promise<string[]> {
  const paths = (await listFiles(folder)).filter((path) => path.endsWith(ending));
  return await Promise.all(paths.map(readText));
}

/** The folders under supabase/functions that are deployed. */
export async function functionFolders(): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(join(ROOT, "supabase/functions")));
  return entries.filter(({ name, isDirectory }) => isDirectory && !name.startsWith("_"))
    .map(({ name }) => name).sort();
}

async function listFiles(folder: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(join(ROOT, folder)));
  // The bench installs the packages of its contestants inside its folder.
  const own = entries.filter(({ name }) => name !== "node_modules");
  const nested = await Promise.all(
    own.map(({ name, isDirectory }) => {
      const path = `${folder}/${name}`;
      return isDirectory ? listFiles(path) : Promise.resolve([path]);
    }),
  );
  return nested.flat();
}

function withoutComments(source: string): string {
  return source.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/(^|\s)\/\/.*$/gm, "$1");
}

function importsOf(path: string, code: string): string[] {
  const specifiers = [
    ...code.matchAll(/^\s*(?:import|export)\b[^;"']*?\bfrom\s*["']([^"']+)["']/gm),
    ...code.matchAll(/^\s*import\s*["']([^"']+)["']/gm),
    ...code.matchAll(/\bimport\(\s*["']([^"']+)["']\s*\)/g),
  ].map(([, specifier = ""]) => specifier);
  return specifiers.map((specifier) =>
    specifier.startsWith(".")
      ? relative(ROOT, join(ROOT, dirname(path), specifier)).replaceAll("\\", "/")
      : specifier
  );
}
