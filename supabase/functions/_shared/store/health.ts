/** How well Braze tells us of what it sends: the days rolled up, double pushes, and the sizes of audiences. */
import { z } from "zod";
import { type Rpc, toJson } from "./rpc.ts";

/** A row of webhook_health_metrics, as it is stored: null where there was nothing to count. */
const Metrics = z.object({ date: z.iso.date() }).catchall(
  z.union([z.number(), z.string(), z.null()]),
);
export type Metrics = z.infer<typeof Metrics>;

const DoublePushes = z.object({
  matches_judged: z.int(),
  matches: z.int(),
  users: z.int(),
  raised: z.int(),
  resolved: z.int(),
}).transform(({ matches_judged, ...found }) => ({
  matchesJudged: matches_judged,
  ...found,
}));
export type DoublePushes = z.infer<typeof DoublePushes>;

const TeamToMeasure = z.object({ name: z.string(), segment_id: z.string() })
  .transform((team) => ({ name: team.name, segmentId: team.segment_id }));
export type TeamToMeasure = z.infer<typeof TeamToMeasure>;

export interface AudienceSize {
  readonly name: string;
  readonly size: number;
}

/** A UTC date, as `2024-12-07`. */
export type DateText = string;

export interface Health {
  /** The last date that was rolled up, null before the first. */
  lastDate(): Promise<DateText | null>;
  /** What rollUp would write. */
  measure(date: DateText, now: Date): Promise<Metrics>;
  rollUp(date: DateText, now: Date): Promise<Metrics>;
  /** Returns how many ledger rows have another actual_send_count now. */
  refreshSendCounts(from: Date, until: Date, now: Date): Promise<number>;
  /**
   * Alerts on each match sent in [from, until) that somebody got twice, and resolves what is no longer so. It needs
   * no listing.
   */
  detectDoublePushes(from: Date, until: Date, now: Date): Promise<DoublePushes>;
  /** The one measured longest ago first. */
  teamsToMeasure(): Promise<TeamToMeasure[]>;
  storeAudienceSizes(
    sizes: readonly AudienceSize[],
    now: Date,
  ): Promise<number>;
}

const REPEATABLE = { repeatable: true };

export function createHealth(rpc: Rpc): Health {
  return {
    lastDate: () => rpc.call("last_health_date", {}, z.iso.date().nullable(), REPEATABLE),
    measure: async (date, now) => {
      const { metrics } = await rpc.call(
        "measure_webhook_health",
        { p_date: date, p_now: now.toISOString() },
        z.object({ metrics: Metrics }),
        REPEATABLE,
      );
      return metrics;
    },
    rollUp: (date, now) =>
      rpc.call(
        "rollup_webhook_health",
        { p_date: date, p_now: now.toISOString() },
        Metrics,
        REPEATABLE,
      ),
    refreshSendCounts: (from, until, now) =>
      rpc.call(
        "refresh_send_counts",
        window(from, until, now),
        z.int(),
        REPEATABLE,
      ),
    detectDoublePushes: (from, until, now) =>
      // Repeated after a lost answer it counts an open alert up once more, and nothing else.
      rpc.call(
        "detect_double_pushes",
        window(from, until, now),
        DoublePushes,
        REPEATABLE,
      ),
    teamsToMeasure: () => rpc.call("teams_to_measure", {}, z.array(TeamToMeasure), REPEATABLE),
    async storeAudienceSizes(sizes, now) {
      if (sizes.length === 0) return 0;
      return await rpc.call(
        "store_audience_sizes",
        { p_sizes: toJson(sizes), p_now: now.toISOString() },
        z.int(),
        REPEATABLE,
      );
    },
  };
}

function window(from: Date, until: Date, now: Date) {
  return {
    p_from: from.toISOString(),
    p_until: until.toISOString(),
    p_now: now.toISOString(),
  };
}
