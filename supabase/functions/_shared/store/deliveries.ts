/** The delivery of alerts: which messages are due, and what became of each. */
import { z } from "zod";
import { row } from "../text/camel_case.ts";
import { Audience, instant, Severity } from "./columns.ts";
import { type Arguments, REPEATABLE, type Rpc } from "./rpc.ts";

/** One message about one alert, claimed by one run. */
const Delivery = row({
  claim: z.guid(),
  alert_id: z.int(),
  /**
   * `changing`: it comes and goes. `over`: its time passed, and nothing corrected it. `closed`: by a person.
   */
  kind: z.enum(["raised", "escalated", "changing", "resolved", "over", "closed"]),
  rule: z.string(),
  severity: Severity,
  audience: Audience,
  title: z.string(),
  match_id: z.int().nullable(),
  home_team: z.string().nullable(),
  away_team: z.string().nullable(),
  kickoff_at: instant.nullable(),
  first_seen_at: instant,
  resolved_at: instant.nullable(),
  occurrences: z.int(),
  /** How often an alert with this fingerprint opened within hours. */
  openings: z.int(),
  /** What Braze answered, where the alert is about a refusal. */
  braze_says: z.string().nullable(),
  /** The match's verdict and why, in one line. */
  verdict: z.string().nullable(),
  /** The word of the person who closed it. */
  closed_because: z.string().nullable(),
  attempts: z.int(),
});
export type Delivery = z.infer<typeof Delivery>;

export type DeliveryChannel = "webhook" | "log";

export type DeliveryOutcome =
  | { readonly outcome: "delivered"; readonly channel: DeliveryChannel }
  | { readonly outcome: "failed"; readonly error: string; readonly nextAt: Date }
  /** Not tried. `nextAt` is null where the next run may try it. */
  | { readonly outcome: "deferred"; readonly nextAt: Date | null };

export function createDeliveries(rpc: Rpc) {
  return {
    /**
     * The most severe first; none while another claim is valid. A message that failed `attemptsMax` times in a row is
     * not tried again. The call is not repeated: a claim whose answer was lost expires.
     */
    claim: (request: Arguments<"claim_alert_deliveries">) =>
      rpc.call("claim_alert_deliveries", request, z.array(Delivery)),

    /** Why the outside is not to be told that all is well; empty: all is well. */
    silenceReasons: (request: Arguments<"heartbeat_silence">) =>
      rpc.call("heartbeat_silence", request, z.array(z.string()), REPEATABLE),

    async record(deliveries: readonly Delivery[], outcome: DeliveryOutcome, now: Date) {
      const [first] = deliveries;
      if (first === undefined) return;
      const messages = deliveries.map(({ alertId, kind, severity }) => ({
        alert_id: alertId,
        kind,
        severity,
      }));
      await rpc.call(
        "record_alert_delivery",
        { claim: first.claim, messages, ...outcome, now },
        z.int(),
        REPEATABLE,
      );
    },
  };
}
