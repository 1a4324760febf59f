/** A temporary folder for a server's files: in memory if there is room, since cloning a database writes hundreds of files. */
import { statfs } from "node:fs/promises";
import { join } from "node:path";
import { exists } from "./exists.ts";

const PREFIX = "braze-push-";
/** The file with the id of the process that owns the folder. */
const OWNER = "owner.pid";
const MEMORY = "/dev/shm";
/** More than a demo or a full run of the tests needs. A container's usual 64 MB is not enough. */
const FREE_BYTES_MIN = 1_073_741_824;

export async function makeTemporaryFolder(): Promise<string> {
  const options = await hasRoom(MEMORY) ? { dir: MEMORY } : {};
  const folder = await Deno.makeTempDir({ prefix: PREFIX, ...options });
  await Deno.writeTextFile(join(folder, OWNER), String(Deno.pid));
  // An unprivileged server has to enter the folder; files with secrets have their own permissions.
  await Deno.chmod(folder, 0o755);
  await sweep(join(folder, ".."));
  return folder;
}

/** Removes the folders of killed processes, which would occupy memory. */
async function sweep(parent: string): Promise<void> {
  if (Deno.build.os !== "linux") return;
  for await (const { name } of Deno.readDir(parent)) {
    if (!name.startsWith(PREFIX)) continue;
    const folder = join(parent, name);
    const owner = await Deno.readTextFile(join(folder, OWNER)).catch(() => "");
    if (owner === "" || await exists(`/proc/${owner}`)) continue;
    // Another process may remove it at the same time.
    await Deno.remove(folder, { recursive: true }).catch(() => {});
  }
}

async function hasRoom(folder: string): Promise<boolean> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize >= FREE_BYTES_MIN;
  } catch {
    return false;
  }
}
