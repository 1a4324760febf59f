/** A copy of the project that may be broken. */
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { makeTemporaryFolder } from "../../local/lib/temporary_folder.ts";
import { type Project, ROOT } from "./project.ts";

export interface Copy {
  readonly folder: string;
  readonly migrations: URL;
  /** Makes it the project again, but for these texts. */
  renew(texts?: ReadonlyMap<string, string>): Promise<void>;
  remove(): Promise<void>;
}

/** Always at the same place, so that what was compiled of unchanged files need not be compiled again. */
export async function createCopy(project: Project): Promise<Copy> {
  const parent = await makeTemporaryFolder();
  const folder = join(parent, "project");
  return {
    folder,
    migrations: pathToFileURL(join(folder, "supabase/migrations/")),
    async renew(texts = new Map()) {
      await Deno.remove(folder, { recursive: true }).catch(() => {});
      await Deno.mkdir(folder);
      await Deno.symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
      for (const [file, bytes] of project) {
        await Deno.mkdir(dirname(join(folder, file)), { recursive: true });
        const text = texts.get(file);
        if (text === undefined) await Deno.writeFile(join(folder, file), bytes);
        else await Deno.writeTextFile(join(folder, file), text);
      }
    },
    async remove() {
      await Deno.remove(parent, { recursive: true });
    },
  };
}
