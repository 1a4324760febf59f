/** Every caller of PostgREST by credential, and the refusal that each gets. */
import { roleToken } from "../../local/stack/keys.ts";
import type { Rest } from "../support/database.ts";
import {
  ROLE_IN_USER_METADATA,
  tokenOf,
  tokenSignedWithPublicKey,
  unsignedToken,
} from "./tokens.ts";

export interface RestCaller {
  readonly caller: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The answer that refuses them. */
  readonly refusal: string;
  /** A valid token of a user: on tables that operators read, the policies decide and not the grants. */
  readonly isSignedIn?: true;
}

const NO_KEY = "401 No API key found in request";
const UNKNOWN_KEY = "401 Unregistered API key";
/** Their credential is valid, and grants nothing. */
const NO_RIGHT = "42501";
const BAD_TOKEN = "401 PGRST301";

export const OPERATOR_CALLER = "operator";

/** Callers accepted as anon or as authenticated, who have only the rights in the lists. */
export function limitedCallers(callers: readonly RestCaller[]): readonly RestCaller[] {
  return callers.filter(({ refusal }) => refusal.endsWith(NO_RIGHT));
}

/** None of them may do anything, except for what `OPERATORS_READ` and `OPERATORS_CALL` list. */
export async function unknownCallersOf({ keys }: Rest): Promise<readonly RestCaller[]> {
  const now = new Date();
  const apikey = keys.publishableKey;
  const withToken = (token: string) => ({ apikey, authorization: `Bearer ${token}` });
  const signedIn = async (changes: Parameters<typeof tokenOf>[2]) =>
    withToken(await tokenOf(keys, now, changes));
  const service = await roleToken(keys, "service_role");

  return [
    { caller: "no credential", headers: {}, refusal: NO_KEY },
    {
      caller: "a good token without a key",
      headers: { authorization: `Bearer ${service}` },
      refusal: NO_KEY,
    },
    { caller: "wrong key", headers: { apikey: "sb_secret_wrong" }, refusal: UNKNOWN_KEY },
    { caller: "Braze", headers: { "x-webhook-secret": keys.webhookSecret }, refusal: NO_KEY },
    {
      caller: "webhook secret as a key",
      headers: { apikey: keys.webhookSecret },
      refusal: "401 Invalid API key",
    },
    { caller: "publishable key", headers: { apikey }, refusal: `401 ${NO_RIGHT}` },
    {
      caller: "publishable key beside the secret one as a token",
      headers: withToken(keys.secretKey),
      refusal: BAD_TOKEN,
    },
    {
      caller: "signed-in user",
      headers: await signedIn({ claims: { app_metadata: {} } }),
      refusal: `403 ${NO_RIGHT}`,
      isSignedIn: true,
    },
    {
      caller: "user with the role operator in user-writable metadata",
      headers: await signedIn({ claims: ROLE_IN_USER_METADATA }),
      refusal: `403 ${NO_RIGHT}`,
      isSignedIn: true,
    },
    {
      caller: OPERATOR_CALLER,
      headers: await signedIn({}),
      refusal: `403 ${NO_RIGHT}`,
      isSignedIn: true,
    },
    {
      caller: "operator whose token has run out",
      headers: await signedIn({ expiresIn: -60 }),
      refusal: BAD_TOKEN,
    },
    {
      caller: "service_role signed with an unknown key",
      headers: await signedIn({ claims: { role: "service_role" }, byStranger: true }),
      refusal: BAD_TOKEN,
    },
    {
      caller: "service_role without a signature",
      headers: withToken(unsignedToken(now, "service_role")),
      refusal: BAD_TOKEN,
    },
    {
      caller: "service_role by the public key as a secret",
      headers: withToken(await tokenSignedWithPublicKey(keys, now, "service_role")),
      refusal: BAD_TOKEN,
    },
  ];
}
