/** Signed calls as the database makes them, intercepted, and forged ones. */
import { createHmac } from "node:crypto";
import type { Sql } from "../support/database.ts";
import type { HttpRequest } from "./send_request.ts";

export interface SignedCall extends HttpRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The call that the database queued for a scheduled time, taken out of pg_net's queue before it left. */
export async function interceptCall(
  sql: Sql,
  functionName: string,
  now: Date,
): Promise<SignedCall> {
  return await sql.begin(async (tx) => {
    await tx`select private.invoke_function(${functionName}, ${now})`;
    const [request] = await tx<{ headers: Record<string, string>; body: Uint8Array }[]>`
      delete from net.http_request_queue returning headers, body`;
    if (request === undefined) throw new Error(`Cannot steal a call of ${functionName}: none came`);
    return { headers: request.headers, body: new TextDecoder().decode(request.body) };
  });
}

/** Signed by hand, not with the library that checks it. */
export function forgeCall(
  secret: string,
  functionName: string,
  now: Date,
  scheduledAt: Date = now,
): SignedCall {
  const id = `cron_${functionName}_forged`;
  const timestamp = `${Math.floor(now.getTime() / 1_000)}`;
  const body = JSON.stringify({ function: functionName, scheduled_at: minuteOf(scheduledAt) });
  const mac = createHmac("sha256", Uint8Array.fromBase64(secret.replace(/^whsec_/, "")))
    .update(`${id}.${timestamp}.${body}`);
  return {
    headers: {
      "webhook-id": id,
      "webhook-timestamp": timestamp,
      "webhook-signature": `v1,${mac.digest("base64")}`,
    },
    body,
  };
}

export function withHeaders(call: SignedCall, headers: Record<string, string>): SignedCall {
  return { ...call, headers: { ...call.headers, ...headers } };
}

function minuteOf(time: Date): string {
  return `${time.toISOString().slice(0, 16)}:00Z`;
}
