/** One seed for all that is drawn at random, told, so that a run can be run again: SEED=… deno task test tests/security */
import { createWriter } from "../../../local/cli/writer.ts";

export const SEED = Number(Deno.env.get("SEED") ?? 20_241_207);

/** Beside the results, whether or not something fails. */
export function tell(line: string): void {
  createWriter(Deno.stdout).line(line);
}
