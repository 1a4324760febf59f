/** What could not be understood when it came. */
import { Buffer } from "node:buffer";
import { z } from "zod";
import { instant } from "./planning.ts";
import type { Rpc } from "./rpc.ts";

const KeptReject = z.object({
  digest: z.string(),
  body_base64: z.string(),
  content_type: z.string().nullable(),
  first_received_at: instant,
}).transform((reject) => ({
  digest: reject.digest,
  body: new Uint8Array(Buffer.from(reject.body_base64, "base64")) as Uint8Array,
  firstReceivedAt: reject.first_received_at,
}));
export type KeptReject = z.infer<typeof KeptReject>;

const Loaded = z.object({
  rejects: z.array(KeptReject),
  places: z.array(z.object({ from: instant, until: instant })),
});
/** `places`: the times of events for which there are partitions. */
export type LoadedRejects = z.infer<typeof Loaded>;

export interface Rejects {
  /** Those not replayed yet, in an order that stays the same, from `after` on. */
  load(request: {
    readonly reasonLike: string | null;
    readonly after: string | null;
    readonly limit: number;
    readonly bytesMax: number;
  }): Promise<LoadedRejects>;
  markReplayed(digests: readonly string[], now: Date): Promise<void>;
}

export function createRejects(rpc: Rpc): Rejects {
  return {
    load: ({ reasonLike, after, limit, bytesMax }) =>
      rpc.call(
        "load_rejects",
        {
          p_limit: limit,
          p_bytes_max: bytesMax,
          ...(reasonLike === null ? {} : { p_reason_like: reasonLike }),
          ...(after === null ? {} : { p_after: after }),
        },
        Loaded,
        { repeatable: true },
      ),
    async markReplayed(digests, now) {
      if (digests.length === 0) return;
      await rpc.call(
        "mark_replayed",
        { p_digests: [...digests], p_now: now.toISOString() },
        z.int(),
        { repeatable: true },
      );
    },
  };
}
