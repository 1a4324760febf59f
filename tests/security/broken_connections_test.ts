/** Bodies that trickle, break off or do not end, over real connections. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { callInProcess } from "../support/hostile/calls.ts";
import { FUNCTIONS } from "../support/hostile/options.ts";
import { chunked, encode, postRaw } from "../support/hostile/raw_http.ts";
import { event, postBytes, storedAndKept, target } from "../support/hostile/webhook.ts";
import { withSuite } from "../support/suite.ts";

const WEBHOOK_BYTES_MAX = 8_388_608;
const OPTIONS_BYTES_MAX = 65_536;
const CHUNK_BYTES = 16_384;
const SMALL = { sandbox: { users: { count: 20 } } } as const;

Deno.test("a body that arrives slowly is stored when it is complete", () =>
  withSuite(SMALL, async (stack) => {
    const body = encode(`{"events":[${event("slow-1")},${event("slow-2")}]}`);
    const pieces = Array.from(
      { length: Math.ceil(body.length / 20) },
      (_, index) => body.slice(index * 20, index * 20 + 20),
    );
    const { url, headers } = target(stack);
    const declared = { ...headers, "content-length": `${body.length}` };
    strictEqual((await postRaw({ url, headers: declared, pieces, pauseMs: 2 })).status, 200);
    deepStrictEqual(await storedAndKept(stack), [2, 0]);

    const inChunks = { ...headers, "transfer-encoding": "chunked" };
    const chunks = [...pieces, new Uint8Array()].map(chunked);
    const again = await postRaw({ url, headers: inChunks, pieces: chunks, pauseMs: 2 });
    strictEqual(again.status, 200);
    deepStrictEqual(await storedAndKept(stack), [2, 0]);
  }));

Deno.test("a body that breaks off at any place is answered 503, and nothing of it is stored", () =>
  withSuite(SMALL, async (stack) => {
    const to = target(stack);
    const plain = encode(`{"events":[${event("cut-1")},${event("cut-2")}]}`);
    const packed = new Uint8Array(gzipSync(plain));
    for (const [body, more] of [[plain, {}], [packed, { "content-encoding": "gzip" }]] as const) {
      for (const length of [0, 1, 10, body.length >> 1, body.length - 1]) {
        const cut = body.slice(0, length);
        const { url, headers } = to;
        const declared = { ...headers, ...more, "content-length": `${body.length}` };
        const inChunks = { ...headers, ...more, "transfer-encoding": "chunked" };
        const answers = [
          await postRaw({ url, headers: declared, pieces: [cut], end: "says so" }),
          await postRaw({
            url,
            headers: inChunks,
            pieces: length === 0 ? [] : [chunked(cut)],
            end: "says so",
          }),
        ];
        for (const { status, text } of answers) {
          strictEqual(status, 503, `${length} of ${body.length} bytes: ${text}`);
          ok(text.includes('"body_cut_off"') && /^retry-after: 5/im.test(text), text);
        }
        await postRaw({ url, headers: declared, pieces: [cut], end: "leaves" });
      }
    }
    deepStrictEqual(await storedAndKept(stack), [0, 0]);
    strictEqual((await postBytes(to, packed, { "content-encoding": "gzip" })).status, 200);
    deepStrictEqual(await storedAndKept(stack), [2, 0]);
  }));

Deno.test("a function does not run if its options break off", () =>
  withSuite(SMALL, async (stack) => {
    for (const name of FUNCTIONS.filter((name) => name !== "braze-webhook")) {
      const { url, headers } = target(stack, name);
      const { status } = await postRaw({
        url,
        headers: { ...headers, "content-length": "20" },
        pieces: [encode("{}")],
        end: "says so",
      });
      strictEqual(status, 503, name);
    }
    const [runs] = await stack.sql`select count(*)::int as count from public.job_runs`;
    strictEqual(runs?.count, 0);
  }));

function* endless(): Generator<Uint8Array> {
  for (;;) yield encode(" ".repeat(CHUNK_BYTES));
}

/** Chunks until the signal, with room for others between them. */
async function* until(signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for (const chunk of endless()) {
    if (signal.aborted) return;
    yield chunk;
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

Deno.test("each function reads an endless body up to its limit, and nothing of it from unknown callers", () =>
  withSuite(SMALL, async (stack) => {
    for (const name of FUNCTIONS) {
      const bytesMax = name === "braze-webhook" ? WEBHOOK_BYTES_MAX : OPTIONS_BYTES_MAX;
      const taken = await callInProcess(stack, name, target(stack, name).headers, endless());
      deepStrictEqual([name, taken.status, taken.said.code], [name, 413, "body_too_large"]);
      ok(taken.bytesTaken <= bytesMax + CHUNK_BYTES, `${name} took ${taken.bytesTaken} bytes`);
      const unknownCallers: Record<string, string>[] = [
        {},
        { apikey: stack.ready.publishable_key },
        { apikey: "wrong" },
        { authorization: "Bearer wrong" },
        { "x-webhook-secret": "wrong" },
      ];
      for (const headers of unknownCallers) {
        const refused = await callInProcess(stack, name, headers, endless());
        deepStrictEqual([name, refused.status, refused.bytesTaken], [name, 401, 0]);
      }
    }
  }));

Deno.test("an endless body over a connection is answered while it is still being sent", () =>
  withSuite(SMALL, async (stack) => {
    const { url, headers } = target(stack);
    for (const [given, status] of [[headers, 413], [{}, 401]] as const) {
      const answered = new AbortController();
      const body = ReadableStream.from(until(answered.signal));
      const response = await fetch(url, { method: "POST", headers: given, body });
      strictEqual(response.status, status);
      answered.abort();
      await response.body?.cancel();
    }
  }));
