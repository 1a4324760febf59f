import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { decodeJwt } from "jose";
import { createGateway, type Gateway } from "../../../../local/stack/gateway.ts";
import { createKeys, type Keys } from "../../../../local/stack/keys.ts";

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly body: string;
}

/** A gateway before a server that only records its requests. */
async function withGateway(
  run: (gateway: Gateway, keys: Keys, seen: Seen[]) => Promise<void>,
): Promise<void> {
  const seen: Seen[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    seen.push({
      method: request.method,
      url: new URL(request.url).pathname + new URL(request.url).search,
      headers: request.headers,
      body: await request.text(),
    });
    return new Response("[]", { status: 206, headers: { "content-range": "0-0/9" } });
  });
  const keys = await createKeys();
  const gateway = await createGateway({
    keys,
    restUrl: `http://127.0.0.1:${server.addr.port}`,
    functions: () => Promise.resolve(new Response("function")),
    control: () => Promise.resolve(new Response("control")),
  });
  try {
    await run(gateway, keys, seen);
  } finally {
    await server.shutdown();
  }
}

const request = (path: string, headers: HeadersInit = {}, init: RequestInit = {}) =>
  new Request(`http://gateway${path}`, { ...init, headers });

const role = (seen: Seen | undefined) =>
  decodeJwt(seen!.headers.get("authorization")!.slice("Bearer ".length))["role"];

Deno.test("the gateway turns keys into roles, in a header or in the address", () =>
  withGateway(async (gateway, keys, seen) => {
    await gateway(request("/rest/v1/t?select=a", { apikey: keys.secretKey }));
    strictEqual(role(seen[0]), "service_role");
    strictEqual(seen[0]?.url, "/t?select=a");
    await gateway(request(`/rest/v1/t?apikey=${keys.publishableKey}&select=a`));
    strictEqual(role(seen[1]), "anon");
    strictEqual(seen[1]?.url, "/t?select=a");
  }));

Deno.test("the gateway swaps a key that supabase-js sends as a bearer token too", () =>
  withGateway(async (gateway, keys, seen) => {
    const key = keys.secretKey;
    await gateway(request("/rest/v1/t", { apikey: key, authorization: `Bearer ${key}` }));
    strictEqual(role(seen[0]), "service_role");
  }));

Deno.test("the gateway passes on a user's token beside a publishable key", () =>
  withGateway(async (gateway, keys, seen) => {
    await gateway(
      request("/rest/v1/t", { apikey: keys.publishableKey, authorization: "Bearer a.user.token" }),
    );
    strictEqual(seen[0]?.headers.get("authorization"), "Bearer a.user.token");
  }));

Deno.test("the gateway passes on method and body, and answers unchanged", () =>
  withGateway(async (gateway, keys, seen) => {
    const response = await gateway(
      request("/rest/v1/rpc/f", { apikey: keys.secretKey, "content-type": "application/json" }, {
        method: "POST",
        body: '{"a": "ключ"}',
      }),
    );
    strictEqual(seen[0]?.method, "POST");
    strictEqual(seen[0]?.body, '{"a": "ключ"}');
    strictEqual(response.status, 206);
    strictEqual(response.headers.get("content-range"), "0-0/9");
    strictEqual(await response.text(), "[]");
  }));

for (
  const [what, headers, message] of [
    ["no key", {}, "No API key found in request"],
    ["a key of another project", { apikey: "sb_secret_other_key" }, "Unregistered API key"],
    ["a key of another kind", { apikey: "eyJ.legacy.key" }, "Invalid API key"],
  ] as const
) {
  Deno.test(`the gateway answers 401 to ${what}, as Supabase words it`, () =>
    withGateway(async (gateway, _keys, seen) => {
      const response = await gateway(request("/rest/v1/t", headers));
      strictEqual(response.status, 401);
      strictEqual((await response.json()).message, message);
      deepStrictEqual(seen, []);
    }));
}

Deno.test("the gateway refuses a secret key from a browser", () =>
  withGateway(async (gateway, keys, seen) => {
    const headers = { apikey: keys.secretKey, "user-agent": "Mozilla/5.0 (X11; Linux x86_64)" };
    strictEqual((await gateway(request("/rest/v1/t", headers))).status, 401);
    deepStrictEqual(seen, []);
  }));

Deno.test("the gateway passes a browser's preflight request without a key", () =>
  withGateway(async (gateway, _keys, seen) => {
    await gateway(request("/rest/v1/t", { origin: "http://x" }, { method: "OPTIONS" }));
    strictEqual(seen[0]?.method, "OPTIONS");
  }));

Deno.test("the gateway requires no key for functions and the control API", () =>
  withGateway(async (gateway) => {
    strictEqual(await (await gateway(request("/functions/v1/f"))).text(), "function");
    strictEqual(await (await gateway(request("/_local/clock"))).text(), "control");
    strictEqual((await gateway(request("/auth/v1/token"))).status, 404);
  }));

Deno.test("the gateway answers 502 when PostgREST is unavailable", async () => {
  const keys = await createKeys();
  const away = () => Promise.resolve(new Response());
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const gateway = await createGateway({
    keys,
    restUrl: `http://127.0.0.1:${port}`,
    functions: away,
    control: away,
  });
  strictEqual((await gateway(request("/rest/v1/t", { apikey: keys.secretKey }))).status, 502);
});
