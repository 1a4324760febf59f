import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { withoutPushTokens } from "../../../../supabase/functions/_shared/events/push_tokens.ts";
import { currentsSend, read, webhookMessage } from "../../../support/bodies.ts";

for (
  const name of ["push_token", "pushToken", "device_token", "apns_token", "fcm_token", "token"]
) {
  Deno.test(`withoutPushTokens() removes ${name} at any depth`, () => {
    deepStrictEqual(
      withoutPushTokens({ [name]: "t", a: { [name]: ["t"], b: [{ [name]: "t", c: 1 }] } }),
      { a: { b: [{ c: 1 }] } },
    );
  });
}

Deno.test("withoutPushTokens() changes nothing else", () => {
  const value = JSON.parse(
    '{"tokens": 1, "token_count": 2, "__proto__": {"x": 1}, "n": null, "list": [[], {}, "push_token"], "t": 0.1}',
  );
  deepStrictEqual(withoutPushTokens(value), value);
  strictEqual(JSON.stringify(withoutPushTokens(value)), JSON.stringify(value));
});

Deno.test("withoutPushTokens() handles names that every object inherits", () => {
  const value = JSON.parse(
    '{"constructor": 1, "__proto__": {"push_token": "t"}, "toString": {"push_token": "t"}, "push_token": "t"}',
  );
  const wanted = '{"constructor":1,"__proto__":{},"toString":{}}';
  strictEqual(JSON.stringify(withoutPushTokens(value)), wanted);
});

Deno.test("withoutPushTokens() does not change values that are not plain objects", () => {
  const when = new Date(0);
  strictEqual((withoutPushTokens({ when }) as { when: unknown }).when, when);
});

Deno.test("readBody() keeps no push token of an event that it understands, in either shape", () => {
  for (
    const body of [
      currentsSend({ properties: { push_token: "t" }, user: { push_token: "t" } }),
      webhookMessage({ push_token: "t" }),
    ]
  ) {
    const [event] = read(body).events;
    strictEqual(new TextDecoder().decode(event?.payload).includes("push_token"), false);
  }
});

Deno.test("readBody() keeps a body that it cannot read to the byte, including push tokens", () => {
  const body = JSON.stringify(currentsSend({ outer: { id: 7 }, properties: { push_token: "t" } }));
  const [reject] = read(body).rejects;
  strictEqual(new TextDecoder().decode(reject?.body), body);
});
