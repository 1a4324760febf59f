/** Access tokens: valid ones, and every kind that must be refused. */
import { Buffer } from "node:buffer";
import { generateKeyPair, importJWK, SignJWT } from "jose";
import type { Keys } from "../../local/stack/keys.ts";

export interface TokenChanges {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly audience?: string;
  /** From now on, in seconds. */
  readonly expiresIn?: number;
  readonly validIn?: number;
  /** Signed with an unknown key. */
  readonly byStranger?: boolean;
}

/** An operator's token as Supabase Auth makes it, except for what a test changes. */
export async function tokenOf(
  keys: Keys,
  now: Date,
  changes: TokenChanges = {},
): Promise<string> {
  const { audience = "authenticated", expiresIn = 3_600, validIn = -60, claims = OPERATOR } =
    changes;
  const seconds = Math.floor(now.getTime() / 1_000);
  const key = changes.byStranger
    ? (await generateKeyPair("ES256")).privateKey
    : await importJWK(keys.operatorKey, "ES256");
  return await new SignJWT({ role: "authenticated", ...claims })
    .setProtectedHeader({ alg: "ES256", kid: keys.operatorKey.kid, typ: "JWT" })
    .setAudience(audience)
    .setSubject("7c9e6679-7425-40de-944b-e07fc1f90ae7")
    .setNotBefore(seconds + validIn)
    .setExpirationTime(seconds + expiresIn)
    .sign(key);
}

export const OPERATOR = { app_metadata: { role: "operator" } };
/** Every user may write this about themselves. */
export const ROLE_IN_USER_METADATA = { user_metadata: { role: "operator" }, app_metadata: {} };

/** Declares itself unsigned. */
export function unsignedToken(now: Date, role: string): string {
  return `${part({ alg: "none", typ: "JWT" })}.${part(payload(now, role))}.`;
}

/** Signed with the public key as if it were a shared secret. */
export async function tokenSignedWithPublicKey(
  keys: Keys,
  now: Date,
  role: string,
): Promise<string> {
  return await new SignJWT(payload(now, role))
    .setProtectedHeader({ alg: "HS256", kid: keys.operatorKey.kid, typ: "JWT" })
    .sign(new TextEncoder().encode(`${keys.operatorKey.x}${keys.operatorKey.y}`));
}

function payload(now: Date, role: string) {
  return {
    ...OPERATOR,
    role,
    aud: "authenticated",
    sub: "7c9e6679-7425-40de-944b-e07fc1f90ae7",
    exp: Math.floor(now.getTime() / 1_000) + 3_600,
  };
}

function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
