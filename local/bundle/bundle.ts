/**
 * Bundles each edge function to one file, as it is deployed.
 *
 * The platform's own bundler embeds every npm package whole, 25 MB of them; these files hold only what is used.
 */
import { fileURLToPath } from "node:url";
import { build } from "rolldown";

const ROOT = new URL("../../", import.meta.url);
const FUNCTIONS = new URL("supabase/functions/", ROOT);
/** A folder that the Supabase CLI takes for a project. */
export const BUNDLES = new URL("bundle/", ROOT);

/**
 * What npm packages take for global, as Node has it. The platform's Deno has these only inside packages, and a bundle is
 * none: at its first connection `pg` would find no Buffer, and a timer that is only a number ends the process.
 */
const NODE_GLOBALS = {
  Buffer: ["node:buffer", "Buffer"],
  process: ["node:process", "default"],
  ...Object.fromEntries(
    ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "setImmediate", "clearImmediate"]
      .map((name): [string, [string, string]] => [name, ["node:timers", name]]),
  ),
} satisfies Record<string, [module: string, name: string]>;

export interface Bundle {
  readonly functionName: string;
  readonly code: string;
  readonly bytes: number;
  /** The npm packages of which some code is in it. */
  readonly packages: readonly string[];
}

export async function functionNames(): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(FUNCTIONS));
  return entries.filter(({ name, isDirectory }) => isDirectory && !name.startsWith("_"))
    .map(({ name }) => name).sort();
}

export async function bundleFunction(functionName: string): Promise<Bundle> {
  const { output: [main, ...more] } = await build({
    cwd: fileURLToPath(ROOT),
    input: `supabase/functions/${functionName}/index.ts`,
    // Modules of Node stay imports: the edge runtime has them.
    platform: "node",
    write: false,
    logLevel: "warn",
    transform: { target: "es2022", inject: NODE_GLOBALS, define: { global: "globalThis" } },
    output: { format: "esm", minify: true, codeSplitting: false },
  });
  if (more.length > 0) {
    throw new Error(`Cannot bundle ${functionName}: it must be one file, got ${more.length + 1}`);
  }
  return {
    functionName,
    code: main.code,
    bytes: new TextEncoder().encode(main.code).length,
    packages: packagesIn(main.modules),
  };
}

function packagesIn(modules: Readonly<Record<string, { readonly renderedLength: number }>>) {
  const names = Object.entries(modules).flatMap(([id, { renderedLength }]) => {
    const name = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(id)?.[1];
    return name === undefined || renderedLength === 0 ? [] : [name];
  });
  return [...new Set(names)].sort();
}

/** Writes `folder/supabase`: the bundles, and a configuration that names them. */
export async function writeBundles(folder: URL = BUNDLES): Promise<Bundle[]> {
  const supabase = new URL("supabase/", folder);
  await Deno.remove(supabase, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  const bundles: Bundle[] = [];
  for (const functionName of await functionNames()) {
    const bundle = await bundleFunction(functionName);
    const own = new URL(`functions/${functionName}/`, supabase);
    await Deno.mkdir(own, { recursive: true });
    await Deno.writeTextFile(new URL("index.js", own), bundle.code);
    bundles.push(bundle);
  }
  const config = await Deno.readTextFile(new URL("supabase/config.toml", ROOT));
  await Deno.writeTextFile(new URL("config.toml", supabase), configOfBundles(config));
  return bundles;
}

/** The bundles import no package, so they need no import map. */
export function configOfBundles(config: string): string {
  return config
    .replaceAll(/^import_map = .*\n/gm, "")
    .replaceAll(/^(entrypoint = ".*\/index)\.ts"$/gm, '$1.js"');
}
