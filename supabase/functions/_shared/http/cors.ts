/** CORS for the operators' dashboard, limited to the configured origins. */

const PREFLIGHT_SECONDS = "600";

/** The response to a preflight request; null when `request` is not one. */
export function answerPreflight(
  request: Request,
  allowedOrigins: readonly string[],
): Response | null {
  const isPreflight = request.method === "OPTIONS" &&
    request.headers.has("origin") && request.headers.has("access-control-request-method");
  if (!isPreflight) return null;

  const headers = new Headers();
  if (isAllowed(request, allowedOrigins)) {
    headers.set("access-control-allow-methods", "POST");
    headers.set(
      "access-control-allow-headers",
      "authorization, apikey, content-type, x-client-info",
    );
    headers.set("access-control-max-age", PREFLIGHT_SECONDS);
  }
  return withCors(new Response(null, { status: 204, headers }), request, allowedOrigins);
}

/** Also for error responses, or the browser hides them from the dashboard. */
export function withCors(
  response: Response,
  request: Request,
  allowedOrigins: readonly string[],
): Response {
  const headers = new Headers(response.headers);
  // For every origin, so that a cache never serves one origin's response to another.
  headers.append("vary", "Origin");
  const origin = request.headers.get("origin");
  if (origin !== null && isAllowed(request, allowedOrigins)) {
    headers.set("access-control-allow-origin", origin);
  }
  return new Response(response.body, { status: response.status, headers });
}

function isAllowed(request: Request, allowedOrigins: readonly string[]): boolean {
  return allowedOrigins.includes(request.headers.get("origin") ?? "");
}
