import { strictEqual } from "node:assert/strict";
import { answerPreflight, withCors } from "../../../../supabase/functions/_shared/http/cors.ts";

const ORIGINS = ["https://ops.example"];

function preflight(origin: string): Request {
  return new Request("http://test/", {
    method: "OPTIONS",
    headers: { origin, "access-control-request-method": "POST" },
  });
}

Deno.test("answerPreflight() permits a listed origin", () => {
  const response = answerPreflight(preflight("https://ops.example"), ORIGINS);
  strictEqual(response?.status, 204);
  strictEqual(response.headers.get("access-control-allow-origin"), "https://ops.example");
  strictEqual(response.headers.get("access-control-allow-methods"), "POST");
  strictEqual(
    response.headers.get("access-control-allow-headers"),
    "authorization, apikey, content-type, x-client-info",
  );
  strictEqual(response.headers.get("vary"), "Origin");
});

for (const origin of ["https://evil.example", "https://ops.example.evil.example", "null"]) {
  Deno.test(`answerPreflight() permits ${origin} nothing`, () => {
    const response = answerPreflight(preflight(origin), ORIGINS);
    strictEqual(response?.status, 204);
    strictEqual(response.headers.get("access-control-allow-origin"), null);
    strictEqual(response.headers.get("access-control-allow-methods"), null);
    strictEqual(response.headers.get("vary"), "Origin");
  });
}

Deno.test("answerPreflight() ignores every other request", () => {
  const post = new Request("http://test/", { method: "POST", headers: { origin: ORIGINS[0]! } });
  strictEqual(answerPreflight(post, ORIGINS), null);
  strictEqual(answerPreflight(new Request("http://test/", { method: "OPTIONS" }), ORIGINS), null);
});

Deno.test("withCors() makes a refusal readable too, and keeps its content", async () => {
  const request = new Request("http://test/", { headers: { origin: ORIGINS[0]! } });
  const refusal = Response.json({ code: "not_allowed" }, {
    status: 403,
    headers: { "retry-after": "5" },
  });
  const response = withCors(refusal, request, ORIGINS);
  strictEqual(response.status, 403);
  strictEqual(response.headers.get("access-control-allow-origin"), ORIGINS[0]);
  strictEqual(response.headers.get("retry-after"), "5");
  strictEqual(await response.text(), '{"code":"not_allowed"}');
});

Deno.test("withCors() permits nothing to a caller without an origin, and still sets Vary", () => {
  const response = withCors(new Response(), new Request("http://test/"), ORIGINS);
  strictEqual(response.headers.get("access-control-allow-origin"), null);
  strictEqual(response.headers.get("vary"), "Origin");
});
