/** Calls that the database signs: what an attacker who reads pg_net's queue, or knows one of two secrets, can do with them. */
import { deepStrictEqual } from "node:assert/strict";
import type { Stack } from "../../local/stack/stack.ts";
import {
  BAD,
  compare,
  GUARDED,
  NAMES,
  NO,
  NOT_ALLOWED,
  type Row,
  SEVERAL_CREDENTIALS,
  SIGNING,
  signWith,
  WEBHOOK,
  withGuardedSuite,
} from "./guarded.ts";
import { type HttpRequest, inWords, sendRequest } from "./send_request.ts";
import { forgeCall, interceptCall, type SignedCall, withHeaders } from "./signed_calls.ts";

/** A signature covers a body, which a request to the gate does not have. */
const SIGNED_NAMES = NAMES.filter((name) => GUARDED[name] !== "gate");

/** Signed calls, intercepted from the queue before their use. In this order: the genuine one last. */
async function signedTableFor(stack: Stack): Promise<readonly Row[]> {
  const { sql, timeline, keys } = stack;
  const now = timeline.now();
  const late = new Date(now.getTime() - 301_000);
  const early = new Date(now.getTime() + 301_000);
  const intercepted = new Map<string, SignedCall>();
  for (const name of SIGNED_NAMES) intercepted.set(name, await interceptCall(sql, name, now));
  const of = (name: string) => intercepted.get(name)!;
  const next = (name: string) =>
    SIGNED_NAMES[(SIGNED_NAMES.indexOf(name) + 1) % SIGNED_NAMES.length]!;
  const row = (
    caller: string,
    shows: (functionName: string) => HttpRequest,
    timed: string,
    webhook = timed,
  ): Row => ({ caller, shows, timed, webhook });

  return [
    row("signature over another body", (name) => ({
      ...of(name),
      body: of(name).body.replace("{", '{"dry_run": false, '),
    }), BAD),
    row("signature over the same words, written otherwise", (name) => ({
      ...of(name),
      body: JSON.stringify(JSON.parse(of(name).body)),
    }), BAD),
    row("signature without its body", (name) => ({ headers: of(name).headers }), BAD),
    row(
      "altered signature",
      (name) => withHeaders(of(name), { "webhook-signature": `v1,${btoa("x".repeat(32))}` }),
      BAD,
    ),
    row(
      "signature under another id",
      (name) => withHeaders(of(name), { "webhook-id": `${of(name).headers["webhook-id"]}x` }),
      BAD,
    ),
    row(
      "signature with another time",
      (name) =>
        withHeaders(of(name), { "webhook-timestamp": `${Math.floor(now.getTime() / 1_000) + 60}` }),
      BAD,
    ),
    row("signature without an id", (name) => {
      const { "webhook-id": _, ...rest } = of(name).headers;
      return { ...of(name), headers: rest };
    }, BAD),
    row(
      "signature by a secret no longer listed",
      (name) => forgeCall(SIGNING.gone, name, now),
      BAD,
    ),
    row(
      "signature by the webhook secret",
      (name) => forgeCall(`whsec_${btoa(WEBHOOK.next)}`, name, now),
      BAD,
    ),
    row(
      "signature of five minutes ago",
      (name) => forgeCall(SIGNING.former, name, late),
      "401 bad_timestamp",
    ),
    row(
      "signature of five minutes hence",
      (name) => forgeCall(SIGNING.former, name, early),
      "401 bad_timestamp",
    ),
    row(
      "right signature for another function",
      (name) => of(next(name)),
      "403 wrong_function",
      NOT_ALLOWED,
    ),
    row(
      "valid signature for a scheduled time long past",
      (name) => forgeCall(SIGNING.former, name, now, new Date(now.getTime() - 3_661_000)),
      "403 wrong_scheduled_time",
      NOT_ALLOWED,
    ),
    row(
      "right signature for a call that the database never made",
      (name) => forgeCall(SIGNING.former, name, now, new Date(now.getTime() - 120_000)),
      NOT_ALLOWED,
    ),
    row(
      "right signature in the address",
      (name) => ({ query: `?${new URLSearchParams(of(name).headers)}`, body: of(name).body }),
      NO,
    ),
    row(
      "right signature and the secret key",
      (name) => withHeaders(of(name), { apikey: keys.secretKey }),
      SEVERAL_CREDENTIALS,
      NOT_ALLOWED,
    ),
    row(
      "right signature beside a wrong key",
      (name) => withHeaders(of(name), { apikey: "sb_secret_wrong_key" }),
      BAD,
    ),
    row("right signature", of, "202", NOT_ALLOWED),
    row("right signature, replayed", of, "200 already_claimed", NOT_ALLOWED),
    row(
      "right signature for another function, used already",
      (name) => of(next(name)),
      "403 wrong_function",
      NOT_ALLOWED,
    ),
  ];
}

Deno.test(
  "a signed call is valid once, for its function and its scheduled time, even after it was intercepted",
  withGuardedSuite(async (stack) =>
    await compare(stack, await signedTableFor(stack), SIGNED_NAMES)
  ),
);

Deno.test(
  "a signed call that was never used is refused after five minutes",
  withGuardedSuite(async (stack) => {
    const intercepted = await interceptCall(stack.sql, "braze-scheduler", stack.timeline.now());
    await stack.advanceTo(new Date(stack.timeline.now().getTime() + 301_000));
    const url = `${stack.ready.functions_url}/braze-scheduler`;
    deepStrictEqual(inWords(await sendRequest(url, intercepted)), "401 bad_timestamp");
  }),
);

Deno.test(
  "signing secrets rotate without a missed call: the new and the old one work together, a third one never",
  withGuardedSuite(async (stack) => {
    const url = `${stack.ready.functions_url}/braze-scheduler`;
    const received: string[] = [];
    for (const secret of [SIGNING.former, SIGNING.next, SIGNING.gone]) {
      await signWith(stack, secret);
      const call = await interceptCall(stack.sql, "braze-scheduler", stack.timeline.now());
      received.push(inWords(await sendRequest(url, call)));
      await stack.advanceTo(new Date(stack.timeline.now().getTime() + 60_000));
    }
    deepStrictEqual(received, ["202", "202", BAD]);
  }),
);
