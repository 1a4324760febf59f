/** The two HTTP servers of the stack, the gateway and Braze; each reports a line per request. */
import type { Keys } from "./keys.ts";
import { CALL_HEADER, type StackTimeline } from "../clock/timeline.ts";

export interface RequestLine {
  readonly at: Date;
  readonly server: "supabase" | "braze";
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly ms: number;
  readonly who: string;
}

export interface ServeOptions {
  readonly server: RequestLine["server"];
  readonly port: number;
  readonly timeline: StackTimeline;
  readonly who: (headers: Headers) => string;
  readonly handle: (request: Request, info: Deno.ServeHandlerInfo) => Promise<Response>;
  readonly onRequest: (line: RequestLine) => void;
  readonly onProblem: (message: string) => void;
}

export function serve(options: ServeOptions): Deno.HttpServer {
  const { server, port, timeline, handle, onRequest, onProblem } = options;
  return Deno.serve({ hostname: "127.0.0.1", port, onListen() {} }, async (request, info) => {
    const { pathname } = new URL(request.url);
    const at = timeline.now();
    const started = performance.now();
    const answer = () => handle(request, info);
    // The clock must not wait for a request that advances it.
    const isControl = pathname.startsWith("/_local/");
    const response = await (isControl ? answer() : timeline.serve(request, answer))
      .catch((error: unknown) => {
        onProblem(`Cannot answer ${request.method} ${pathname}: ${error}`);
        return Response.json({ message: "The local stack failed; see its output" }, {
          status: 500,
        });
      });
    onRequest({
      at,
      server,
      method: request.method,
      path: pathname,
      status: response.status,
      ms: performance.now() - started,
      who: options.who(request.headers),
    });
    return response;
  });
}

/** Names the caller by its credential, for the log. */
export function callerName(keys: Keys): (headers: Headers) => string {
  return (headers) => {
    if (headers.get("user-agent")?.startsWith("pg_net")) return "pg_net";
    const token = headers.get("authorization")?.replace(/^bearer /i, "");
    if (headers.get("x-webhook-secret") !== null || token === keys.webhookSecret) return "Braze";
    if (token?.startsWith("eyJ")) return "user token";
    const key = headers.get("apikey") ?? token;
    if (key === keys.secretKey) return headers.has(CALL_HEADER) ? "function" : "secret key";
    return key === keys.publishableKey ? "publishable key" : "unknown caller";
  };
}

export function brazeCallerName(keys: Keys): (headers: Headers) => string {
  return (headers) =>
    headers.get("authorization") === `Bearer ${keys.brazeApiKey}` ? "API key" : "unknown caller";
}
