/** Alerts, which a person has to look at, and log entries, which a person can read. */
import { z } from "zod";
import { row, snakeCase } from "../text/camel_case.ts";
import { Audience, type ChangedBy, changedBy, Severity } from "./columns.ts";
import type { Rpc } from "./rpc.ts";

export const Alert = row({
  /** One open alert has one fingerprint. The same problem counts it up. */
  fingerprint: z.string(),
  rule: z.string(),
  severity: Severity,
  audience: Audience,
  title: z.string(),
  details: z.record(z.string(), z.unknown()),
  match_id: z.int().nullable(),
});
export type Alert = Readonly<z.infer<typeof Alert>>;

export interface LogEntry {
  readonly action: string;
  readonly reason: string;
  readonly matchId: number | null;
  readonly details: Readonly<Record<string, unknown>>;
}

const Synced = z.object({ raised: z.int(), resolved: z.int() });

export function createAlertsAndLogs(rpc: Rpc) {
  return {
    /** Returns how many of the alerts are new. */
    async raiseAlerts(alerts: readonly Alert[], now: Date) {
      if (alerts.length === 0) return 0;
      return await rpc.call("raise_alerts", { alerts: alerts.map(snakeCase), now }, z.int());
    },

    /**
     * Raises `alerts` and resolves every other open alert of `rules`. The caller has judged these rules for all
     * matches, or for `matchIds`.
     */
    syncAlerts: (
      { rules, alerts, matchIds }: {
        readonly rules: readonly string[];
        readonly alerts: readonly Alert[];
        readonly matchIds?: readonly number[];
      },
      now: Date,
    ) =>
      rpc.call(
        "sync_alerts",
        { rules, alerts: alerts.map(snakeCase), matchIds: matchIds ?? null, now },
        Synced,
      ),

    async writeLogs(entries: readonly LogEntry[], by: Omit<ChangedBy, "now">, now: Date) {
      if (entries.length === 0) return;
      const logs = entries.map(snakeCase);
      await rpc.call("write_logs", { logs, ...changedBy({ ...by, now }) }, z.int());
    },
  };
}
