/**
 * Who may call which function: every kind of caller at every function, over HTTP; refused callers must change nothing.
 *
 * The table is complete: a function that is not in it fails the test.
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { roleToken } from "../../local/stack/keys.ts";
import type { Stack } from "../../local/stack/stack.ts";
import { signGateToken } from "../../supabase/functions/_shared/auth/gate_token.ts";
import { functionFolders } from "../support/sources.ts";
import {
  BAD,
  compare,
  GATE,
  LEGACY_ANON_KEY,
  LEGACY_KEY,
  NAMES,
  NO,
  NOT_ALLOWED,
  type Row,
  SEVERAL_CREDENTIALS,
  WEBHOOK,
  withGuardedSuite,
} from "./guarded.ts";
import type { HttpRequest } from "./send_request.ts";
import {
  ROLE_IN_USER_METADATA,
  tokenOf,
  tokenSignedWithPublicKey,
  unsignedToken,
} from "./tokens.ts";

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

function gateToken(secret: string): Promise<string> {
  return signGateToken(
    { ledgerId: crypto.randomUUID(), generation: 1, attemptId: crypto.randomUUID() },
    secret,
  );
}

async function alteredToken(): Promise<string> {
  const [head, body, mac] = (await gateToken(GATE.next)).split(".");
  const claims = { ...JSON.parse(atob(body!)), generation: 2 };
  return [head, btoa(JSON.stringify(claims)).replaceAll("=", ""), mac].join(".");
}

async function tableFor(stack: Stack): Promise<readonly Row[]> {
  const { keys, timeline } = stack;
  const now = timeline.now();
  const { secretKey, publishableKey } = keys;
  const all = (shows: HttpRequest, answer: string) => ({
    shows: () => shows,
    timed: answer,
    webhook: answer,
  });
  const headers = (given: HeadersInit, answer: string) => all({ headers: given }, answer);
  const people = (given: HeadersInit) => ({
    shows: () => ({ headers: given }),
    timed: "200",
    webhook: NOT_ALLOWED,
  });
  const braze = (given: HeadersInit) => ({
    shows: () => ({ headers: given }),
    timed: NOT_ALLOWED,
    webhook: "200",
  });
  /** A query string: only the gate takes a credential from it. */
  const asPush = (token: string, gate: string) => ({
    shows: () => ({ query: `?token=${token}` }),
    timed: NO,
    webhook: NO,
    gate,
  });
  // It is let in, and gets the answer for an unknown schedule.
  const push = (token: string) => asPush(token, "200 unknown_schedule");
  const token = async (changes: Parameters<typeof tokenOf>[2]) =>
    bearer(await tokenOf(keys, now, changes));
  const query = (text: string) => all({ query: `?${text}` }, NO);

  return [
    { caller: "no credential", ...headers({}, NO) },
    { caller: "a browser's page, unasked", ...headers({ cookie: `apikey=${secretKey}` }, NO) },

    { caller: "publishable key", ...headers({ apikey: publishableKey }, NO) },
    { caller: "legacy anon key", ...headers({ apikey: LEGACY_ANON_KEY }, NO) },
    { caller: "publishable key as a token", ...headers(bearer(publishableKey), BAD) },
    {
      caller: "publishable key in both places, as supabase-js does",
      ...headers({ apikey: publishableKey, ...bearer(publishableKey) }, BAD),
    },

    { caller: "secret key", ...headers({ apikey: secretKey }, "200") },
    { caller: "secret key as a token", ...headers(bearer(secretKey), "200") },
    {
      caller: "secret key in both places",
      ...headers({ apikey: secretKey, ...bearer(secretKey) }, "200"),
    },
    { caller: "legacy secret key", ...headers({ apikey: LEGACY_KEY }, "200") },
    {
      caller: "wrong key",
      ...headers({ apikey: "sb_secret_AAAAAAAAAAAAAAAAAAAAAA_AAAAAAAA" }, BAD),
    },
    { caller: "no key at all, but its header", ...headers({ apikey: "" }, BAD) },
    {
      caller: "secret key but its last letter",
      ...headers({ apikey: secretKey.slice(0, -1) }, BAD),
    },
    { caller: "secret key and a letter more", ...headers({ apikey: `${secretKey}x` }, BAD) },
    { caller: "secret key in capitals", ...headers({ apikey: secretKey.toUpperCase() }, BAD) },
    { caller: "secret key twice", ...headers({ apikey: `${secretKey}, ${secretKey}` }, BAD) },
    {
      caller: "secret key under another scheme",
      ...headers({ authorization: `Basic ${secretKey}` }, BAD),
    },
    {
      caller: "secret key as a webhook secret",
      ...headers({ "x-webhook-secret": secretKey }, BAD),
    },
    { caller: "Braze's own key", ...headers({ apikey: keys.brazeApiKey }, BAD) },
    {
      caller: "the gateway's token for anon",
      ...headers(bearer(await roleToken(keys, "anon")), BAD),
    },
    {
      caller: "the gateway's token for service_role",
      ...headers(bearer(await roleToken(keys, "service_role")), BAD),
    },
    { caller: "secret key in the address", ...query(`apikey=${secretKey}`) },
    { caller: "token in the address", ...query(`authorization=Bearer%20${secretKey}`) },

    { caller: "operator", ...people(await token({})) },
    {
      caller: "operator with the publishable key, as the dashboard calls",
      ...people({ apikey: publishableKey, ...await token({}) }),
    },
    {
      caller: "operator with a wrong key",
      ...headers({ apikey: "sb_secret_wrong_key", ...await token({}) }, BAD),
    },
    {
      caller: "signed-in user without the role",
      ...headers(await token({ claims: { app_metadata: {} } }), NOT_ALLOWED),
    },
    {
      caller: "signed-in user with the role operator in user-writable metadata",
      ...headers(await token({ claims: ROLE_IN_USER_METADATA }), NOT_ALLOWED),
    },
    {
      caller: "signed-in user whose database role is operator",
      ...headers(await token({ claims: { role: "operator" } }), NOT_ALLOWED),
    },
    { caller: "operator whose token has run out", ...headers(await token({ expiresIn: -1 }), BAD) },
    {
      caller: "operator whose token is not valid yet",
      ...headers(await token({ validIn: 60 }), BAD),
    },
    { caller: "operator of another audience", ...headers(await token({ audience: "anon" }), BAD) },
    {
      caller: "operator signed with an unknown key",
      ...headers(await token({ byStranger: true }), BAD),
    },
    {
      caller: "operator without a signature",
      ...headers(bearer(unsignedToken(now, "authenticated")), BAD),
    },
    {
      caller: "operator by the public key as a secret",
      ...headers(bearer(await tokenSignedWithPublicKey(keys, now, "authenticated")), BAD),
    },
    {
      caller: "operator's token under x-webhook-secret",
      ...headers({ "x-webhook-secret": await tokenOf(keys, now) }, BAD),
    },

    { caller: "webhook secret", ...braze({ "x-webhook-secret": WEBHOOK.next }) },
    { caller: "webhook secret as a token", ...braze(bearer(WEBHOOK.next)) },
    {
      caller: "the former webhook secret, still listed",
      ...braze({ "x-webhook-secret": WEBHOOK.former }),
    },
    { caller: "the former webhook secret as a token", ...braze(bearer(WEBHOOK.former)) },
    {
      caller: "a webhook secret no longer listed",
      ...headers({ "x-webhook-secret": WEBHOOK.gone }, BAD),
    },
    { caller: "the same as a token", ...headers(bearer(WEBHOOK.gone), BAD) },
    {
      caller: "the configured list of webhook secrets, unsplit",
      ...headers({ "x-webhook-secret": `${WEBHOOK.next},${WEBHOOK.former}` }, BAD),
    },
    {
      caller: "both webhook secrets as one header",
      ...headers({ "x-webhook-secret": `${WEBHOOK.next}, ${WEBHOOK.former}` }, BAD),
    },
    {
      caller: "webhook secret in capitals",
      ...headers({ "x-webhook-secret": WEBHOOK.next.toUpperCase() }, BAD),
    },
    {
      caller: "a webhook secret's beginning",
      ...headers({ "x-webhook-secret": WEBHOOK.next.slice(0, 32) }, BAD),
    },
    { caller: "an empty webhook secret", ...headers({ "x-webhook-secret": "" }, BAD) },
    { caller: "an empty token", ...headers({ authorization: "Bearer " }, BAD) },
    {
      caller: "webhook secret under another scheme",
      ...headers({ authorization: WEBHOOK.next }, BAD),
    },
    { caller: "webhook secret as a key", ...headers({ apikey: WEBHOOK.next }, BAD) },
    { caller: "webhook secret in the address", ...query(`x-webhook-secret=${WEBHOOK.next}`) },
    {
      caller: "webhook secret in the address, by other names",
      ...query(`secret=${WEBHOOK.next}&key=${WEBHOOK.next}`),
    },
    {
      caller: "webhook secret and secret key",
      ...headers({ apikey: secretKey, "x-webhook-secret": WEBHOOK.next }, SEVERAL_CREDENTIALS),
    },
    {
      caller: "webhook secret and an operator's token",
      ...headers({ "x-webhook-secret": WEBHOOK.next, ...await token({}) }, SEVERAL_CREDENTIALS),
    },
    {
      caller: "webhook secret as a push's token",
      ...asPush(WEBHOOK.next, BAD),
    },

    { caller: "a push", ...push(await gateToken(GATE.next)) },
    { caller: "a push of before the rotation", ...push(await gateToken(GATE.former)) },
    {
      caller: "a push of a secret no longer listed",
      ...asPush(await gateToken(GATE.gone), BAD),
    },
    {
      caller: "a push that names another generation",
      ...asPush(await alteredToken(), BAD),
    },
    { caller: "a push without its token", ...asPush("", BAD) },
    {
      caller: "a push's token as a token",
      ...headers(bearer(await gateToken(GATE.next)), BAD),
    },
    {
      caller: "a push's token as a webhook secret",
      ...headers({ "x-webhook-secret": await gateToken(GATE.next) }, BAD),
    },
    {
      caller: "a push with the secret key",
      ...all({
        query: `?token=${await gateToken(GATE.next)}`,
        headers: { apikey: secretKey },
      }, "200"),
      gate: SEVERAL_CREDENTIALS,
    },
    {
      caller: "a push with a wrong key",
      ...all({
        query: `?token=${await gateToken(GATE.next)}`,
        headers: { apikey: "sb_secret_wrong_key" },
      }, BAD),
    },
    {
      caller: "an operator's token as a push's",
      ...asPush(await tokenOf(keys, now), BAD),
    },

    {
      caller: "webhook secret beside a wrong token",
      ...headers({ "x-webhook-secret": WEBHOOK.next, ...bearer("nonsense") }, BAD),
    },
  ];
}

Deno.test("every function is in the table", async () => {
  deepStrictEqual(NAMES, await functionFolders());
});

Deno.test(
  "every kind of caller gets the table's answer from every function, and refused callers change nothing",
  withGuardedSuite(async (stack) => {
    const rows = await tableFor(stack);
    ok(rows.length > 40, "there are callers to ask");
    await compare(stack, rows);
  }),
);
