/**
 * Chooses the folder and the user of the database server.
 *
 * Postgres refuses to run as root, so for root it runs as an unprivileged user who owns its folder. If that user cannot
 * enter the data folder (a clone under /root), the server's folder is in /var/tmp instead.
 */
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { type Identity, run } from "../lib/child_process.ts";
import { explainOutput } from "../lib/explain.ts";
import { StackFailure } from "../lib/failure.ts";
import { exists } from "../lib/exists.ts";
import type { PostgresBinaries } from "./postgres_binaries.ts";

/** Tried in this order; nearly every Linux has both. */
const UNPRIVILEGED = ["postgres", "nobody"];

export interface DataDirectory {
  readonly folder: string;
  readonly identity: Identity | undefined;
  readonly binaries: PostgresBinaries;
}

export async function prepareDataDirectory(
  dataFolder: string,
  binaries: PostgresBinaries,
): Promise<DataDirectory> {
  const folder = join(dataFolder, "server");
  if (Deno.uid() !== 0) {
    await Deno.mkdir(folder, { recursive: true });
    return { folder, identity: undefined, binaries };
  }

  // A strict umask would hide what this process writes for the server's user; secrets have their own permissions.
  Deno.umask(0o022);
  const identity = await unprivileged(folder);
  const isOpen = await canEnter(identity, dataFolder);
  const directory = isOpen ? folder : join(
    "/var/tmp",
    `braze-push-${createHash("sha256").update(dataFolder).digest("hex").slice(0, 12)}`,
  );
  if (!isOpen) await claimElsewhere(folder, directory);
  await Deno.mkdir(directory, { recursive: true });
  await Deno.chown(directory, identity.uid, identity.gid);
  const open = await canRead(identity, binaries.postgres)
    ? binaries
    : await copyBinaries(binaries, directory);
  return { folder: directory, identity, binaries: open };
}

/** A link in the data folder marks the other folder as ours; without the link, that folder belonged to a deleted data folder. */
async function claimElsewhere(link: string, directory: string): Promise<void> {
  const target = await Deno.readLink(link).catch(() => undefined);
  if (target === directory) return;
  await Deno.remove(directory, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  await Deno.symlink(directory, link);
}

/** The owner of the server's folder if there is one, so that a start as root does not change it. */
async function unprivileged(folder: string): Promise<Identity> {
  const owner = await Deno.stat(folder).catch(() => undefined);
  if (owner !== undefined && owner.uid !== null && owner.gid !== null && owner.uid !== 0) {
    return { uid: owner.uid, gid: owner.gid };
  }
  const users = (await Deno.readTextFile("/etc/passwd")).split("\n").map((line) => line.split(":"));
  for (const name of UNPRIVILEGED) {
    const [, , uid, gid] = users.find(([user]) => user === name) ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new StackFailure(
    `Cannot start Postgres as root: the machine must have a user ${UNPRIVILEGED.join(" or ")}, ` +
      "got neither; start as another user",
  );
}

async function canEnter(identity: Identity, folder: string): Promise<boolean> {
  return (await run(["/bin/sh", "-c", 'test -x "$1"', "sh", folder], identity)).ok;
}

async function canRead(identity: Identity, binary: string): Promise<boolean> {
  return (await run(["/bin/sh", "-c", 'test -x "$1" && test -r "$1"', "sh", binary], identity)).ok;
}

async function copyBinaries(
  binaries: PostgresBinaries,
  directory: string,
): Promise<PostgresBinaries> {
  const from = join(dirname(binaries.postgres), "..");
  const to = join(directory, `postgres-${binaries.major}`);
  if (!await exists(to)) {
    const copied = await run(["cp", "-R", "-P", from, to]);
    if (!copied.ok) {
      throw explainOutput(`copy ${from} to ${to}`, copied.stderr) ??
        new StackFailure(`Cannot copy ${from} to ${to}: cp must succeed, got ${copied.stderr}`);
    }
    // A clone that was made under a strict umask has files for its owner only.
    await run(["chmod", "-R", "a+rX", to]);
  }
  const inCopy = (path: string) => path.replace(from, to);
  return {
    ...binaries,
    postgres: inCopy(binaries.postgres),
    initdb: inCopy(binaries.initdb),
    extensionFolder: inCopy(binaries.extensionFolder),
  };
}
