/**
 * Chooses between the server's own extensions and our stubs.
 *
 * The choice is made once for a data folder and kept: a real pg_cron with the tables of the stub would run every job a
 * second time. With a virtual clock all extensions are stubs, since the real ones use the wall clock. The Vault is always
 * a stub, since the real one needs a key of the server.
 */
import { join } from "node:path";
import { z } from "zod";
import { StackFailure } from "../lib/failure.ts";
import { exists } from "../lib/exists.ts";
import type { PostgresBinaries } from "./postgres_binaries.ts";

const EXTENSION_STUBS = new URL("../extension/", import.meta.url);

const Extensions = z.object({
  /** The server's own extensions; each needs its library loaded at start and the name of its one database. */
  real: z.array(z.enum(["pg_cron", "pg_net"])),
});
export type Extensions = z.infer<typeof Extensions>;

export async function chooseExtensions(
  file: string,
  binaries: PostgresBinaries,
  options: { readonly virtualClock: boolean; readonly preferExtensionStubs: boolean },
): Promise<Extensions> {
  const { virtualClock, preferExtensionStubs } = options;
  if (await exists(file)) {
    const kept = Extensions.parse(JSON.parse(await Deno.readTextFile(file)));
    if (virtualClock && kept.real.length > 0) {
      throw new StackFailure(
        `Cannot use a virtual clock with this data folder: it must have been created with one, got one ` +
          `created with the server's own ${
            kept.real.join(" and ")
          }; choose --ephemeral or another --data`,
      );
    }
    return kept;
  }
  const real: Extensions["real"] = [];
  for (const name of ["pg_cron", "pg_net"] as const) {
    if (virtualClock || preferExtensionStubs) break;
    if (await exists(join(binaries.extensionFolder, `${name}.control`))) real.push(name);
  }
  await Deno.writeTextFile(file, JSON.stringify({ real }));
  return { real };
}

/** Copies the chosen stubs to a folder of their own, and returns the settings by which the server finds them. */
export async function installExtensionStubs(
  folder: string,
  binaries: PostgresBinaries,
  { real }: Extensions,
): Promise<Record<string, string>> {
  const isControlPath = binaries.extensionSetting === "extension_control_path";
  const target = isControlPath ? join(folder, "extension") : join(folder, binaries.extensionFolder);
  await Deno.remove(folder, { recursive: true }).catch(() => {});
  await Deno.mkdir(target, { recursive: true });
  for await (const { name } of Deno.readDir(EXTENSION_STUBS)) {
    if (real.some((extension) => name.startsWith(extension))) continue;
    // A copy would keep the permissions of a clone that was made under a strict umask.
    await Deno.writeFile(join(target, name), await Deno.readFile(new URL(name, EXTENSION_STUBS)));
  }
  return {
    [binaries.extensionSetting]: isControlPath ? `${folder}:$system` : folder,
    ...(real.length === 0 ? {} : { shared_preload_libraries: real.join(",") }),
    ...(real.includes("pg_cron") ? { "cron.database_name": "postgres" } : {}),
    ...(real.includes("pg_net") ? { "pg_net.database_name": "postgres" } : {}),
  };
}
