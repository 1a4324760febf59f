import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { alertWebhooks, createAlertSink } from "../../../../local/stack/alert_sink.ts";

const NOW = new Date("2024-12-07T06:00:00Z");

function setup() {
  const sink = createAlertSink(() => NOW);
  const call = async (method: string, path: string, body?: string) => {
    const answer = sink.handle(
      new Request(`http://local/_local/${path}`, {
        method,
        ...(body === undefined ? {} : { body }),
      }),
    );
    return answer === null ? null : await answer;
  };
  return { sink, call };
}

Deno.test("the sink collects posted messages, answers as Slack does, and lists them", async () => {
  const { call } = setup();
  strictEqual(await (await call("POST", "alerts", '{"text":"One"}'))?.text(), "ok");
  await call("POST", "alerts/engineering", '{"text":"Two","blocks":[]}');
  deepStrictEqual(await (await call("GET", "alerts"))?.json(), {
    messages: [
      { at: NOW.toISOString(), audience: "admin", text: "One" },
      { at: NOW.toISOString(), audience: "engineering", text: "Two" },
    ],
  });
});

for (const body of ["", "text", "{}", '{"text":""}']) {
  Deno.test(`the sink refuses ${body || "an empty body"} as Slack does`, async () => {
    const { call, sink } = setup();
    const answer = await call("POST", "alerts", body);
    deepStrictEqual([answer?.status, await answer?.text()], [400, "invalid_payload"]);
    strictEqual(sink.messages.length, 0);
  });
}

Deno.test("the sink ignores other paths", async () => {
  const { call } = setup();
  strictEqual(await call("GET", "clock"), null);
  strictEqual(await call("DELETE", "alerts"), null);
});

Deno.test("the sink drops the oldest messages beyond its limit", async () => {
  const { call, sink } = setup();
  for (let index = 0; index < 1_001; index++) await call("POST", "alerts", `{"text":"${index}"}`);
  deepStrictEqual([sink.messages.length, sink.messages[0]?.text], [1_000, "1"]);
});

Deno.test("alertWebhooks() names a URL for each audience", () => {
  deepStrictEqual(alertWebhooks("http://local/_local"), {
    ALERT_WEBHOOK_URL: "http://local/_local/alerts",
    ALERT_WEBHOOK_URL_ENGINEERING: "http://local/_local/alerts/engineering",
  });
});
