import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { canonicalJson } from "../../supabase/functions/_shared/text/canonical_json.ts";
import { createIdentifyCaller } from "../../supabase/functions/_shared/auth/callers.ts";
import { readEnvironment } from "../../supabase/functions/_shared/runtime/config.ts";
import { isOneOf, secretsEqual } from "../../supabase/functions/_shared/http/responses.ts";
import { createLog } from "../../supabase/functions/_shared/runtime/log.ts";
import { arrived } from "../support/bodies.ts";
import { ManualClock } from "../support/manual_clock.ts";

const NAMES = [
  "SUPABASE_URL",
  "SUPABASE_SECRET_KEYS",
  "SUPABASE_SERVICE_ROLE_KEY",
  "SUPABASE_PUBLISHABLE_KEYS",
  "SUPABASE_JWKS",
  "BRAZE_REST_URL",
  "BRAZE_API_KEY",
  "BRAZE_CAMPAIGN_ID",
  "BRAZE_WEBHOOK_SECRETS",
  "CRON_SIGNING_SECRETS",
  "SEND_LEAD_MINUTES",
  "RUN_DEADLINE_SECONDS",
  "OPERATOR_ORIGINS",
];

// A sequence of letters that no message contains.
const secret = fc.string({ unit: fc.constantFrom("Q", "Z", "7"), minLength: 8, maxLength: 40 });
const spoiled = secret.chain((held) =>
  fc.constantFrom(held, `{"default":"${held}"}`, `["${held}"`, `whsec_${held}`, `http://${held}/`)
    .map((value) => ({ held, value }))
);

Deno.test("no message of readEnvironment() contains the value of a variable", () => {
  fc.assert(fc.property(
    fc.array(spoiled, { minLength: NAMES.length, maxLength: NAMES.length }),
    (values) => {
      const variables = new Map(NAMES.map((name, index) => [name, values[index]?.value]));
      let message = "";
      try {
        readEnvironment((name) => variables.get(name));
      } catch (error) {
        message = String(error) + JSON.stringify(error, Object.getOwnPropertyNames(error));
      }
      ok(message.startsWith("Error: Cannot start"));
      for (const { held } of values) ok(!message.includes(held), message);
    },
  ));
});

Deno.test("no log line contains a secret, is too long, or is not JSON", () => {
  fc.assert(fc.property(
    secret,
    fc.anything({ withDate: true, withBigInt: true, maxDepth: 4, values: [fc.string(), secret] }),
    fc.nat({ max: 3_000 }),
    (held, value, repeats) => {
      const lines: string[] = [];
      const log = createLog({
        functionName: "test",
        write: (line) => lines.push(line),
        secrets: [held],
      });
      log.error(`event ${held}`, {
        value,
        deep: { list: [`${held}${held}`, { [held]: held }] },
        long: `${held}"\\`.repeat(repeats),
      });
      const [line = ""] = lines;
      ok(!line.includes(held));
      ok(line.length <= 10_000);
      strictEqual(JSON.parse(line).function, "test");
    },
  ));
});

Deno.test("secretsEqual() and isOneOf() agree with equality", () => {
  fc.assert(fc.property(fc.string(), fc.array(fc.string()), (candidate, secrets) => {
    strictEqual(isOneOf(candidate, secrets), secrets.includes(candidate));
    strictEqual(isOneOf(candidate, [...secrets, candidate]), true);
    for (const each of secrets) strictEqual(secretsEqual(candidate, each), candidate === each);
  }));
});

Deno.test("no invented headers or body identify a caller", async () => {
  const identifyCaller = createIdentifyCaller({
    secretKeys: ["sb_secret_0123456789"],
    publishableKeys: [],
    webhookSecrets: ["w".repeat(32)],
    sendGateSecrets: ["g".repeat(32)],
    cronSigningSecrets: [`whsec_${btoa("k".repeat(24))}`],
    operatorKeySet: { keys: [] },
  }, new ManualClock("2024-12-07T06:00:00Z"));
  const text = fc.string({ unit: "grapheme-ascii" });
  const headers = fc.record({
    apikey: text,
    authorization: fc.oneof(text, text.map((token) => `Bearer ${token}`)),
    "x-webhook-secret": text,
    "webhook-id": text,
    "webhook-timestamp": fc.oneof(text, fc.constant("1733551200")),
    "webhook-signature": fc.oneof(text, fc.base64String().map((mac) => `v1,${mac}`)),
  }, { requiredKeys: [] });
  const part = fc.oneof(
    fc.base64String().map((text) => text.replaceAll(/[+/=]/g, "_")),
    fc.json().map((json) => btoa(encodeURIComponent(json))),
  );
  const token = fc.oneof(text, fc.tuple(part, part, part).map((parts) => parts.join(".")));
  const query = fc.option(token.map((made) => `?token=${encodeURIComponent(made)}`), { nil: "" });
  const made = fc.tuple(headers, query, fc.uint8Array());
  await fc.assert(fc.asyncProperty(made, async ([headers, query, body]) => {
    const request = new Request(`http://test/${query}`, { headers: { ...headers } });
    for (const name of ["braze-webhook", "braze-scheduler", "braze-send-gate"] as const) {
      strictEqual((await identifyCaller(request, arrived(body), name)).ok, false);
    }
  }));
});

Deno.test("canonicalJson() is JSON of the same value, for any order of its keys", () => {
  const turned = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(turned);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).reverse().map(([name, held]) => [name, turned(held)]),
    );
  };
  fc.assert(fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
    const text = canonicalJson(value);
    deepStrictEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
    strictEqual(canonicalJson(turned(value)), text);
  }));
});
