/** The project's files, read once, so that edits during a run have no effect. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { StackFailure } from "../../local/lib/failure.ts";
import type { ReadText } from "./apply.ts";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** By path. */
export type Project = ReadonlyMap<string, Uint8Array>;

/** The files that git tracks or would add. */
export async function readProject(): Promise<Project> {
  const { success, stdout, stderr } = await new Deno.Command("git", {
    args: ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"],
    cwd: ROOT,
  }).output();
  const decoder = new TextDecoder();
  if (!success) throw new StackFailure(`Cannot copy the project: ${decoder.decode(stderr).trim()}`);
  const project = new Map<string, Uint8Array>();
  for (const file of decoder.decode(stdout).split("\0").sort()) {
    if (file === "") continue;
    try {
      project.set(file, await Deno.readFile(join(ROOT, file)));
    } catch (error) {
      // Git still lists a file whose deletion is not committed.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return project;
}

export function textsOf(project: Project): ReadText {
  const decoder = new TextDecoder();
  return (file) => {
    const bytes = project.get(file);
    if (bytes !== undefined) return decoder.decode(bytes);
    throw new StackFailure(`Cannot mutate ${file}: it must be a file of the project, got none`);
  };
}
