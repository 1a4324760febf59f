/** The quality of Braze's reports: daily roll-ups, and the sizes of audiences. */
import { z } from "zod";
import { row } from "../text/camel_case.ts";
import { REPEATABLE, type Rpc } from "./rpc.ts";

/** A row of webhook_health_metrics as it is stored. A value is null where there was nothing to count. */
const Metrics = z.object({ date: z.iso.date() }).catchall(
  z.union([z.number(), z.string(), z.null()]),
);
export type Metrics = z.infer<typeof Metrics>;

const TeamToMeasure = row({ name: z.string(), segment_id: z.string() });

export interface AudienceSize {
  readonly name: string;
  readonly size: number;
}

/** A UTC date, as `2024-12-07`. */
export type DateText = string;

export function createHealth(rpc: Rpc) {
  return {
    /** The last date that was rolled up; null before the first. */
    lastDate: () => rpc.call("last_health_date", {}, z.iso.date().nullable(), REPEATABLE),

    /** What `rollUp` would write. */
    async measure(date: DateText, now: Date) {
      const Measured = z.object({ metrics: Metrics });
      const { metrics } = await rpc.call(
        "measure_webhook_health",
        { date, now },
        Measured,
        REPEATABLE,
      );
      return metrics;
    },

    rollUp: (date: DateText, now: Date) =>
      rpc.call("rollup_webhook_health", { date, now }, Metrics, REPEATABLE),

    /**
     * The team that was measured longest ago comes first. `sendsUntil`: only teams with a push before it that were not
     * measured for hours; null for all.
     */
    teamsToMeasure: (sendsUntil: Date | null, now: Date) =>
      rpc.call("teams_to_measure", { sendsUntil, now }, z.array(TeamToMeasure), REPEATABLE),

    async storeAudienceSizes(sizes: readonly AudienceSize[], now: Date) {
      if (sizes.length === 0) return 0;
      return await rpc.call("store_audience_sizes", { sizes, now }, z.int(), REPEATABLE);
    },
  };
}
