/** The address file of a running stack: its ready line, in its data folder while it runs. */
import { join } from "node:path";
import { StackFailure } from "../lib/failure.ts";
import { Keys } from "./keys.ts";
import { functionEnv, type Ready } from "./stack.ts";

export interface RunningStack {
  readonly ready: Ready;
  /** Its functions' environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly startedAt: Date;
}

/** Only the owner may read the file, since it holds keys. */
export async function writeAddress(dataFolder: string, ready: Ready): Promise<void> {
  await Deno.writeTextFile(addressIn(dataFolder), JSON.stringify(ready), { mode: 0o600 });
}

export async function removeAddress(dataFolder: string): Promise<void> {
  await Deno.remove(addressIn(dataFolder)).catch(() => {});
}

export async function findStack(dataFolder: string): Promise<RunningStack> {
  try {
    const file = addressIn(dataFolder);
    const ready: Ready = JSON.parse(await Deno.readTextFile(file));
    const { mtime } = await Deno.stat(file);
    const keys = Keys.parse(JSON.parse(await Deno.readTextFile(join(dataFolder, "keys.json"))));
    return { ready, env: functionEnv(ready, keys), startedAt: mtime ?? new Date(0) };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new StackFailure(
      `Cannot find a running stack: ${dataFolder} must hold its address file, got none; ` +
        "start it with `deno task start`, or name its folder with --data",
    );
  }
}

function addressIn(dataFolder: string): string {
  return join(dataFolder, "address.json");
}
