/** A rule that injects one kind of fault into an endpoint of the sandbox, with a probability. */
import { z } from "zod";

export const FaultRule = z.strictObject({
  /** A path such as `/campaigns/trigger/schedule/create`, or `*`. */
  endpoint: z.string().min(1),
  /**
   * - `status`: answers `status` without effect (502 and 504 as an HTML page, as a proxy does).
   * - `status_after_effect`: takes effect; `status` (500) comes with the body that the call would have had.
   * - `latency`: waits, then answers as usual.
   * - `timeout_before_effect`: waits, then answers `status` (504) without effect.
   * - `timeout_after_effect`: takes effect, waits, then answers `status` (504).
   * - `malformed`: takes effect; the answer is not JSON.
   * - `429`: answers 429 without effect.
   * - `drop_connection`: takes effect; the connection ends before the answer is complete.
   */
  kind: z.enum([
    "status",
    "status_after_effect",
    "latency",
    "timeout_before_effect",
    "timeout_after_effect",
    "malformed",
    "429",
    "drop_connection",
  ]),
  status: z.int().min(200).max(599).optional(),
  latencyMs: z.int().min(0).optional(),
  probability: z.number().min(0).max(1).default(1),
  /** How many more times it fires; unlimited if absent. */
  times: z.int().min(1).optional(),
});
export type FaultRule = z.infer<typeof FaultRule>;
