import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { createPostAlert } from "../../../../supabase/functions/_shared/alerts/webhook.ts";
import { at } from "../../../support/facts.ts";
import { ManualClock } from "../../../support/manual_clock.ts";

const URL = "https://hooks.slack.com/services/T000/B000/XXXX";

function setup(answer: (request: Request) => Promise<Response>) {
  const clock = new ManualClock("2024-12-07T06:00:00Z");
  const requests: Request[] = [];
  const post = createPostAlert({
    clock,
    fetch: (input, init) => {
      const request = new Request(input, init);
      requests.push(request);
      return answer(request);
    },
  });
  return { clock, requests, post };
}

const TROUBLE = { lines: ["Trouble"], link: null };

const answers = (body: string | null, init: ResponseInit) => () =>
  Promise.resolve(new Response(body, init));

Deno.test("postAlert() posts the text as Slack accepts it", async () => {
  const { post, requests } = setup(answers("ok", {}));
  deepStrictEqual(await post(URL, TROUBLE), { ok: true });
  const [request] = requests;
  deepStrictEqual([request?.method, request?.url], ["POST", URL]);
  deepStrictEqual(await request?.json(), {
    text: "Trouble",
    mrkdwn: false,
    unfurl_links: false,
  });
});

Deno.test("postAlert() does not take another answer with 200 for a message that was taken", async () => {
  for (const body of ["<html>Sign in</html>", '{"ok": false}', "", "no_service"]) {
    const { post } = setup(answers(body, {}));
    const result = await post(URL, TROUBLE);
    deepStrictEqual([result.ok, result.ok || result.isAddressDown], [false, false], body);
  }
});

Deno.test("postAlert() says of 429, 5xx and broken connections alone that the address is down", async () => {
  for (
    const [status, isDown] of [[400, false], [404, false], [410, false], [429, true], [500, true], [
      503,
      true,
    ]] as const
  ) {
    const { post } = setup(answers("", { status }));
    const result = await post(URL, TROUBLE);
    deepStrictEqual([status, result.ok || result.isAddressDown], [status, isDown]);
  }
});

for (
  const [what, body, init, error, retryAt] of [
    [
      "Retry-After in seconds",
      "rate_limited",
      { status: 429, headers: { "retry-after": "30" } },
      "the webhook answered 429 rate_limited",
      at("06:00:30"),
    ],
    [
      "Retry-After as a date",
      "",
      { status: 503, headers: { "retry-after": "Sat, 07 Dec 2024 06:05:00 GMT" } },
      "the webhook answered 503",
      at("06:05:00"),
    ],
    [
      "a code of Slack's",
      "no_service",
      { status: 404 },
      "the webhook answered 404 no_service",
      null,
    ],
    ["a word of the address", "services", { status: 404 }, "the webhook answered 404", null],
    ["a redirect", null, { status: 302 }, "the webhook answered 302", null],
    [
      "a page that quotes the address",
      "Cannot POST /services/T000/B000/XXXX",
      { status: 404 },
      "the webhook answered 404",
      null,
    ],
  ] as const
) {
  Deno.test(`postAlert() reads ${what}, and repeats nothing of the address`, async () => {
    const { post } = setup(answers(body, init));
    const isAddressDown = init.status === 429 || init.status >= 500;
    deepStrictEqual(await post(URL, TROUBLE), { ok: false, error, retryAt, isAddressDown });
  });
}

Deno.test("postAlert() does not repeat the address when the network fails", async () => {
  const { post } = setup(() => Promise.reject(new TypeError(`error sending request for ${URL}`)));
  deepStrictEqual(await post(URL, TROUBLE), {
    ok: false,
    error: "the connection failed",
    retryAt: null,
    isAddressDown: true,
  });
});

Deno.test("postAlert() waits 5 seconds for an answer and then gives up", async () => {
  const { post, clock, requests } = setup(() => new Promise(() => {}));
  const posting = post(URL, TROUBLE);
  clock.advance(4_999);
  strictEqual(clock.asleep, 1);
  clock.advance(1);
  deepStrictEqual(await posting, {
    ok: false,
    error: "the request timed out after 5000 ms",
    retryAt: null,
    isAddressDown: true,
  });
  strictEqual(requests[0]?.signal.aborted, true);
});
