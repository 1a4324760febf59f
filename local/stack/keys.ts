/** The keys of one stack, generated once and kept in its data folder. */
import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from "jose";
import { z } from "zod";

const HOUR_SECONDS = 3_600;
const TEN_YEARS_SECONDS = 10 * 365 * 24 * HOUR_SECONDS;

export const Keys = z.object({
  publishableKey: z.string(),
  secretKey: z.string(),
  webhookSecret: z.string(),
  cronSigningSecret: z.string(),
  sendGateSecret: z.string(),
  brazeApiKey: z.string(),
  campaignId: z.string(),
  /** Signs the gateway's own role tokens. */
  roleKey: z.object({ kty: z.literal("oct"), k: z.string(), alg: z.string(), kid: z.string() }),
  /** Signs operators' tokens, as Supabase Auth would. */
  operatorKey: z.object({
    kty: z.literal("EC"),
    crv: z.string(),
    x: z.string(),
    y: z.string(),
    d: z.string(),
    alg: z.string(),
    kid: z.string(),
  }),
});
export type Keys = z.infer<typeof Keys>;

export async function createKeys(): Promise<Keys> {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  const operatorKey = { ...await exportJWK(privateKey), alg: "ES256", kid: crypto.randomUUID() };
  return Keys.parse({
    publishableKey: `sb_publishable_${random(16)}_${random(6)}`,
    secretKey: `sb_secret_${random(16)}_${random(6)}`,
    webhookSecret: random(32),
    sendGateSecret: random(32),
    cronSigningSecret: `whsec_${bytes(32).toBase64()}`,
    brazeApiKey: crypto.randomUUID(),
    campaignId: crypto.randomUUID(),
    roleKey: { kty: "oct", k: random(32), alg: "HS256", kid: crypto.randomUUID() },
    operatorKey,
  });
}

export async function keepKeys(file: string): Promise<Keys> {
  const text = await Deno.readTextFile(file).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  });
  const kept = text === undefined ? {} : JSON.parse(text);
  // Keys that an older version of the stack did not have are added.
  const keys = Keys.parse({ ...await createKeys(), ...kept });
  if (Object.keys(keys).every((name) => name in kept)) return keys;
  await Deno.writeTextFile(file, JSON.stringify(keys, null, 2), { mode: 0o600 });
  return keys;
}

/** The public half, as `SUPABASE_JWKS` holds it. */
export function publicKeySet({ operatorKey }: Keys): { keys: JWK[] } {
  const { d: _private, ...publicKey } = operatorKey;
  return { keys: [{ ...publicKey, use: "sig", key_ops: ["verify"] }] };
}

/** The keys that PostgREST accepts: of the gateway's tokens and of the operators'. */
export function acceptedKeySet(keys: Keys): { keys: JWK[] } {
  return { keys: [keys.roleKey, ...publicKeySet(keys).keys] };
}

export async function roleToken(keys: Keys, role: "anon" | "service_role"): Promise<string> {
  const issuedAt = Math.floor(realNow() / 1_000);
  return await new SignJWT({ role, iss: "supabase" })
    .setProtectedHeader({ alg: "HS256", kid: keys.roleKey.kid, typ: "JWT" })
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + TEN_YEARS_SECONDS)
    .sign(await importJWK(keys.roleKey, "HS256"));
}

export interface OperatorTokenOptions {
  readonly keys: Keys;
  readonly issuer: string;
  readonly now: Date;
  /** `null`: a signed-in user who is not an operator. */
  readonly role?: string | null;
}

/** An access token as Supabase Auth issues it for a user whose `app_metadata.role` is `operator`. */
export async function operatorToken(options: OperatorTokenOptions): Promise<string> {
  const { keys, issuer, now, role = "operator" } = options;
  // PostgREST uses the wall clock and the functions use the stack's, so the token must be valid on both.
  const times = [realNow() / 1_000, now.getTime() / 1_000].map(Math.floor);
  return await new SignJWT({
    role: "authenticated",
    aal: "aal1",
    email: "operator@example.com",
    session_id: crypto.randomUUID(),
    app_metadata: { provider: "email", ...(role === null ? {} : { role }) },
    user_metadata: {},
  })
    .setProtectedHeader({ alg: "ES256", kid: keys.operatorKey.kid, typ: "JWT" })
    .setIssuer(issuer)
    .setAudience("authenticated")
    .setSubject(crypto.randomUUID())
    .setIssuedAt(Math.min(...times))
    .setExpirationTime(Math.max(...times) + HOUR_SECONDS)
    .sign(await importJWK(keys.operatorKey, "ES256"));
}

function realNow(): number {
  return Date.now();
}

function bytes(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length));
}

function random(length: number): string {
  return bytes(length).toBase64({ alphabet: "base64url", omitPadding: true });
}
