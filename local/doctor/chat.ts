/** Whether alerts reach people: the chat of each audience, and the service that notices silence. */
import { z } from "zod";
import { chatHostOf } from "../../supabase/functions/_shared/alerts/chat_hosts.ts";
import { testMessage } from "../../supabase/functions/_shared/alerts/message.ts";
import { createPostAlert } from "../../supabase/functions/_shared/alerts/webhook.ts";
import { systemClock } from "../../supabase/functions/_shared/runtime/clock.ts";
import { type Finding, look, ok, unknown, wrong } from "./finding.ts";
import { get } from "./rest.ts";
import type { Configured } from "./target.ts";

const MEND = "Set ALERT_WEBHOOK_URL to the incoming webhook of a chat, as docs/deploy.md says";
const TRY = "Send one: task doctor --send-test-alert";

const Delivered = z.array(z.object({ delivered_at: z.coerce.date() }));
const Refused = z.array(z.object({ title: z.string(), delivery_error: z.string() }));

export async function checkChat(target: Configured): Promise<Finding[]> {
  const { alertWebhookUrls, heartbeatUrl, dashboardUrl } = target.environment;
  return [
    ...(alertWebhookUrls === null
      ? [wrong("chat", "ALERT_WEBHOOK_URL is not set: nobody is told of an alert", MEND)]
      : await Promise.all([
        checkAudience(target, "admin", alertWebhookUrls.admin),
        checkAudience(target, "engineering", alertWebhookUrls.engineering),
      ])),
    dashboardUrl === null
      ? unknown(
        "dashboard_url",
        "DASHBOARD_URL is not set: messages have no link",
        "Set it to the address of the page",
      )
      : ok("dashboard_url", `messages link to ${dashboardUrl}`),
    heartbeatUrl === null
      ? unknown(
        "heartbeat_url",
        "HEARTBEAT_URL is not set: nobody outside notices when nothing runs any more",
        "Set it as docs/deploy.md says",
      )
      // The doctor does not call it: that would say that all is well.
      : ok("heartbeat_url", "it is called after each run of pg_cron while all is well"),
  ];
}

function checkAudience(
  target: Configured,
  audience: "admin" | "engineering",
  url: string,
): Promise<Finding> {
  const check = `chat:${audience}`;
  const host = chatHostOf(url).name;
  return look(check, MEND, async () => {
    if (target.sendsTestAlert) {
      const post = createPostAlert({ fetch: target.fetch, clock: systemClock });
      const result = await post(url, testMessage(audience, target.now(), target.environment));
      return result.ok
        ? ok(check, `${host} took the test message: look whether it is there`)
        : wrong(check, `${host} did not take the test message: ${result.error}`, MEND);
    }
    const of = `/alerts?audience=eq.${audience}`;
    const [refused, taken] = await Promise.all([
      first(
        target,
        `${of}&select=title,delivery_error&delivery_error=not.is.null&resolved_at=is.null&limit=1`,
        Refused,
      ),
      first(
        target,
        `${of}&select=delivered_at&delivered_as=eq.webhook&order=delivered_at.desc&limit=1`,
        Delivered,
      ),
    ]);
    if (refused === null || taken === null) {
      return unknown(check, "the project did not answer", TRY);
    }
    if (refused !== undefined) {
      return wrong(
        check,
        `${host} did not take "${refused.title}": ${refused.delivery_error}`,
        MEND,
      );
    }
    if (taken === undefined) return unknown(check, `no message was sent to ${host} yet`, TRY);
    const at = taken.delivered_at.toISOString().slice(0, 16).replace("T", " ");
    return ok(check, `${host} took the last message at ${at} UTC`);
  });
}

/** null: the project did not answer; `secret_key` says why. undefined: there is none. */
async function first<T>(
  target: Configured,
  path: string,
  schema: z.ZodType<T[]>,
): Promise<T | null | undefined> {
  try {
    const response = await get(target, path);
    return response.ok ? schema.parse(await response.json())[0] : null;
  } catch {
    return null;
  }
}
