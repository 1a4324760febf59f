/** What a person should look at (alerts), and what they may read (log entries). */
import { z } from "zod";
import type { FunctionName } from "../callers.ts";
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

export interface Notices {
  /** Returns how many of them are new. */
  raiseAlerts(alerts: readonly Alert[], now: Date): Promise<number>;
  writeLogs(
    entries: readonly LogEntry[],
    from: { readonly functionName: FunctionName; readonly runId: string },
    now: Date,
  ): Promise<void>;
}

export function createNotices(rpc: Rpc): Notices {
  return {
    async raiseAlerts(alerts, now) {
      if (alerts.length === 0) return 0;
      return await rpc.call("raise_alerts", {
        p_alerts: toJson(
          alerts.map(({ matchId, ...alert }) => ({ ...alert, match_id: matchId })),
        ),
        p_now: now.toISOString(),
      }, z.int());
    },
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
