/**
 * Delivers alert notifications at the end of each run of a cron function.
 *
 * Guarantees: one notification each on open, escalation and resolution; a resolution only if the opening was sent. A
 * delivery is recorded after the webhook accepted it, so a crash in between repeats a notification but never loses it.
 * A failed delivery neither delays nor fails the run. A message that the chat refuses costs no other one: a digest is
 * split, a single one is tried in its bare form, and the next one follows.
 */
import { addMilliseconds, min } from "date-fns";
import type { Dependencies } from "./dependencies.ts";
import type { Log } from "../runtime/log.ts";
import type { Delivery } from "../store/deliveries.ts";
import { DELIVERY_ATTEMPTS_MAX, nextTryAt } from "../alerts/back_off.ts";
import type { ChatMessage } from "../alerts/chat_hosts.ts";
import { bareMessageOf, digestOf, messageOf } from "../alerts/message.ts";
import type { PostResult } from "../alerts/webhook.ts";

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
  readonly content: ChatMessage;
  readonly deliveries: readonly Delivery[];
  readonly isBare: boolean;
}

export type DeliverAlerts = (run: { readonly deadline: Date; readonly log: Log }) => Promise<void>;

export function createDeliverAlerts(dependencies: Dependencies): DeliverAlerts {
  const { store: { deliveries }, clock, postAlert, environment } = dependencies;
  const { alertWebhookUrls } = environment;

  return async function deliverAlerts({ deadline, log }) {
    try {
      if (alertWebhookUrls === null) return await write(log);
      const until = min([
        addMilliseconds(clock.now(), BUDGET_MS),
        addMilliseconds(deadline, AFTER_DEADLINE_MS),
      ]);
      const claimed = await claim("webhook", ALERTS_AT_ONCE);
      await send(messagesOf(claimed, alertWebhookUrls), until, log);
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
      log[alert.severity === "critical" && alert.resolvedAt === null ? "error" : "warn"](
        "alert",
        alert,
      );
    }
    await deliveries.record(claimed, { outcome: "delivered", channel: "log" }, clock.now());
  }

  async function send(messages: readonly Message[], until: Date, log: Log): Promise<void> {
    /** URL of a webhook that takes nothing for a while → time of the next try. */
    const downUntil = new Map<string, Date>();
    const queue = [...messages];
    let sent = 0;
    for (let message = queue.shift(); message !== undefined; message = queue.shift()) {
      const retryAt = downUntil.get(message.url) ?? null;
      if (sent > 0 && retryAt === null) await clock.sleep(PAUSE_BETWEEN_MESSAGES_MS);
      if (retryAt !== null || clock.now() >= until) {
        const outcome = { outcome: "deferred", nextAt: retryAt } as const;
        await deliveries.record(message.deliveries, outcome, clock.now());
        continue;
      }
      sent++;
      const result = await postAlert(message.url, message.content);
      if (result.ok) {
        const outcome = { outcome: "delivered", channel: "webhook" } as const;
        await deliveries.record(message.deliveries, outcome, clock.now());
        log.info("alerts_delivered", { alerts: message.deliveries.length });
        continue;
      }
      const smaller = result.isAddressDown ? [] : smallerOf(message);
      if (smaller.length > 0) {
        log.warn("alert_message_refused", {
          reason: result.error,
          alerts: message.deliveries.length,
        });
        queue.unshift(...smaller);
        continue;
      }
      const nextAt = await recordFailure(message, result, log);
      if (result.isAddressDown) downUntil.set(message.url, nextAt);
    }
  }

  async function recordFailure(
    { deliveries: sent }: Message,
    result: PostResult & { readonly ok: false },
    log: Log,
  ): Promise<Date> {
    const now = clock.now();
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

  /** One message per delivery; more than the limit for one webhook become one digest. */
  function messagesOf(
    claimed: readonly Delivery[],
    urls: Readonly<Record<Delivery["audience"], string>>,
  ): Message[] {
    const byUrl = Map.groupBy(claimed, ({ audience }) => urls[audience]);
    return [...byUrl].flatMap(([url, deliveries]) =>
      deliveries.length > environment.alertDigestAt
        ? [{ url, content: digestOf(deliveries, environment), deliveries, isBare: false }]
        : deliveries.map((one) => single(url, one))
    );
  }

  function single(url: string, delivery: Delivery): Message {
    const content = messageOf(delivery, environment);
    return { url, content, deliveries: [delivery], isBare: false };
  }

  /** What to send in place of a message that the chat refuses; nothing is smaller than the bare form. */
  function smallerOf({ url, deliveries, isBare }: Message): Message[] {
    const [first, ...more] = deliveries;
    if (isBare || first === undefined) return [];
    if (more.length > 0) return deliveries.map((one) => single(url, one));
    return [{ url, content: bareMessageOf(first, environment), deliveries, isBare: true }];
  }
}
