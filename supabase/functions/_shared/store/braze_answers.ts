/** How Braze answered the calls of a run. */
import { z } from "zod";
import type { FunctionName } from "../auth/callers.ts";
import type { BrazeAnswer } from "../braze/tally.ts";
import { snakeCase } from "../text/camel_case.ts";
import type { Rpc } from "./rpc.ts";

const Synced = z.object({ raised: z.int(), resolved: z.int() });

export function createBrazeAnswers(rpc: Rpc) {
  return {
    /** Not repeated: a second call would count the run twice. */
    record: (functionName: FunctionName, answers: readonly BrazeAnswer[], now: Date) =>
      rpc.call("record_braze_answers", {
        function: functionName,
        answers: answers.map(snakeCase),
        now,
      }, Synced),
  };
}
