/** Helpers for tests that post bytes to the webhook and read what was stored. */
import { createHash } from "node:crypto";
import type { Stack } from "../../../local/stack/stack.ts";
import { type Answer, CLOCK } from "../suite.ts";

export interface Target {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A function with its required credential. */
export function target({ ready }: Stack, name = "braze-webhook"): Target {
  return {
    url: `${ready.functions_url}/${name}`,
    headers: name === "braze-webhook"
      ? { authorization: `Bearer ${ready.webhook_secret}` }
      : { apikey: ready.secret_key },
  };
}

export async function postBytes(
  { url, headers }: Target,
  body: Uint8Array,
  more: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const response = await fetch(url, {
    method: "POST",
    headers: { ...headers, ...more },
    body: body as BodyInit,
  });
  return { status: response.status, body: await response.json() };
}

/** An event of Currents, as JSON. */
export function event(id: string, padding = ""): string {
  return JSON.stringify({
    event_type: "users.messages.pushnotification.Send",
    id,
    time: CLOCK.getTime() / 1_000,
    user: { external_user_id: `u-${id}` },
    properties: { padding },
  });
}

export async function storedAndKept({ sql }: Stack): Promise<readonly [number, number]> {
  const [row] = await sql<{ stored: number; kept: number }[]>`
    select (select count(*)::int from public.notification_sends) as stored,
      (select coalesce(sum(occurrences), 0)::int from public.webhook_rejects) as kept`;
  return [row?.stored ?? NaN, row?.kept ?? NaN];
}

/** The digests of the kept bodies, computed from the stored bytes. */
export async function keptDigests({ sql }: Stack): Promise<string[]> {
  const rows = await sql<{ digest: string }[]>`
    select encode(sha256(body), 'hex') as digest from public.webhook_rejects order by 1`;
  return rows.map(({ digest }) => digest);
}

export async function deleteStored({ sql }: Stack): Promise<void> {
  await sql`truncate public.notification_sends, public.webhook_rejects, public.event_claims`;
}

export function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
