/** Every method and origin at every function: only POST does anything (at the gate GET), and only listed pages read. */
import { deepStrictEqual } from "node:assert/strict";
import { withSuite } from "../support/suite.ts";
import { contentsOf } from "./digest.ts";
import { GUARDED, NAMES } from "./guarded.ts";
import { inWords, sendRequest } from "./send_request.ts";

const DASHBOARD = "https://dashboard.example";
const OTHERS = [
  "https://evil.example",
  "http://dashboard.example",
  "https://dashboard.example:8443",
  "https://sub.dashboard.example",
  "https://dashboard.example.evil.example",
  "https://DASHBOARD.example",
  "https://dashboard.example/",
  "https://dashboard.example, https://evil.example",
  "*",
  "null",
  "",
];

const CORS = /^access-control-/;

function corsOf(headers: Headers): Record<string, string> {
  return Object.fromEntries([...headers].filter(([name]) => CORS.test(name)));
}

const withDashboard = (test: Parameters<typeof withSuite>[1]) => () =>
  withSuite({ sandbox: { users: { count: 20 } }, env: { OPERATOR_ORIGINS: DASHBOARD } }, test);

Deno.test(
  "no method but a function's own does anything, for any caller",
  withDashboard(async ({ sql, ready }) => {
    const before = await contentsOf(sql);
    const received: Record<string, string> = {};
    const expected: Record<string, string> = {};
    for (const name of NAMES) {
      const isGate = GUARDED[name] === "gate";
      const others = ["PUT", "PATCH", "DELETE", "OPTIONS", isGate ? "POST" : "GET"];
      for (const method of others) {
        const key = `${method} ${name}`;
        received[key] = inWords(
          await sendRequest(`${ready.functions_url}/${name}`, {
            method,
            headers: { apikey: ready.secret_key },
          }),
        );
        expected[key] = `405 ${isGate ? "get_only" : "method_not_allowed"}`;
      }
      // The platform does not use HEAD, and its refusal has no body.
      const key = `HEAD ${name}`;
      received[key] = inWords(
        await sendRequest(`${ready.functions_url}/${name}`, {
          method: "HEAD",
          headers: { apikey: ready.secret_key },
        }),
      );
      expected[key] = "405";
    }
    deepStrictEqual(received, expected);
    deepStrictEqual(await contentsOf(sql), before);
  }),
);

Deno.test(
  "a method in a header or in the address has no effect",
  withDashboard(async ({ sql, ready }) => {
    const before = await contentsOf(sql);
    const url = `${ready.functions_url}/braze-scheduler`;
    const headers = { apikey: ready.secret_key, "x-http-method-override": "POST" };
    deepStrictEqual(
      inWords(await sendRequest(url, { method: "GET", headers, query: "?_method=POST" })),
      "405 method_not_allowed",
    );
    deepStrictEqual(await contentsOf(sql), before);
  }),
);

Deno.test(
  "a page of an unlisted origin gets no permission, and one of a listed origin gets POST only",
  withDashboard(async ({ sql, ready }) => {
    const before = await contentsOf(sql);
    for (const name of NAMES) {
      const url = `${ready.functions_url}/${name}`;
      const ask = async (origin: string) => {
        const preflight = await sendRequest(url, {
          method: "OPTIONS",
          headers: {
            origin,
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization, x-webhook-secret",
          },
        });
        const method = GUARDED[name] === "gate" ? "GET" : "POST";
        const call = await sendRequest(url, { method, headers: { origin } });
        return [preflight.status, corsOf(preflight.headers), call.status, corsOf(call.headers)];
      };
      const isTimed = GUARDED[name] === "timed";
      for (const origin of OTHERS) {
        deepStrictEqual(
          await ask(origin),
          [isTimed ? 204 : 405, {}, 401, {}],
          `${origin || "an empty origin"} at ${name}`,
        );
      }
      deepStrictEqual(
        await ask(DASHBOARD),
        isTimed
          ? [
            204,
            {
              "access-control-allow-headers": "authorization, apikey, content-type, x-client-info",
              "access-control-allow-methods": "POST",
              "access-control-allow-origin": DASHBOARD,
              "access-control-max-age": "600",
            },
            401,
            { "access-control-allow-origin": DASHBOARD },
          ]
          // Braze is not a browser page.
          : [405, {}, 401, {}],
        `${DASHBOARD} at ${name}`,
      );
    }
    deepStrictEqual(await contentsOf(sql), before);
  }),
);

Deno.test("without OPERATOR_ORIGINS no page of any origin gets a permission", () =>
  withSuite({ sandbox: { users: { count: 20 } } }, async ({ ready }) => {
    for (const origin of [DASHBOARD, ...OTHERS, ready.api_url]) {
      const { headers } = await sendRequest(`${ready.functions_url}/braze-scheduler`, {
        headers: { origin, apikey: ready.secret_key },
        body: '{"dry_run": true}',
      });
      deepStrictEqual(corsOf(headers), {}, origin);
    }
  }));

Deno.test(
  "only the seven names reach a function, in any spelling of the address",
  withDashboard(async ({ sql, ready }) => {
    const before = await contentsOf(sql);
    const received: Record<string, string> = {};
    const paths = [
      "_shared",
      "_shared/runtime/config.ts",
      "braze-webhook.ts",
      "Braze-Scheduler",
      "braze-scheduler%00",
      "braze-scheduler;x",
      "%2e%2e/rest/v1/teams",
      "",
    ];
    for (const path of paths) {
      const answer = await sendRequest(`${ready.functions_url}/${path}`, {
        headers: { apikey: ready.secret_key },
      });
      received[path] = `${answer.status}`;
    }
    deepStrictEqual(received, Object.fromEntries(paths.map((path) => [path, "404"])));
    deepStrictEqual(await contentsOf(sql), before);
  }),
);
