/** Bodies of 5 MB and more, plain and packed, over real connections to a real database. */
import { deepStrictEqual, ok } from "node:assert/strict";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { concat } from "../support/bodies.ts";
import { encode } from "../support/hostile/raw_http.ts";
import {
  deleteStored,
  digest,
  event,
  keptDigests,
  postBytes,
  storedAndKept,
  target,
} from "../support/hostile/webhook.ts";
import { withSuite } from "../support/suite.ts";

const MEGABYTE = 1_000_000;
const SMALL = { sandbox: { users: { count: 20 } } } as const;
const PACKED = { "content-encoding": "gzip" };

Deno.test("a body of 5 MB is stored event by event, and its invalid parts are kept to the byte", () =>
  withSuite(SMALL, async (stack) => {
    const padding = "x".repeat(2_000);
    const parts = Array.from(
      { length: 2_400 },
      (_, index) =>
        index % 10 === 0 ? `{ "nothing" : "${padding}${index}" }` : event(`big-${index}`, padding),
    );
    const body = encode(`{"events":[${parts.join()}]}`);
    ok(body.length > 5 * MEGABYTE);
    const answers = [
      await postBytes(target(stack), body),
      await postBytes(target(stack), new Uint8Array(gzipSync(body)), PACKED),
    ];
    deepStrictEqual(
      answers.map(({ status, body: { recorded, duplicates, rejected } }) => [
        status,
        recorded,
        duplicates,
        rejected,
      ]),
      [[200, 2_160, 0, 240], [200, 0, 2_160, 240]],
    );
    deepStrictEqual(
      await keptDigests(stack),
      parts.filter((_, index) => index % 10 === 0).map((part) => digest(encode(part))).sort(),
    );
  }));

Deno.test("5 MB of anything else are kept, to the byte, and answered 200", (t) =>
  withSuite(SMALL, async (stack) => {
    const kinds = {
      "one event": () => event("one", "x".repeat(5 * MEGABYTE)),
      "brackets, closed again": () => "[".repeat(2.5 * MEGABYTE) + "]".repeat(2.5 * MEGABYTE),
      "names": () => `{${`"a":1,`.repeat(800_000)}"a":1}`,
      "NUL": () => "\u0000".repeat(5 * MEGABYTE),
    };
    for (const [kind, make] of Object.entries(kinds)) {
      await t.step(kind, async () => {
        await deleteStored(stack);
        const body = encode(make());
        const answer = await postBytes(target(stack), body);
        const { received, rejected } = answer.body;
        deepStrictEqual([answer.status, received, rejected], [200, 1, 1]);
        deepStrictEqual(await keptDigests(stack), [digest(body)]);
      });
    }
  }));

Deno.test("a list of 100,000 events is refused with a request for smaller bodies, and nothing of it is stored", () =>
  withSuite(SMALL, async (stack) => {
    const list = encode(`[${Array(100_000).fill('{"match_id":"1","event_type":"send"}').join()}]`);
    const { status, body } = await postBytes(target(stack), list);
    deepStrictEqual([status, body.code], [413, "body_too_large"]);
    deepStrictEqual(await storedAndKept(stack), [0, 0]);

    const piece = Array.from({ length: 5_000 }, (_, index) => `{"external_user_id":"u-${index}"}`);
    const stored = await postBytes(target(stack), encode(`[${piece.join()}]`));
    deepStrictEqual([stored.status, stored.body.recorded], [200, 5_000]);
  }));

Deno.test("a body in another encoding is kept unchanged", () =>
  withSuite(SMALL, async (stack) => {
    const plain = encode(event("packed"));
    const bodies = { br: brotliCompressSync(plain), deflate: deflateSync(plain), zstd: plain };
    for (const [encoding, packed] of Object.entries(bodies)) {
      const { status, body } = await postBytes(target(stack), new Uint8Array(packed), {
        "content-encoding": encoding,
      });
      deepStrictEqual([encoding, status, body.rejected], [encoding, 200, 1]);
    }
    deepStrictEqual(
      await keptDigests(stack),
      Object.values(bodies).map((packed) => digest(new Uint8Array(packed))).sort(),
    );
  }));

Deno.test("a small body that decompresses to a large one is refused, and nothing of it is stored", () =>
  withSuite(SMALL, async (stack) => {
    const bomb = new Uint8Array(gzipSync(new Uint8Array(100 * MEGABYTE)));
    ok(bomb.length < 200_000);
    const members = concat(new Uint8Array(gzipSync("[")), bomb);
    for (const [bytes, headers] of [[bomb, PACKED], [bomb, {}], [members, PACKED]] as const) {
      const { status, body } = await postBytes(target(stack), bytes, headers);
      deepStrictEqual([status, body.code], [413, "body_too_large"]);
    }
    deepStrictEqual(await storedAndKept(stack), [0, 0]);
  }));
