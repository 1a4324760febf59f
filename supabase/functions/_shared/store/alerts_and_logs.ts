/** What a person should look at (alerts), and what they may read (log entries). */
import { z } from "zod";
import type { FunctionName } from "../auth/callers.ts";
import { type Rpc, toJson } from "./rpc.ts";

export interface Alert {
  /** One open alert a fingerprint: the same trouble seen again counts up. */
  readonly fingerprint: string;
  readonly rule: string;
  readonly severity: "info" | "warning" | "critical";
  readonly audience: "admin" | "engineering";
  readonly title: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly matchId: number | null;
}

export interface LogEntry {
  readonly action: string;
  readonly reason: string;
  readonly matchId: number | null;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface AlertsAndLogs {
  /** Returns how many of them are new. */
  raiseAlerts(alerts: readonly Alert[], now: Date): Promise<number>;
  /**
   * Raises `alerts` and resolves what else is open under `rules`: to be called by who has judged those rules over
   * all matches, or over `matchIds`.
   */
  syncAlerts(
    judged: {
      readonly rules: readonly string[];
      readonly alerts: readonly Alert[];
      readonly matchIds?: readonly number[];
    },
    now: Date,
  ): Promise<{ readonly raised: number; readonly resolved: number }>;
  writeLogs(
    entries: readonly LogEntry[],
    from: { readonly functionName: FunctionName; readonly runId: string },
    now: Date,
  ): Promise<void>;
}

const Settled = z.object({ raised: z.int(), resolved: z.int() });

export function createAlertsAndLogs(rpc: Rpc): AlertsAndLogs {
  return {
    async raiseAlerts(alerts, now) {
      if (alerts.length === 0) return 0;
      return await rpc.call("raise_alerts", {
        p_alerts: writeAlerts(alerts),
        p_now: now.toISOString(),
      }, z.int());
    },
    syncAlerts: ({ rules, alerts, matchIds }, now) =>
      rpc.call("sync_alerts", {
        p_rules: [...rules],
        p_alerts: writeAlerts(alerts),
        p_now: now.toISOString(),
        ...(matchIds === undefined ? {} : { p_match_ids: [...matchIds] }),
      }, Settled),
    async writeLogs(entries, { functionName, runId }, now) {
      if (entries.length === 0) return;
      await rpc.call("write_logs", {
        p_logs: toJson(entries.map(({ matchId, ...entry }) => ({ ...entry, match_id: matchId }))),
        p_function: functionName,
        p_run_id: runId,
        p_now: now.toISOString(),
      }, z.int());
    },
  };
}

function writeAlerts(alerts: readonly Alert[]) {
  return toJson(alerts.map(({ matchId, ...alert }) => ({ ...alert, match_id: matchId })));
}
