/** Every request and every line of the functions since the start, in a file of the data folder. */
import { join } from "node:path";
import { createWriter, type Writer } from "./writer.ts";

/** The file is made with the first line. When it cannot be written, as on a full disk, that is said once. */
export function openRequestLog(
  dataFolder: string,
  onProblem: (message: string) => void,
): Writer & { readonly path: string } {
  const path = join(dataFolder, "requests.log");
  let writer: Writer | undefined;
  let isBroken = false;
  return {
    path,
    line(text) {
      if (isBroken) return;
      try {
        writer ??= createWriter(
          Deno.openSync(path, { write: true, create: true, truncate: true, mode: 0o600 }),
        );
        writer.line(text);
      } catch (error) {
        isBroken = true;
        onProblem(
          `Cannot write ${path}: it must take every request, got "${
            error instanceof Error ? error.message : error
          }"; the stack goes on without it`,
        );
      }
    },
  };
}
