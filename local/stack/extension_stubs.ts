/**
 * Which of Supabase's extensions come from the server, and which are our stubs.
 *
 * The choice is made once for a data folder and kept: a real pg_cron that found the tables of the stub
 * would run every job a second time. With a virtual clock everything is a stub, since the real ones
 * know only the wall clock. The Vault always is: the real one wants a key of the server's.
 */
import { join } from "node:path";
import { z } from "zod";
import { StackFailure } from "../lib/failure.ts";
import { exists } from "../lib/exists.ts";
import type { PostgresBinaries } from "./postgres_binaries.ts";

const EXTENSION_STUBS = new URL("../extension/", import.meta.url);

const Extensions = z.object({
  /** Of the server; each needs its library loaded at start and the name of its one database. */
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
        `Cannot put a virtual clock on this data folder: it must have been made with one, got one ` +
          `made with the server's own ${
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

/** Copies the stubs that are wanted to where only they are seen, and says how the server finds them. */
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
    await Deno.copyFile(new URL(name, EXTENSION_STUBS), join(target, name));
  }
  return {
    [binaries.extensionSetting]: isControlPath ? `${folder}:$system` : folder,
    ...(real.length === 0 ? {} : { shared_preload_libraries: real.join(",") }),
    ...(real.includes("pg_cron") ? { "cron.database_name": "postgres" } : {}),
    ...(real.includes("pg_net") ? { "pg_net.database_name": "postgres" } : {}),
  };
}
