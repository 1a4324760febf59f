/** What is still to be told of alerts, and what became of telling it. */
import { z } from "zod";
import { instant } from "./planning.ts";
import { type Rpc, toJson } from "./rpc.ts";

const Delivery = z.object({
  claim: z.guid(),
  alert_id: z.int(),
  kind: z.enum(["raised", "escalated", "resolved"]),
  rule: z.string(),
  severity: z.enum(["info", "warning", "critical"]),
  audience: z.enum(["admin", "engineering"]),
  title: z.string(),
  match_id: z.int().nullable(),
  home_team: z.string().nullable(),
  away_team: z.string().nullable(),
  kickoff_at: instant.nullable(),
  first_seen_at: instant,
  resolved_at: instant.nullable(),
  occurrences: z.int(),
  attempts: z.int(),
}).transform((delivery) => ({
  claim: delivery.claim,
  alertId: delivery.alert_id,
  kind: delivery.kind,
  rule: delivery.rule,
  severity: delivery.severity,
  audience: delivery.audience,
  title: delivery.title,
  matchId: delivery.match_id,
  homeTeam: delivery.home_team,
  awayTeam: delivery.away_team,
  kickoffAt: delivery.kickoff_at,
  firstSeenAt: delivery.first_seen_at,
  resolvedAt: delivery.resolved_at,
  occurrences: delivery.occurrences,
  attempts: delivery.attempts,
}));
/** One thing to tell of one alert, claimed. */
export type Delivery = z.infer<typeof Delivery>;

export type DeliveryChannel = "webhook" | "log";

export type DeliveryOutcome =
  | { readonly outcome: "delivered"; readonly channel: DeliveryChannel }
  | { readonly outcome: "failed"; readonly error: string; readonly nextAt: Date }
  /** Not tried; `nextAt` is null where the next run may. */
  | { readonly outcome: "deferred"; readonly nextAt: Date | null };

export interface Deliveries {
  /** The worst first; none while somebody else's claim stands. */
  claim(request: {
    readonly channel: DeliveryChannel;
    readonly limit: number;
    readonly claimSeconds: number;
    /** A message that was refused this often in a row is not tried any more. */
    readonly attemptsMax: number;
    readonly now: Date;
  }): Promise<Delivery[]>;
  record(deliveries: readonly Delivery[], outcome: DeliveryOutcome, now: Date): Promise<void>;
}

export function createDeliveries(rpc: Rpc): Deliveries {
  return {
    // Not repeated: a claim whose answer was lost runs out by itself.
    claim: ({ channel, limit, claimSeconds, attemptsMax, now }) =>
      rpc.call("claim_alert_deliveries", {
        p_channel: channel,
        p_limit: limit,
        p_claim_seconds: claimSeconds,
        p_attempts_max: attemptsMax,
        p_now: now.toISOString(),
      }, z.array(Delivery)),
    async record(deliveries, told, now) {
      const [first] = deliveries;
      if (first === undefined) return;
      await rpc.call(
        "record_alert_delivery",
        {
          p_claim: first.claim,
          p_messages: toJson(
            deliveries.map(({ alertId, kind, severity }) => ({
              alert_id: alertId,
              kind,
              severity,
            })),
          ),
          p_outcome: told.outcome,
          p_now: now.toISOString(),
          ...(told.outcome === "delivered" ? { p_channel: told.channel } : {}),
          ...(told.outcome === "failed" ? { p_error: told.error } : {}),
          ...(told.outcome !== "delivered" && told.nextAt !== null
            ? { p_next_at: told.nextAt.toISOString() }
            : {}),
        },
        z.int(),
        { repeatable: true },
      );
    },
  };
}
