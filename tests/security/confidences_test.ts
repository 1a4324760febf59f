/** Callers' credentials and Braze's push tokens are used where intended, and never written down. */
import { deepStrictEqual, ok } from "node:assert/strict";
import { currentsSend, webhookMessage } from "../support/bodies.ts";
import { NAMES } from "./guarded.ts";
import type { HttpRequest } from "./send_request.ts";
import {
  advance,
  ask,
  findLeaks,
  PUSH_TOKENS,
  SECRETS,
  signatureOf,
  withWorld,
} from "./leak_harness.ts";
import { interceptCall } from "./signed_calls.ts";

Deno.test("no answer and no log line repeats a credential, regardless of its caller and its place", () =>
  withWorld(async (world) => {
    const { stack, finder } = world;
    const operator = await stack.operatorToken();
    finder.add("operatorToken", signatureOf(operator));
    const { secret_key: secretKey } = stack.ready;
    const shown: HttpRequest[] = [
      { headers: { apikey: secretKey, "x-webhook-secret": SECRETS.webhookSecret } },
      { headers: { authorization: `Basic ${SECRETS.webhookSecret}` } },
      {
        headers: { "x-webhook-secret": `${SECRETS.webhookSecret},${SECRETS.formerWebhookSecret}` },
      },
      { query: `?apikey=${secretKey}&secret=${SECRETS.webhookSecret}` },
      { headers: { authorization: `Bearer ${operator}` }, body: `{"dry_run": "${operator}"}` },
      { headers: { authorization: `Bearer ${operator}` } },
      { headers: { apikey: secretKey }, body: `{"dry_run": "${SECRETS.signingSecret}"` },
      { headers: { apikey: secretKey }, body: `{"match_ids": ["${stack.keys.brazeApiKey}"]}` },
      { headers: { "content-encoding": SECRETS.webhookSecret, apikey: secretKey } },
      { method: SECRETS.chat.slice(0, 16).toUpperCase(), headers: { apikey: secretKey } },
    ];
    for (const name of NAMES) {
      for (const each of shown) await ask(world, name, each);
      const call = await interceptCall(stack.sql, name, stack.timeline.now());
      finder.add(`signature for ${name}`, call.headers["webhook-signature"]!.slice("v1,".length));
      await ask(world, name, { ...call, body: `${call.body} ` });
      await ask(world, name, call);
      await stack.functions.idle();
      await ask(world, name, call);
      await advance(world, 1);
      // And the intended way, over pg_net.
      await stack.sql`select private.invoke_function(${name}, ${stack.timeline.now()})`;
      await advance(world, 1);
    }
    const [answered] = await stack.sql<{ count: number }[]>`
      select count(*)::int as count from net._http_response`;
    ok(answered!.count >= NAMES.length, "pg_net kept the answers");
    deepStrictEqual(await findLeaks(world), []);
  }));

Deno.test("push tokens in Braze's events are not kept, except in an unreadable body", () =>
  withWorld(async (world) => {
    const { stack } = world;
    const post = (body: string) =>
      ask(world, "braze-webhook", { headers: { "x-webhook-secret": SECRETS.webhookSecret }, body });
    const events = [
      currentsSend({ outer: { id: "1" }, properties: { push_token: PUSH_TOKENS.inProperties } }),
      currentsSend({ outer: { id: "2" }, user: { push_token: PUSH_TOKENS.inUser } }),
      currentsSend({ outer: { id: "3", push_token: PUSH_TOKENS.flat } }),
      currentsSend({
        outer: { id: "4" },
        properties: { devices: [{ pushToken: PUSH_TOKENS.nested }] },
      }),
      webhookMessage({ push_token: PUSH_TOKENS.inMessage }),
      currentsSend({
        outer: { id: "5", time: 1_000_000_000 },
        properties: { push_token: PUSH_TOKENS.unplaced },
      }),
      currentsSend({ outer: { id: 6 }, properties: { push_token: PUSH_TOKENS.rejected } }),
    ];
    const { text } = await post(JSON.stringify({ events }));
    const { recorded, rejected } = JSON.parse(text);
    deepStrictEqual([recorded, rejected], [5, 2], text);
    await post(`{"events": [{"push_token": "${PUSH_TOKENS.cutOff}"`);
    for (const name of NAMES) {
      await ask(world, name, {
        headers: { apikey: stack.ready.secret_key },
        body: JSON.stringify({ dry_run: PUSH_TOKENS.inBody }),
      });
    }
    deepStrictEqual(await findLeaks(world), []);

    // The rest of the event is kept unchanged.
    const [kept] = await stack.sql<{ raw_payload: unknown }[]>`
      select raw_payload from public.notification_sends where event_id = '1'`;
    deepStrictEqual(kept?.raw_payload, currentsSend({ outer: { id: "1" } }));
    // Unreadable bodies are kept to the byte: a fix of the reader needs everything that was sent.
    const bodies = await stack.sql<{ body: Uint8Array }[]>`select body from public.webhook_rejects`;
    const found = bodies.flatMap(({ body }) =>
      world.finder.find("body", new TextDecoder().decode(body)).map(({ secret }) => secret)
    );
    deepStrictEqual(found.sort(), ["cutOff", "inBody", "rejected"]);
  }));
