/** A copy of the project, for mutations. */
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { BASELINE, writeBaseline } from "../../local/migration/baseline.ts";
import { readSchemas } from "../../local/migration/schemas.ts";
import { makeTemporaryFolder } from "../../local/lib/temporary_folder.ts";
import { type Project, ROOT } from "./project.ts";

const MIGRATIONS = "supabase/migrations/";

export interface Copy {
  readonly folder: string;
  /** One migration, generated from the schemas of the copy. */
  readonly migrations: URL;
  /** Restores the project's files, except for these texts. */
  renew(texts?: ReadonlyMap<string, string>): Promise<void>;
  remove(): Promise<void>;
}

/** Each renewal uses the same folder, so that unchanged files are not compiled again. */
export async function createCopy(project: Project): Promise<Copy> {
  const parent = await makeTemporaryFolder();
  const folder = join(parent, "project");
  const migrations = pathToFileURL(join(folder, MIGRATIONS));
  const schemas = pathToFileURL(join(folder, "supabase/schemas/"));
  return {
    folder,
    migrations,
    async renew(texts = new Map()) {
      await Deno.remove(folder, { recursive: true }).catch(() => {});
      await Deno.mkdir(folder);
      await Deno.symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
      for (const [file, bytes] of project) {
        if (file.startsWith(MIGRATIONS)) continue;
        await Deno.mkdir(dirname(join(folder, file)), { recursive: true });
        const text = texts.get(file);
        if (text === undefined) await Deno.writeFile(join(folder, file), bytes);
        else await Deno.writeTextFile(join(folder, file), text);
      }
      await Deno.mkdir(migrations, { recursive: true });
      const baseline = writeBaseline(await readSchemas(schemas));
      await Deno.writeTextFile(new URL(BASELINE, migrations), baseline);
    },
    async remove() {
      await Deno.remove(parent, { recursive: true });
    },
  };
}
