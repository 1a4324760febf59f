/** Serves the dashboard as a static host does, with a local operator signed in. */
import { buildDashboard, type Files } from "../../dashboard/build.ts";
import { StackFailure } from "../lib/failure.ts";

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
};

/** The content security policy: the page reads from its own origin and the project's. */
function policy(apiUrl: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src data:",
    `connect-src 'self' ${apiUrl}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

export interface DashboardProject {
  readonly apiUrl: string;
  readonly publishableKey: string;
  readonly now: () => Date;
  readonly isVirtual: boolean;
  /** The token of the signed-in operator; without it the page asks for one, as on a static host. */
  readonly token?: () => Promise<string>;
}

export interface DashboardServer {
  readonly url: string;
  /** The origins that the functions must allow. */
  readonly origins: string;
  /** Sets the project; requests wait until then. */
  show(project: DashboardProject): void;
  close(): Promise<void>;
}

export function startDashboard(port = 0, building = buildDashboard()): DashboardServer {
  const shown = Promise.withResolvers<DashboardProject>();
  // A build failure is reported by the answer to each request.
  building.catch(() => {});
  const server = listen(port, async (request) => {
    try {
      return await answer(request, await shown.promise, await building);
    } catch (error) {
      return new Response(`Cannot show the dashboard: ${error}`, { status: 500 });
    }
  });
  const url = `http://127.0.0.1:${server.addr.port}`;
  return {
    url,
    origins: `${url},http://localhost:${server.addr.port}`,
    show: shown.resolve,
    close: () => server.shutdown(),
  };
}

function listen(port: number, handle: (request: Request) => Promise<Response>) {
  if (port > 65_535) {
    throw new StackFailure(
      `Cannot choose ports: the dashboard's port must be at most 65535, got ${port}`,
    );
  }
  try {
    return Deno.serve({ hostname: "127.0.0.1", port, onListen() {} }, handle);
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    throw new StackFailure(
      `Cannot use port ${port} for the dashboard: it must be free, got one in use; stop what runs there, or choose --port or --ephemeral`,
    );
  }
}

async function answer(request: Request, project: DashboardProject, files: Files) {
  const { pathname, hostname } = new URL(request.url);
  // Refuses other host names, since a page under such a name could read the token.
  if (hostname !== "127.0.0.1" && hostname !== "localhost") {
    return new Response("Cannot serve this host: it must be 127.0.0.1 or localhost", {
      status: 421,
    });
  }
  if (request.method !== "GET" && request.method !== "HEAD") {
    return new Response(null, { status: 405, headers: { allow: "GET, HEAD" } });
  }
  const own = await ownAnswer(pathname, project);
  if (own !== null) return Response.json(own, { headers: { "cache-control": "no-store" } });
  const name = pathname === "/" ? "index.html" : pathname.slice(1);
  const text = Object.hasOwn(files, name) ? files[name] : undefined;
  if (text === undefined) return new Response("Not found", { status: 404 });
  return new Response(text, {
    headers: {
      "content-type": TYPES[name.split(".").at(-1) ?? ""] ?? "application/octet-stream",
      "cache-control": "no-store",
      "content-security-policy": policy(project.apiUrl),
      "x-content-type-options": "nosniff",
    },
  });
}

async function ownAnswer(pathname: string, project: DashboardProject): Promise<unknown> {
  const { apiUrl, publishableKey, now, isVirtual, token } = project;
  switch (pathname) {
    case "/config.json":
      return {
        supabase_url: apiUrl,
        publishable_key: publishableKey,
        local: token !== undefined,
      };
    case "/local/session":
      return token === undefined ? null : { token: await token() };
    case "/local/clock":
      return token === undefined ? null : { now: now().toISOString(), virtual: isVirtual };
    default:
      return null;
  }
}
