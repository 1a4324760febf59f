/**
 * Identifies the caller of a function and checks that it may call it. This is the only place of these rules.
 *
 * An invalid credential ends the request: it is never ignored in favour of another one and never downgraded to a
 * weaker identity.
 */
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import { z } from "zod";
import type { BodyReading } from "../http/body.ts";
import type { Clock } from "../runtime/clock.ts";
import { verifyCronCall } from "./cron_signature.ts";
import type { ErrorCode } from "../http/errors.ts";
import { isOneOf } from "../http/responses.ts";
import { type GatedGeneration, readGateToken } from "./gate_token.ts";

export type CallerKind = "cron" | "secret_key" | "operator" | "braze" | "gate_token";

const CRON_FUNCTION: readonly CallerKind[] = ["cron", "secret_key", "operator"];

export const MAY_CALL = {
  "braze-scheduler": CRON_FUNCTION,
  "braze-webhook": ["braze", "secret_key"],
  "braze-preflight-check": CRON_FUNCTION,
  "braze-reconcile": CRON_FUNCTION,
  "braze-count-audit": CRON_FUNCTION,
  "webhook-health-rollup": CRON_FUNCTION,
  "braze-send-gate": ["gate_token"],
} as const satisfies Record<string, readonly CallerKind[]>;

export type FunctionName = keyof typeof MAY_CALL;

export type Caller =
  /** `invocationId`: the id in the signature; a replayed call has the same one. */
  | { readonly kind: "cron"; readonly scheduledAt: Date; readonly invocationId: string }
  | { readonly kind: "secret_key" }
  | { readonly kind: "operator"; readonly userId: string }
  | { readonly kind: "braze" }
  /** A push that is about to be sent, identified by the token in its schedule. */
  | { readonly kind: "gate_token"; readonly gated: GatedGeneration };

export type Identification =
  | { readonly ok: true; readonly caller: Caller }
  | { readonly ok: false; readonly code: ErrorCode };

/** Reads the raw body, up to `bytesMax` bytes. */
export type ReadRawBody = (bytesMax: number) => Promise<BodyReading>;

/** Reads the body only for a signed request without another invalid credential. */
export type IdentifyCaller = (
  request: Request,
  readRawBody: ReadRawBody,
  functionName: FunctionName,
) => Promise<Identification>;

export interface CallerSecrets {
  readonly secretKeys: readonly string[];
  readonly publishableKeys: readonly string[];
  readonly webhookSecrets: readonly string[];
  readonly cronSigningSecrets: readonly string[];
  readonly sendGateSecrets: readonly string[];
  readonly operatorKeySet: JSONWebKeySet;
}

/** Supabase Auth's asymmetric algorithms. With a symmetric one, every verifier could issue tokens. */
const TOKEN_ALGORITHMS = ["ES256", "RS256", "EdDSA"];

/** A body signed by pg_cron has about 100 bytes. */
const SIGNED_BYTES_MAX = 65_536;

const OperatorClaims = z.object({
  sub: z.string().min(1),
  app_metadata: z.object({ role: z.string().optional() }).optional(),
});

export function createIdentifyCaller(secrets: CallerSecrets, clock: Clock): IdentifyCaller {
  const operatorKeys = createLocalJWKSet(secrets.operatorKeySet);

  return async function identifyCaller(request, readRawBody, functionName) {
    const allowed: readonly CallerKind[] = MAY_CALL[functionName];
    const found: Identification[] = [];
    const { headers } = request;

    const apiKey = headers.get("apikey");
    // A browser client always sends the publishable key, which identifies no caller.
    if (apiKey !== null && !isOneOf(apiKey, secrets.publishableKeys)) {
      found.push(isOneOf(apiKey, secrets.secretKeys) ? known({ kind: "secret_key" }) : BAD);
    }
    const webhookSecret = headers.get("x-webhook-secret");
    if (webhookSecret !== null) {
      found.push(isOneOf(webhookSecret, secrets.webhookSecrets) ? known({ kind: "braze" }) : BAD);
    }
    const authorization = headers.get("authorization");
    if (authorization !== null) found.push(await readAuthorization(authorization));
    // The only credential in a URL: Braze caches responses by URL, so the URL must differ per generation. Other functions
    // ignore a `token` parameter.
    const gateToken = allowed.includes("gate_token")
      ? new URL(request.url).searchParams.get("token")
      : null;
    if (gateToken !== null) {
      const gated = await readGateToken(gateToken, secrets.sendGateSecrets);
      found.push(gated === null ? BAD : known({ kind: "gate_token", gated }));
    }
    if (isSigned(headers)) {
      const invalid = invalidAmong(found);
      if (invalid !== undefined) return invalid;
      const body = await readRawBody(SIGNED_BYTES_MAX);
      if (!body.ok) return body.code === "body_cut_off" ? { ok: false, code: body.code } : BAD;
      const call = verifyCronCall(headers, body.bytes, {
        functionName,
        signingSecrets: secrets.cronSigningSecrets,
        now: clock.now(),
        allowed: allowed.includes("cron"),
      });
      found.push(call.ok ? known({ kind: "cron", ...call.call }) : call);
    }
    return selectCaller(found, allowed);
  };

  async function readAuthorization(header: string): Promise<Identification> {
    const token = /^bearer +(\S+)$/i.exec(header)?.[1];
    if (token === undefined) return BAD;
    // A legacy service role key is a JWT too, so compare with the secret lists first.
    if (isOneOf(token, secrets.secretKeys)) return known({ kind: "secret_key" });
    if (isOneOf(token, secrets.webhookSecrets)) return known({ kind: "braze" });
    try {
      const { payload } = await jwtVerify(token, operatorKeys, {
        algorithms: TOKEN_ALGORITHMS,
        audience: "authenticated",
        currentDate: clock.now(),
        requiredClaims: ["exp", "sub"],
      });
      const claims = OperatorClaims.parse(payload);
      return claims.app_metadata?.role === "operator"
        ? known({ kind: "operator", userId: claims.sub })
        : { ok: false, code: "not_allowed" };
    } catch {
      return BAD;
    }
  }
}

const BAD = { ok: false, code: "bad_credential" } as const;

function known(caller: Caller): Identification {
  return { ok: true, caller };
}

function isSigned(headers: Headers): boolean {
  return ["webhook-id", "webhook-timestamp", "webhook-signature"].some((name) => headers.has(name));
}

function invalidAmong(found: readonly Identification[]): Identification | undefined {
  return found.find((each) => !each.ok && each.code !== "not_allowed");
}

function selectCaller(
  found: readonly Identification[],
  allowed: readonly CallerKind[],
): Identification {
  const [first] = found;
  if (first === undefined) return { ok: false, code: "no_credential" };
  // An invalid credential takes precedence over one that is valid but not allowed here.
  const refused = invalidAmong(found) ?? found.find((each) => !each.ok);
  if (refused !== undefined) return refused;

  const callers = found.flatMap((each) => each.ok ? [each.caller] : []);
  if (new Set(callers.map((caller) => caller.kind)).size > 1) {
    return { ok: false, code: "several_credentials" };
  }
  return first.ok && allowed.includes(first.caller.kind)
    ? first
    : { ok: false, code: "not_allowed" };
}
