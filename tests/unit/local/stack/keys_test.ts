import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { createLocalJWKSet, importJWK, jwtVerify } from "jose";
import { join } from "node:path";
import {
  acceptedKeySet,
  createKeys,
  keepKeys,
  operatorToken,
  publicKeySet,
  roleToken,
} from "../../../../local/stack/keys.ts";

const issuer = "http://127.0.0.1:54321/auth/v1";
const virtualNow = new Date("2024-12-07T06:00:00Z");

Deno.test("publicKeySet() contains no private key", async () => {
  const { keys } = publicKeySet(await createKeys());
  strictEqual(keys.length, 1);
  strictEqual(keys[0]?.kty, "EC");
  strictEqual("d" in keys[0]!, false);
});

for (const now of [virtualNow, new Date(), new Date("2031-01-01T00:00:00Z")]) {
  Deno.test(`operatorToken() is valid at the wall clock and at ${now.toISOString()}`, async () => {
    const keys = await createKeys();
    const token = await operatorToken({ keys, issuer, now });
    for (const currentDate of [now, new Date()]) {
      const { payload } = await jwtVerify(token, createLocalJWKSet(publicKeySet(keys)), {
        audience: "authenticated",
        issuer,
        currentDate,
      });
      deepStrictEqual(payload["app_metadata"], { provider: "email", role: "operator" });
      strictEqual(payload["role"], "authenticated");
    }
  });
}

Deno.test("operatorToken() can name a user who is not an operator", async () => {
  const keys = await createKeys();
  const token = await operatorToken({ keys, issuer, now: virtualNow, role: null });
  const { payload } = await jwtVerify(token, createLocalJWKSet(publicKeySet(keys)));
  deepStrictEqual(payload["app_metadata"], { provider: "email" });
});

Deno.test("roleToken() is accepted by PostgREST's set and not by the functions'", async () => {
  const keys = await createKeys();
  const token = await roleToken(keys, "service_role");
  const accepted = acceptedKeySet(keys).keys.find(({ kty }) => kty === "oct");
  const { payload } = await jwtVerify(token, await importJWK(accepted!, "HS256"));
  strictEqual(payload["role"], "service_role");
  await rejects(jwtVerify(token, createLocalJWKSet(publicKeySet(keys))));
});

Deno.test("keepKeys() creates keys once, in a file that only its owner can read", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const file = join(folder, "keys.json");
    const made = await keepKeys(file);
    deepStrictEqual(await keepKeys(file), made);
    strictEqual((await Deno.stat(file)).mode! & 0o777, 0o600);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
