/** Deletes what an earlier start kept in its data folder, except the keys, so that exported variables stay right. */
import { join } from "node:path";
import { StackFailure } from "../lib/failure.ts";
import { serverUsing } from "./postgres.ts";

const KEPT_FILES = ["address.json", "postgrest.log", "requests.log"];

export async function startOver(dataFolder: string): Promise<void> {
  const server = join(dataFolder, "server");
  const pid = await serverUsing(join(server, "data"));
  if (pid !== null) {
    throw new StackFailure(
      `Cannot start over in ${dataFolder}: no server may use it, got one that does (process ${pid}); ` +
        "stop the stack that uses it first",
    );
  }
  // The folder of a server that runs as another user is elsewhere.
  const elsewhere = await Deno.readLink(server).catch(() => undefined);
  const all = [...KEPT_FILES.map((name) => join(dataFolder, name)), server];
  for (const path of elsewhere === undefined ? all : [elsewhere, ...all]) {
    await Deno.remove(path, { recursive: true }).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }
}
