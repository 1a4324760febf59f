/** The quality of Braze's reports: daily roll-ups, double pushes, and the sizes of audiences. */
import { z } from "zod";
import { row } from "../text/camel_case.ts";
import { REPEATABLE, type Rpc } from "./rpc.ts";

/** A row of webhook_health_metrics as it is stored. A value is null where there was nothing to count. */
const Metrics = z.object({ date: z.iso.date() }).catchall(
  z.union([z.number(), z.string(), z.null()]),
);
export type Metrics = z.infer<typeof Metrics>;

const DoublePushes = row({
  matches_judged: z.int(),
  matches: z.int(),
  users: z.int(),
  raised: z.int(),
  resolved: z.int(),
});

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

    /** Returns how many ledger rows got another actual_send_count. */
    refreshSendCounts: (from: Date, until: Date, now: Date) =>
      rpc.call("refresh_send_counts", { from, until, now }, z.int(), REPEATABLE),

    /**
     * Raises an alert for each match in [from, until) of which a user got two pushes, and resolves those that no
     * longer hold. A repeated call counts an open alert up once more and changes nothing else.
     */
    detectDoublePushes: (from: Date, until: Date, now: Date) =>
      rpc.call("detect_double_pushes", { from, until, now }, DoublePushes, REPEATABLE),

    /** The team that was measured longest ago comes first. */
    teamsToMeasure: () => rpc.call("teams_to_measure", {}, z.array(TeamToMeasure), REPEATABLE),

    async storeAudienceSizes(sizes: readonly AudienceSize[], now: Date) {
      if (sizes.length === 0) return 0;
      return await rpc.call("store_audience_sizes", { sizes, now }, z.int(), REPEATABLE);
    },
  };
}
