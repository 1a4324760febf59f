/** One printed seed for all random values, so that a run can be repeated: SEED=… deno task test tests/security */
import { createWriter } from "../../../local/cli/writer.ts";

export const SEED = Number(Deno.env.get("SEED") ?? 20_241_207);

/** Prints a line beside the results, even if no test fails. */
export function printLine(line: string): void {
  createWriter(Deno.stdout).line(line);
}
