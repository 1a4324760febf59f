import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { createHmac } from "node:crypto";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import {
  type CallerKind,
  createIdentifyCaller,
  type FunctionName,
  MAY_CALL,
} from "../../../../supabase/functions/_shared/auth/callers.ts";
import { arrived } from "../../../support/bodies.ts";
import { signGateToken } from "../../../../supabase/functions/_shared/auth/gate_token.ts";
import { ledgerIdOf } from "../../../support/facts.ts";
import { ManualClock } from "../../../support/manual_clock.ts";

// Far from the machine's own clock, so that a look at it shows.
const NOW = "2024-12-07T06:00:30Z";
const SCHEDULED_AT = "2024-12-07T06:00:00+00:00";
const NOW_SECONDS = Date.parse(NOW) / 1_000;

const secretKey = "sb_secret_default_key";
const legacyKey = "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoic2VydmljZV9yb2xlIn0.c2lnbmF0dXJl";
const publishableKey = "sb_publishable_key";
const webhookSecrets = ["w".repeat(32), "v".repeat(32)];
const gateSecrets = ["g".repeat(32), "h".repeat(32)];
const signingKeys = ["1".repeat(24), "2".repeat(24)];

const auth = await generateKeyPair("ES256", { extractable: true });
const unknownKey = await generateKeyPair("ES256");
const publicKey = { ...await exportJWK(auth.publicKey), kid: "auth-1", alg: "ES256" };

const identifyCaller = createIdentifyCaller({
  secretKeys: [secretKey, legacyKey],
  publishableKeys: [publishableKey],
  webhookSecrets,
  cronSigningSecrets: signingKeys.map((key) => `whsec_${btoa(key)}`),
  sendGateSecrets: gateSecrets,
  operatorKeySet: { keys: [publicKey] },
}, new ManualClock(NOW));

async function answer(headers: HeadersInit, functionName: FunctionName, body = "", query = "") {
  const request = new Request(`http://test/${query}`, { method: "POST", headers });
  const result = await identifyCaller(
    request,
    arrived(new TextEncoder().encode(body)),
    functionName,
  );
  return result.ok ? result.caller.kind : result.code;
}

/** Signed as the database does it, and not with the library that checks it. */
function sign(id: string, timestamp: string, body: string, key: string | undefined): string {
  const mac = createHmac("sha256", key ?? "").update(`${id}.${timestamp}.${body}`);
  return `v1,${mac.digest("base64")}`;
}

function signedCall(changes: {
  readonly function?: string;
  readonly scheduledAt?: unknown;
  readonly seconds?: number;
  readonly key?: string;
  readonly body?: string;
} = {}) {
  const timestamp = `${NOW_SECONDS + (changes.seconds ?? 0)}`;
  const body = changes.body ?? JSON.stringify({
    function: changes.function ?? "braze-scheduler",
    scheduled_at: changes.scheduledAt ?? SCHEDULED_AT,
    extra: "kept for later",
  });
  const headers: Record<string, string> = {
    "webhook-id": "call-1",
    "webhook-timestamp": timestamp,
    "webhook-signature": sign("call-1", timestamp, body, changes.key ?? signingKeys[0]),
  };
  return { headers, body };
}

interface TokenChanges {
  readonly role?: string | null;
  readonly audience?: string;
  readonly expiresAt?: number | null;
  readonly notBefore?: number;
  readonly key?: typeof unknownKey.privateKey;
  readonly subject?: string | null;
}

async function operatorToken(changes: TokenChanges = {}): Promise<string> {
  const { role = "operator", expiresAt = NOW_SECONDS + 3_600, subject = "user-1" } = changes;
  const token = new SignJWT(role === null ? {} : { app_metadata: { role } })
    .setProtectedHeader({ alg: "ES256", kid: "auth-1" })
    .setAudience(changes.audience ?? "authenticated");
  if (subject !== null) token.setSubject(subject);
  if (expiresAt !== null) token.setExpirationTime(expiresAt);
  if (changes.notBefore !== undefined) token.setNotBefore(changes.notBefore);
  return await token.sign(changes.key ?? auth.privateKey);
}

const GATED = { ledgerId: ledgerIdOf(1002), generation: 3, attemptId: ledgerIdOf(7) };

function gateToken(secret = gateSecrets[0]!): Promise<string> {
  return signGateToken(GATED, secret);
}

async function ownToken(
  claims: Readonly<Record<string, unknown>>,
  change: (token: SignJWT) => SignJWT,
): Promise<string> {
  const token = new SignJWT(claims).setProtectedHeader({ alg: "HS256" });
  return await change(token).sign(new TextEncoder().encode(gateSecrets[0]));
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

const names = Object.keys(MAY_CALL) as FunctionName[];
const credentials: Record<
  CallerKind,
  (name: FunctionName) => Promise<[HeadersInit, string, string?]>
> = {
  cron: (name) => {
    const { headers, body } = signedCall({ function: name });
    return Promise.resolve([headers, body]);
  },
  secret_key: () => Promise.resolve([{ apikey: secretKey }, ""]),
  operator: async () => [bearer(await operatorToken()), ""],
  braze: () => Promise.resolve([{ "x-webhook-secret": webhookSecrets[0] ?? "" }, ""]),
  gate_token: async () => [{}, "", `?token=${await gateToken()}`],
};
const timed = names.filter((name) => name !== "braze-webhook" && name !== "braze-send-gate");
/** Written out once more, so that the table in the code cannot change unseen. */
const expected: Record<CallerKind, readonly FunctionName[]> = {
  cron: timed,
  secret_key: [...timed, "braze-webhook"],
  operator: timed,
  braze: ["braze-webhook"],
  gate_token: ["braze-send-gate"],
};

for (const kind of Object.keys(credentials) as CallerKind[]) {
  for (const name of names) {
    // A token in an address is a credential only at the gate.
    const refused = kind === "gate_token" ? "no_credential" : "not_allowed";
    const wanted = expected[kind].includes(name) ? kind : refused;
    Deno.test(`identifyCaller() answers ${wanted} to ${kind} at ${name}`, async () => {
      const [headers, body, query] = await credentials[kind](name);
      strictEqual(await answer(headers, name, body, query), wanted);
    });
  }
}

Deno.test("there are seven functions", () => strictEqual(names.length, 7));

for (
  const [what, makeToken, wanted] of [
    ["the token of a rotated secret", () => gateToken(gateSecrets[1]), "gate_token"],
    ["a token of another secret", () => gateToken("x".repeat(32)), "bad_credential"],
    ["an empty token", () => "", "bad_credential"],
    ["the secret itself", () => gateSecrets[0]!, "bad_credential"],
    ["an operator's token", () => operatorToken(), "bad_credential"],
    [
      "a token of its secret that is for something else",
      () =>
        ownToken(
          { generation: 1, attempt_id: GATED.attemptId },
          (token) => token.setSubject(GATED.ledgerId),
        ),
      "bad_credential",
    ],
    [
      "a token that names no generation",
      () =>
        ownToken(
          { attempt_id: GATED.attemptId },
          (token) => token.setSubject(GATED.ledgerId).setAudience("braze-send-gate"),
        ),
      "bad_credential",
    ],
    [
      "a token that names no create call",
      () =>
        ownToken(
          { generation: 1 },
          (token) => token.setSubject(GATED.ledgerId).setAudience("braze-send-gate"),
        ),
      "bad_credential",
    ],
    [
      "a token that names no ledger row",
      () =>
        ownToken(
          { generation: 1, attempt_id: GATED.attemptId },
          (token) => token.setAudience("braze-send-gate"),
        ),
      "bad_credential",
    ],
    [
      "an unsigned token",
      async () => (await gateToken()).replace(/[^.]*$/, ""),
      "bad_credential",
    ],
  ] as const
) {
  Deno.test(`identifyCaller() answers ${wanted} to ${what}`, async () => {
    const query = `?token=${encodeURIComponent(await makeToken())}`;
    strictEqual(await answer({}, "braze-send-gate", "", query), wanted);
  });
}

Deno.test("identifyCaller() returns which generation a push asks for", async () => {
  const request = new Request(`http://test/?token=${await gateToken()}`);
  const asked = await identifyCaller(request, arrived(new Uint8Array()), "braze-send-gate");
  deepStrictEqual(asked, {
    ok: true,
    caller: { kind: "gate_token", gated: GATED },
  });
});

Deno.test("a gate token in the address of another function is no credential", async () => {
  const secret = { "x-webhook-secret": webhookSecrets[0] ?? "" };
  strictEqual(await answer(secret, "braze-webhook", "", "?token=of-somebody"), "braze");
});

Deno.test("a valid gate token does not compensate for a wrong key", async () => {
  const query = `?token=${await gateToken()}`;
  strictEqual(await answer({ apikey: "wrong" }, "braze-send-gate", "", query), "bad_credential");
  strictEqual(
    await answer({ apikey: secretKey }, "braze-send-gate", "", query),
    "several_credentials",
  );
});

for (
  const [what, headers, name, wanted] of [
    ["no credential", {}, "braze-scheduler", "no_credential"],
    [
      "no credential but a publishable key",
      { apikey: publishableKey },
      "braze-webhook",
      "no_credential",
    ],
    ["a secret key as bearer", bearer(secretKey), "braze-scheduler", "secret_key"],
    ["the legacy key, a token, as bearer", bearer(legacyKey), "braze-scheduler", "secret_key"],
    [
      "a secret key in both places",
      { apikey: secretKey, ...bearer(secretKey) },
      "braze-reconcile",
      "secret_key",
    ],
    ["a wrong key", { apikey: "sb_secret_other" }, "braze-scheduler", "bad_credential"],
    ["an empty key", { apikey: "" }, "braze-scheduler", "bad_credential"],
    ["a publishable key as bearer", bearer(publishableKey), "braze-scheduler", "bad_credential"],
    ["a bearer of nonsense", bearer("nonsense"), "braze-webhook", "bad_credential"],
    [
      "another scheme",
      { authorization: `Basic ${secretKey}` },
      "braze-scheduler",
      "bad_credential",
    ],
    ["a bearer without a token", { authorization: "Bearer" }, "braze-webhook", "bad_credential"],
    [
      "the second webhook secret",
      { "x-webhook-secret": webhookSecrets[1] ?? "" },
      "braze-webhook",
      "braze",
    ],
    ["the webhook secret as bearer", bearer(webhookSecrets[1] ?? ""), "braze-webhook", "braze"],
    [
      "a wrong webhook secret",
      { "x-webhook-secret": "x".repeat(32) },
      "braze-webhook",
      "bad_credential",
    ],
    ["an empty webhook secret", { "x-webhook-secret": "" }, "braze-webhook", "bad_credential"],
    [
      "a right key beside a wrong webhook secret",
      { apikey: secretKey, "x-webhook-secret": "x".repeat(32) },
      "braze-webhook",
      "bad_credential",
    ],
    [
      "a right webhook secret beside a wrong bearer",
      { "x-webhook-secret": webhookSecrets[0] ?? "", ...bearer("nonsense") },
      "braze-webhook",
      "bad_credential",
    ],
    [
      "two kinds of credential",
      { apikey: secretKey, "x-webhook-secret": webhookSecrets[0] ?? "" },
      "braze-webhook",
      "several_credentials",
    ],
  ] as const
) {
  Deno.test(`identifyCaller() answers ${wanted} to ${what}`, async () => {
    strictEqual(await answer(headers, name), wanted);
  });
}

for (
  const [what, headers, reads] of [
    ["a caller without a credential", {}, 0],
    ["the secret key", { apikey: secretKey }, 0],
    ["a wrong key", { apikey: "wrong" }, 0],
    ["a wrong key beside a signature", { apikey: "wrong", ...signedCall().headers }, 0],
    ["a signed call", signedCall().headers, 1],
  ] as const
) {
  Deno.test(`identifyCaller() reads the body of ${what} ${reads} times`, async () => {
    let read = 0;
    await identifyCaller(new Request("http://test/", { method: "POST", headers }), () => {
      read++;
      return Promise.resolve({ ok: true, bytes: new Uint8Array() });
    }, "braze-scheduler");
    strictEqual(read, reads);
  });
}

for (
  const [code, wanted] of [
    ["body_too_large", "bad_credential"],
    ["body_cut_off", "body_cut_off"],
  ] as const
) {
  Deno.test(`identifyCaller() answers ${wanted} to a signed call whose body is ${code}`, async () => {
    const { headers } = signedCall();
    const request = new Request("http://test/", { method: "POST", headers });
    const unread = () => Promise.resolve({ ok: false, code } as const);
    deepStrictEqual(await identifyCaller(request, unread, "braze-scheduler"), {
      ok: false,
      code: wanted,
    });
  });
}

Deno.test("identifyCaller() returns the scheduled time and the id of a signed call", async () => {
  const { headers, body } = signedCall();
  const request = new Request("http://test/", { method: "POST", headers });
  deepStrictEqual(
    await identifyCaller(request, arrived(new TextEncoder().encode(body)), "braze-scheduler"),
    {
      ok: true,
      caller: {
        kind: "cron",
        scheduledAt: new Date("2024-12-07T06:00:00Z"),
        invocationId: "call-1",
      },
    },
  );
});

for (
  const [what, changes, wanted] of [
    ["by the second live secret", { key: signingKeys[1] ?? "" }, "cron"],
    ["by an unknown secret", { key: "3".repeat(24) }, "bad_credential"],
    ["300 seconds ago", { seconds: -300 }, "cron"],
    ["301 seconds ago", { seconds: -301 }, "bad_timestamp"],
    ["300 seconds ahead", { seconds: 300 }, "cron"],
    ["301 seconds ahead", { seconds: 301 }, "bad_timestamp"],
    ["for another function", { function: "braze-reconcile" }, "wrong_function"],
    ["for the minute of an hour ago", { scheduledAt: "2024-12-07T05:01:00Z" }, "cron"],
    [
      "for a minute over an hour ago",
      { scheduledAt: "2024-12-07T05:00:00Z" },
      "wrong_scheduled_time",
    ],
    [
      "for a minute over an hour ahead",
      { scheduledAt: "2024-12-07T07:01:00Z" },
      "wrong_scheduled_time",
    ],
    ["for a scheduled time without seconds", { scheduledAt: "2024-12-07T06:00Z" }, "cron"],
    [
      "for a scheduled time between minutes",
      { scheduledAt: "2024-12-07T06:00:30Z" },
      "invalid_body",
    ],
    [
      "for a scheduled time in another zone",
      { scheduledAt: "2024-12-07T07:00:00+01:00" },
      "invalid_body",
    ],
    [
      "for a scheduled time that is not a time",
      { scheduledAt: "2024-13-07T06:00:00Z" },
      "invalid_body",
    ],
    ["for a scheduled time that is a number", { scheduledAt: NOW_SECONDS }, "invalid_body"],
    ["over a body that is not JSON", { body: "{" }, "invalid_body"],
    ["over a body that is a list", { body: "[]" }, "invalid_body"],
  ] as const
) {
  Deno.test(`identifyCaller() answers ${wanted} to a call signed ${what}`, async () => {
    const { headers, body } = signedCall(changes);
    strictEqual(await answer(headers, "braze-scheduler", body), wanted);
  });
}

const call = signedCall();
const genuine = call.headers["webhook-signature"] ?? "";
const otherVersion = genuine.replace("v1,", "v2,");

for (
  const [what, headers, body, wanted] of [
    ["another body", {}, call.body.replace("06:00", "06:01"), "bad_credential"],
    ["a byte order mark before the body", {}, `\ufeff${call.body}`, "bad_credential"],
    ["another id", { "webhook-id": "call-2" }, call.body, "bad_credential"],
    ["an id with a space", { "webhook-id": "call 1" }, call.body, "bad_credential"],
    ["another time", { "webhook-timestamp": `${NOW_SECONDS + 1}` }, call.body, "bad_credential"],
    [
      "a time with a fraction",
      { "webhook-timestamp": `${NOW_SECONDS}.5` },
      call.body,
      "bad_credential",
    ],
    ["a time that is none", { "webhook-timestamp": "now" }, call.body, "bad_credential"],
    ["an empty signature", { "webhook-signature": "" }, call.body, "bad_credential"],
    [
      "another version of signature",
      { "webhook-signature": otherVersion },
      call.body,
      "bad_credential",
    ],
    [
      "a genuine signature among others",
      { "webhook-signature": `v1,AAAA ${otherVersion} ${genuine}` },
      call.body,
      "cron",
    ],
    [
      "more signatures than a rotation needs",
      { "webhook-signature": `${genuine} ${"v1,AAAA ".repeat(8)}` },
      call.body,
      "bad_credential",
    ],
    ["a wrong key beside it", { apikey: "sb_secret_other" }, call.body, "bad_credential"],
    ["a right key beside it", { apikey: secretKey }, call.body, "several_credentials"],
    ["a publishable key beside it", { apikey: publishableKey }, call.body, "cron"],
  ] as const
) {
  Deno.test(`identifyCaller() answers ${wanted} to a signed call with ${what}`, async () => {
    strictEqual(await answer({ ...call.headers, ...headers }, "braze-scheduler", body), wanted);
  });
}

for (const missing of Object.keys(call.headers)) {
  Deno.test(`identifyCaller() refuses a signed call without ${missing}`, async () => {
    const { [missing]: _, ...headers } = call.headers;
    strictEqual(await answer(headers, "braze-scheduler", call.body), "bad_credential");
  });
}

Deno.test("identifyCaller() refuses a signed body that is not UTF-8", async () => {
  const timestamp = `${NOW_SECONDS}`;
  const request = new Request("http://test/", {
    headers: {
      "webhook-id": "call-1",
      "webhook-timestamp": timestamp,
      "webhook-signature": sign("call-1", timestamp, "\ufffd", signingKeys[0]),
    },
  });
  deepStrictEqual(
    await identifyCaller(request, arrived(new Uint8Array([0xff])), "braze-scheduler"),
    {
      ok: false,
      code: "bad_credential",
    },
  );
});

for (
  const [what, changes, wanted] of [
    ["that has expired", { expiresAt: NOW_SECONDS - 1 }, "bad_credential"],
    ["that never expires", { expiresAt: null }, "bad_credential"],
    ["that is not valid yet", { notBefore: NOW_SECONDS + 60 }, "bad_credential"],
    ["for another audience", { audience: "anon" }, "bad_credential"],
    ["without a subject", { subject: null }, "bad_credential"],
    ["signed with an unknown key", { key: unknownKey.privateKey }, "bad_credential"],
    ["of a user who is not an operator", { role: "viewer" }, "not_allowed"],
    ["of a user without a role", { role: null }, "not_allowed"],
  ] as const
) {
  Deno.test(`identifyCaller() answers ${wanted} to a token ${what}`, async () => {
    strictEqual(await answer(bearer(await operatorToken(changes)), "braze-scheduler"), wanted);
  });
}

Deno.test("identifyCaller() lets an operator send the publishable key beside the token", async () => {
  const headers = { apikey: publishableKey, ...bearer(await operatorToken()) };
  strictEqual(await answer(headers, "braze-scheduler"), "operator");
});

Deno.test("identifyCaller() returns who the operator is", async () => {
  const request = new Request("http://test/", { headers: bearer(await operatorToken()) });
  deepStrictEqual(await identifyCaller(request, arrived(new Uint8Array()), "braze-scheduler"), {
    ok: true,
    caller: { kind: "operator", userId: "user-1" },
  });
});

Deno.test("identifyCaller() refuses tokens signed with a secret, or with nothing", async () => {
  const claims = { app_metadata: { role: "operator" }, aud: "authenticated", sub: "user-1" };
  const symmetric = await new SignJWT(claims)
    .setProtectedHeader({ alg: "HS256", kid: "auth-1" })
    .setExpirationTime(NOW_SECONDS + 60)
    .sign(new TextEncoder().encode(publicKey.x?.padEnd(32, "x")));
  strictEqual(await answer(bearer(symmetric), "braze-scheduler"), "bad_credential");

  const part = (value: unknown) => btoa(JSON.stringify(value)).replace(/=+$/, "");
  const unsigned = `${part({ alg: "none" })}.${part({ ...claims, exp: NOW_SECONDS + 60 })}.`;
  strictEqual(await answer(bearer(unsigned), "braze-scheduler"), "bad_credential");
});

Deno.test("identifyCaller() refuses a genuine token of an algorithm that Auth does not use", async () => {
  const pair = await generateKeyPair("ES384");
  const identify = createIdentifyCaller({
    secretKeys: [],
    publishableKeys: [],
    webhookSecrets: [],
    cronSigningSecrets: [],
    sendGateSecrets: [],
    operatorKeySet: { keys: [await exportJWK(pair.publicKey)] },
  }, new ManualClock(NOW));
  const token = await new SignJWT({ app_metadata: { role: "operator" } })
    .setProtectedHeader({ alg: "ES384" })
    .setAudience("authenticated").setSubject("user-1").setExpirationTime(NOW_SECONDS + 60)
    .sign(pair.privateKey);
  const request = new Request("http://test/", { headers: bearer(token) });
  deepStrictEqual(await identify(request, arrived(new Uint8Array()), "braze-scheduler"), {
    ok: false,
    code: "bad_credential",
  });
});

Deno.test("identifyCaller() refuses a token whose symmetric key is in the key set", async () => {
  const secret = new TextEncoder().encode("k".repeat(32));
  const identify = createIdentifyCaller({
    secretKeys: [],
    publishableKeys: [],
    webhookSecrets: [],
    cronSigningSecrets: [],
    sendGateSecrets: [],
    operatorKeySet: { keys: [{ kty: "oct", k: btoa("k".repeat(32)), kid: "old", alg: "HS256" }] },
  }, new ManualClock(NOW));
  const token = await new SignJWT({ app_metadata: { role: "operator" } })
    .setProtectedHeader({ alg: "HS256", kid: "old" })
    .setAudience("authenticated").setSubject("user-1").setExpirationTime(NOW_SECONDS + 60)
    .sign(secret);
  const request = new Request("http://test/", { headers: bearer(token) });
  deepStrictEqual(await identify(request, arrived(new Uint8Array()), "braze-scheduler"), {
    ok: false,
    code: "bad_credential",
  });
});
