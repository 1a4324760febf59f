/** Bodies that the webhook received and could not read. */
import { Buffer } from "node:buffer";
import { z } from "zod";
import { row } from "../text/camel_case.ts";
import { instant } from "./columns.ts";
import { REPEATABLE, type Rpc } from "./rpc.ts";

const KeptReject = row({
  digest: z.string(),
  body_base64: z.string(),
  first_received_at: instant,
}).transform(({ bodyBase64, ...reject }) => ({
  ...reject,
  body: new Uint8Array(Buffer.from(bodyBase64, "base64")) as Uint8Array,
}));
export type KeptReject = z.infer<typeof KeptReject>;

const LoadedRejects = z.object({
  rejects: z.array(KeptReject),
  /** The periods of event time for which partitions exist. */
  places: z.array(z.object({ from: instant, until: instant })),
});
export type LoadedRejects = z.infer<typeof LoadedRejects>;

export function createRejects(rpc: Rpc) {
  return {
    /** Those that were not replayed, in a stable order, after the digest `after`. */
    load: (page: {
      readonly reasonLike: string | null;
      readonly after: string | null;
      readonly limit: number;
      readonly bytesMax: number;
    }) => rpc.call("load_rejects", page, LoadedRejects, REPEATABLE),

    async markReplayed(digests: readonly string[], now: Date) {
      if (digests.length === 0) return;
      await rpc.call("mark_replayed", { digests, now }, z.int(), REPEATABLE);
    },
  };
}
