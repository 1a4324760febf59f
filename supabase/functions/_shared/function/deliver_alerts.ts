/**
 * Delivers alert notifications at the end of each run of a cron function.
 *
 * Guarantees: one notification each on open, escalation and resolution; a resolution only if the opening was sent. A
 * delivery is recorded after the webhook accepted it, so a crash in between repeats a notification but never loses it.
 * A failed delivery neither delays nor fails the run.
 */
import { addMilliseconds, min } from "date-fns";
import type { Dependencies } from "./dependencies.ts";
import type { Log } from "../runtime/log.ts";
import type { Delivery } from "../store/deliveries.ts";
import { DELIVERY_ATTEMPTS_MAX, nextTryAt } from "../alerts/back_off.ts";
import { digestOf, messageOf } from "../alerts/message.ts";

/** Slack accepts one message per second and webhook. */
const PAUSE_BETWEEN_MESSAGES_MS = 1_000;
const BUDGET_MS = 20_000;
/** Time for deliveries after the deadline of the run. */
const AFTER_DEADLINE_MS = 10_000;
const ALERTS_AT_ONCE = 200;
/** The platform accepts 100 log lines per 10 seconds. */
const LOG_LINES_AT_ONCE = 50;
/** Longer than the budget plus one time-out, so that a running delivery never loses its claim. */
const CLAIM_SECONDS = 60;

/** One message to one webhook, with the deliveries that it contains. */
interface Message {
  readonly url: string;
  readonly text: string;
  readonly deliveries: readonly Delivery[];
}

export type DeliverAlerts = (run: { readonly deadline: Date; readonly log: Log }) => Promise<void>;

export function createDeliverAlerts(dependencies: Dependencies): DeliverAlerts {
  const { store: { deliveries }, clock, postAlert, environment } = dependencies;
  const { alertWebhookUrls, alertDigestAt } = environment;

  return async function deliverAlerts({ deadline, log }) {
    try {
      if (alertWebhookUrls === null) return await write(log);
      const until = min([
        addMilliseconds(clock.now(), BUDGET_MS),
        addMilliseconds(deadline, AFTER_DEADLINE_MS),
      ]);
      const claimed = await claim("webhook", ALERTS_AT_ONCE);
      await send(messagesOf(claimed, alertWebhookUrls, alertDigestAt), until, log);
    } catch (error) {
      // Deliveries that stay claimed are sent again after the claim expires.
      log.warn("alerts_not_delivered", { error });
    }
  };

  function claim(channel: "webhook" | "log", limit: number): Promise<Delivery[]> {
    return deliveries.claim({
      channel,
      limit,
      claimSeconds: CLAIM_SECONDS,
      attemptsMax: DELIVERY_ATTEMPTS_MAX,
      now: clock.now(),
    });
  }

  async function write(log: Log): Promise<void> {
    const claimed = await claim("log", LOG_LINES_AT_ONCE);
    if (claimed.length === 0) return;
    for (const { claim: _, attempts: __, ...alert } of claimed) {
      log[alert.severity === "critical" && alert.kind !== "resolved" ? "error" : "warn"](
        "alert",
        alert,
      );
    }
    await deliveries.record(claimed, { outcome: "delivered", channel: "log" }, clock.now());
  }

  async function send(messages: readonly Message[], until: Date, log: Log): Promise<void> {
    /** URL of a webhook that failed in this run → time of the next try. */
    const failedUntil = new Map<string, Date>();
    let sent = 0;
    for (const message of messages) {
      const retryAt = failedUntil.get(message.url) ?? null;
      if (sent > 0 && retryAt === null) await clock.sleep(PAUSE_BETWEEN_MESSAGES_MS);
      if (retryAt !== null || clock.now() >= until) {
        const outcome = { outcome: "deferred", nextAt: retryAt } as const;
        await deliveries.record(message.deliveries, outcome, clock.now());
        continue;
      }
      sent++;
      const nextAt = await post(message, log);
      if (nextAt !== null) failedUntil.set(message.url, nextAt);
    }
  }

  /** null when the webhook accepted the message; else the time of the next try. */
  async function post({ url, text, deliveries: sent }: Message, log: Log): Promise<Date | null> {
    const result = await postAlert(url, text);
    const now = clock.now();
    if (result.ok) {
      await deliveries.record(sent, { outcome: "delivered", channel: "webhook" }, now);
      log.info("alerts_delivered", { alerts: sent.length });
      return null;
    }
    const attempts = 1 + Math.max(...sent.map((one) => one.attempts));
    const nextAt = nextTryAt(attempts, result.retryAt, now);
    await deliveries.record(sent, { outcome: "failed", error: result.error, nextAt }, now);
    log.warn("alert_delivery_failed", {
      reason: result.error,
      alerts: sent.length,
      attempts,
      given_up: attempts >= DELIVERY_ATTEMPTS_MAX,
      next_at: nextAt,
    });
    return nextAt;
  }
}

/** One message per delivery; more than `digestAt` for one webhook become one digest. */
function messagesOf(
  claimed: readonly Delivery[],
  urls: Readonly<Record<Delivery["audience"], string>>,
  digestAt: number,
): Message[] {
  const byUrl = new Map<string, Delivery[]>();
  for (const delivery of claimed) {
    const url = urls[delivery.audience];
    byUrl.set(url, [...byUrl.get(url) ?? [], delivery]);
  }
  return [...byUrl].flatMap(([url, deliveries]) =>
    deliveries.length > digestAt
      ? [{ url, text: digestOf(deliveries), deliveries }]
      : deliveries.map((one) => ({ url, text: messageOf(one), deliveries: [one] }))
  );
}
