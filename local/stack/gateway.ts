/**
 * The gateway of a Supabase project: its paths, and its API keys.
 *
 * The new keys are not tokens. The gateway translates a publishable key to the role `anon` and a secret key to
 * `service_role`; a token that comes with a key identifies the user and passes through.
 */
import { type Keys, roleToken } from "./keys.ts";
import { CALL_HEADER } from "../clock/timeline.ts";

/** Headers of one connection, which a proxy must not forward. */
const HOP_HEADERS = ["connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer"];
const BROWSER = /\bMozilla\//;

export interface GatewayOptions {
  readonly keys: Keys;
  readonly restUrl: string;
  readonly functions: (request: Request) => Promise<Response>;
  readonly control: (request: Request) => Promise<Response>;
}

export type Gateway = (request: Request) => Promise<Response>;

export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const { keys, restUrl, functions, control } = options;
  const tokens = {
    [keys.publishableKey]: await roleToken(keys, "anon"),
    [keys.secretKey]: await roleToken(keys, "service_role"),
  };

  return async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith("/functions/v1/")) return await functions(request);
    if (pathname === "/_local" || pathname.startsWith("/_local/")) return await control(request);
    if (pathname === "/rest/v1" || pathname.startsWith("/rest/v1/")) return await rest(request);
    return Response.json(
      { message: `Cannot find ${pathname}: this stack has /rest/v1, /functions/v1 and /_local` },
      { status: 404 },
    );
  };

  async function rest(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const headers = new Headers(request.headers);
    for (const name of [...HOP_HEADERS, "host", CALL_HEADER]) headers.delete(name);
    // A browser's preflight request carries no key.
    if (request.method !== "OPTIONS") {
      const refusal = authorize(headers, url);
      if (refusal !== undefined) return refusal;
    }
    url.searchParams.delete("apikey");
    const target = `${restUrl}${url.pathname.slice("/rest/v1".length) || "/"}${url.search}`;
    const hasBody = request.method !== "GET" && request.method !== "HEAD";
    const body = hasBody ? await request.arrayBuffer() : null;
    try {
      return await fetch(target, {
        method: request.method,
        headers,
        body,
        redirect: "manual",
      });
    } catch {
      return Response.json(
        { message: "An invalid response was received from the upstream server" },
        {
          status: 502,
        },
      );
    }
  }

  /** Replaces a key by its role's token, or returns a refusal. */
  function authorize(headers: Headers, url: URL): Response | undefined {
    const key = headers.get("apikey") ?? url.searchParams.get("apikey");
    if (key === null) {
      return refuse(
        "No API key found in request",
        "No `apikey` request header or url param was found.",
      );
    }
    const token = tokens[key];
    if (token === undefined) {
      return key.startsWith("sb_")
        ? refuse(
          "Unregistered API key",
          "Double check the provided API key as it is not registered for this project.",
        )
        : refuse("Invalid API key", "Double check your Supabase API key.");
    }
    if (key === keys.secretKey && BROWSER.test(headers.get("user-agent") ?? "")) {
      return refuse(
        "Forbidden use of secret API key in browser",
        "Secret API keys can only be used in a protected environment.",
      );
    }
    const authorization = headers.get("authorization");
    if (authorization === null || authorization === `Bearer ${key}`) {
      headers.set("authorization", `Bearer ${token}`);
    }
    return undefined;
  }
}

function refuse(message: string, hint: string): Response {
  return Response.json({ message, hint }, { status: 401 });
}
