/**
 * Tells a service outside that all is well, so that silence is noticed even if nothing here runs any more.
 *
 * The service raises its own alarm when the ping stays away. It comes only at the end of a run that pg_cron started, while
 * every timed function has succeeded within twice its period and every alert reaches people: dead cron, a dead function
 * and a dead chat all stop it.
 */
import type { Dependencies } from "./dependencies.ts";
import type { Log } from "../runtime/log.ts";

const TIMEOUT_MS = 5_000;

export function createPingHeartbeat(
  { store, clock, environment, fetchWithin }: Dependencies,
): (log: Log) => Promise<void> {
  const { heartbeatUrl, alertWebhookUrls } = environment;
  return async function pingHeartbeat(log) {
    if (heartbeatUrl === null) return;
    try {
      const reasons = await store.deliveries.silenceReasons({
        channel: alertWebhookUrls === null ? "log" : "webhook",
        now: clock.now(),
      });
      if (reasons.length > 0) return log.warn("heartbeat_withheld", { reasons });
      const answer = await fetchWithin(heartbeatUrl, { method: "GET" }, TIMEOUT_MS);
      const isTaken = typeof answer === "object" && answer.status >= 200 && answer.status < 300;
      // The address is a secret; the status is not.
      if (!isTaken) {
        const reason = typeof answer === "object" ? `answered ${answer.status}` : answer;
        log.warn("heartbeat_not_taken", { reason });
      }
    } catch (error) {
      log.warn("heartbeat_not_sent", { error });
    }
  };
}
