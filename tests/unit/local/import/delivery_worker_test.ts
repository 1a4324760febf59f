import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { readArguments } from "../../../../local/import/arguments.ts";
import { createDeliveryWorker } from "../../../../local/import/delivery_worker.ts";
import { bytes } from "../../../support/bodies.ts";
import { ManualClock } from "../../../support/manual_clock.ts";

const STORED = { received: 2, recorded: 1, duplicates: 1, rejected: 0 };
const stored = () => Response.json({ run_id: "r", high: 1, ...STORED });

function setup(...answers: readonly (() => Response | Promise<Response>)[]) {
  const clock = new ManualClock("2024-12-07T06:00:00Z", () => true);
  const requests: Request[] = [];
  const pauses: string[] = [];
  const deliver = createDeliveryWorker({
    functionsUrl: "https://project.test/functions/v1",
    secret: "s".repeat(32),
    clock,
    onPause: (reason, ms) => pauses.push(`${ms} ${reason}`),
    fetch: async (input, init) => {
      requests.push(new Request(input, init));
      const answer = answers[requests.length - 1] ?? answers.at(-1);
      return await answer!();
    },
  });
  return { requests, pauses, deliver: () => deliver(bytes("{}")) };
}

const status = (status: number, headers: HeadersInit = {}) => () =>
  new Response("busy", { status, headers });

Deno.test("the delivery worker posts a body to the webhook with the secret, and returns the counts", async () => {
  const { deliver, requests } = setup(stored);
  deepStrictEqual(await deliver(), STORED);
  const [request] = requests;
  strictEqual(request?.url, "https://project.test/functions/v1/braze-webhook");
  strictEqual(request?.headers.get("x-webhook-secret"), "s".repeat(32));
});

for (
  const [what, answer, pause] of [
    ["429 with Retry-After", status(429, { "retry-after": "7" }), "7000 status 429"],
    [
      "503 with a date in Retry-After",
      status(503, { "retry-after": "Sat, 07 Dec 2024 06:00:03 GMT" }),
      "3000 status 503",
    ],
    ["429 for a day", status(429, { "retry-after": "86400" }), "300000 status 429"],
    ["500", status(500), "500 status 500"],
    ["a broken connection", () => Promise.reject(new TypeError("broken")), "500 broken"],
  ] as const
) {
  Deno.test(`the delivery worker retries after ${what}, when it is time`, async () => {
    const { deliver, pauses } = setup(answer, stored);
    deepStrictEqual(await deliver(), STORED);
    deepStrictEqual(pauses, [pause]);
  });
}

Deno.test("the delivery worker gives up after ten tries, each pause longer than the one before", async () => {
  const { deliver, pauses } = setup(status(503));
  await rejects(deliver(), /got status 503 10 times; start again to continue from here/);
  deepStrictEqual(
    pauses.map((pause) => Number(pause.split(" ")[0])),
    [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000],
  );
});

for (
  const [what, answer, message] of [
    ["a wrong secret", status(401), /IMPORT_WEBHOOK_SECRET must be one of BRAZE_WEBHOOK_SECRETS/],
    [
      "another kind of server",
      () => new Response("<html>"),
      /must be braze-webhook, got status 200/,
    ],
    ["a function that is not there", status(404), /must be braze-webhook, got status 404/],
  ] as const
) {
  Deno.test(`the delivery worker stops at ${what}, without a second try`, async () => {
    const { deliver, requests } = setup(answer);
    await rejects(deliver(), message);
    strictEqual(requests.length, 1);
  });
}

const env = {
  IMPORT_FUNCTIONS_URL: "https://project.test/functions/v1/",
  IMPORT_WEBHOOK_SECRET: "s",
};
const read = (args: string[], changes: Record<string, string | undefined> = {}) => {
  const all: Record<string, string | undefined> = { ...env, ...changes };
  return readArguments(args, (name) => all[name]);
};

Deno.test("readArguments() takes the file, and the URL from the flag before the environment", () => {
  deepStrictEqual(read(["events.jsonl"]), {
    path: "events.jsonl",
    eventType: null,
    functionsUrl: "https://project.test/functions/v1",
    secret: "s",
  });
  const flag = read(["f", "--functions-url", "http://127.0.0.1:54321/functions/v1"]);
  strictEqual(flag.functionsUrl, "http://127.0.0.1:54321/functions/v1");
  const kind = "users.messages.webhook.Send";
  strictEqual(read(["f", "--event-type", kind]).eventType, kind);
});

for (
  const [what, args, changes, message] of [
    ["no file", [], {}, /the arguments must name one file or folder, got 0/],
    ["two files", ["a", "b"], {}, /the arguments must name one file or folder, got 2/],
    [
      "no URL",
      ["a"],
      { IMPORT_FUNCTIONS_URL: undefined },
      /IMPORT_FUNCTIONS_URL or --functions-url must be set/,
    ],
    ["no secret", ["a"], { IMPORT_WEBHOOK_SECRET: " " }, /IMPORT_WEBHOOK_SECRET must be set/],
    [
      "a kind that is not stored",
      ["a", "--event-type", "users.behaviors.Purchase"],
      {},
      /--event-type must be users\.messages\.<channel>\.<Event>, got "users\.behaviors\.Purchase"/,
    ],
    ["a secret as a flag", ["a", "--secret", "s"], {}, /Cannot read the arguments: .*--secret/],
    [
      "a secret over an open line",
      ["a", "--functions-url", "http://project.test"],
      {},
      /must begin with https/,
    ],
  ] as const
) {
  Deno.test(`readArguments() refuses ${what}`, async () => {
    await rejects(Promise.resolve().then(() => read([...args], changes)), message);
  });
}
