/**
 * Tells people of alerts, at the end of each run of a timed function.
 *
 * The promise: what is raised is told once, what gets worse once more, and its end once if its beginning was told. A
 * message is recorded after the webhook took it, so a function that dies in between tells it twice and never loses it.
 * Nothing here holds up or fails the run that it rides on.
 */
import { addMilliseconds, min } from "date-fns";
import type { Dependencies } from "./dependencies.ts";
import type { Log } from "../runtime/log.ts";
import type { Delivery } from "../store/deliveries.ts";
import { DELIVERY_ATTEMPTS_MAX, nextTryAt } from "../alerts/back_off.ts";
import { digestOf, messageOf } from "../alerts/message.ts";

/** Slack takes one message a second. */
const PAUSE_BETWEEN_MESSAGES_MS = 1_000;
const BUDGET_MS = 20_000;
/** A run that used its time up still has this long to tell what it found. */
const AFTER_DEADLINE_MS = 10_000;
const ALERTS_AT_ONCE = 200;
/** The platform takes 100 log lines in 10 seconds. */
const LOG_LINES_AT_ONCE = 50;
/** Longer than the budget and the last message's time-out, so that a claim of the living never runs out. */
const CLAIM_SECONDS = 60;

/** One message and what it tells. */
interface Letter {
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
      await send(lettersOf(claimed, alertWebhookUrls, alertDigestAt), until, log);
    } catch (error) {
      // What is claimed and not recorded is told again when the claim has run out.
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

  async function send(letters: readonly Letter[], until: Date, log: Log): Promise<void> {
    /** Webhooks that took no message this time, and when they may be asked again. */
    const closed = new Map<string, Date>();
    let sent = 0;
    for (const letter of letters) {
      const closedUntil = closed.get(letter.url) ?? null;
      if (sent > 0 && closedUntil === null) await clock.sleep(PAUSE_BETWEEN_MESSAGES_MS);
      if (closedUntil !== null || clock.now() >= until) {
        const outcome = { outcome: "deferred", nextAt: closedUntil } as const;
        await deliveries.record(letter.deliveries, outcome, clock.now());
        continue;
      }
      sent++;
      const nextAt = await post(letter, log);
      if (nextAt !== null) closed.set(letter.url, nextAt);
    }
  }

  /** Null when it was taken; else when the webhook may be asked again. */
  async function post({ url, text, deliveries: told }: Letter, log: Log): Promise<Date | null> {
    const result = await postAlert(url, text);
    const now = clock.now();
    if (result.ok) {
      await deliveries.record(told, { outcome: "delivered", channel: "webhook" }, now);
      log.info("alerts_delivered", { alerts: told.length });
      return null;
    }
    const attempts = 1 + Math.max(...told.map((one) => one.attempts));
    const nextAt = nextTryAt(attempts, result.retryAt, now);
    await deliveries.record(told, { outcome: "failed", error: result.error, nextAt }, now);
    log.warn("alert_delivery_failed", {
      reason: result.error,
      alerts: told.length,
      attempts,
      given_up: attempts >= DELIVERY_ATTEMPTS_MAX,
      next_at: nextAt,
    });
    return nextAt;
  }
}

/** One message an alert, or one for all where many come at once. */
function lettersOf(
  claimed: readonly Delivery[],
  urls: Readonly<Record<Delivery["audience"], string>>,
  digestAt: number,
): Letter[] {
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
