/** A throw-away folder for a server's files: in memory where there is room, since cloning a database writes hundreds of files. */
import { statfs } from "node:fs/promises";

const MEMORY = "/dev/shm";
/** What a demo or a full run of the tests stays well under. A container's usual 64 MB would not do. */
const FREE_BYTES_MIN = 1_073_741_824;

export async function makeTemporaryFolder(): Promise<string> {
  const folder = await Deno.makeTempDir({
    prefix: "braze-push-",
    ...(await hasRoom(MEMORY) ? { dir: MEMORY } : {}),
  });
  // Open to enter, since an unprivileged server lives in it; what is secret in it is closed by itself.
  await Deno.chmod(folder, 0o755);
  return folder;
}

async function hasRoom(folder: string): Promise<boolean> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize >= FREE_BYTES_MIN;
  } catch {
    return false;
  }
}
