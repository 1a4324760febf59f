import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { gzipSync } from "node:zlib";
import { gunzip, isGzip } from "../../../../supabase/functions/_shared/http/gunzip.ts";

const bytes = (content: string) => new TextEncoder().encode(content);

async function unpacked(...chunks: readonly Uint8Array[]): Promise<string> {
  const found = await Array.fromAsync(gunzip(chunks), (chunk) => [...chunk]);
  return new TextDecoder().decode(new Uint8Array(found.flat()));
}

Deno.test("isGzip() recognises gzip by its first bytes", () => {
  strictEqual(isGzip(gzipSync("{}")), true);
  for (const other of ["", "{}", "\x1f"]) strictEqual(isGzip(bytes(other)), false);
});

Deno.test("gunzip() reads all members, wherever the input is divided", async () => {
  // Random bytes do not shrink, so that members end at every place of a slice.
  for (let length = 4_040; length < 4_110; length++) {
    const random = crypto.getRandomValues(new Uint8Array(length));
    const members = [gzipSync(random), gzipSync("second"), gzipSync("third")];
    for (const chunks of [members, [Buffer.concat(members)]]) {
      const found = await Array.fromAsync(gunzip(chunks));
      deepStrictEqual(Buffer.concat(found), Buffer.concat([random, Buffer.from("secondthird")]));
    }
  }
});

Deno.test("gunzip() never holds much more than its reader took", async () => {
  const bomb = gzipSync(new Uint8Array(50_000_000));
  for await (const chunk of gunzip([gzipSync("[1]"), bomb])) {
    ok(chunk.length < 6_000_000);
  }
});

Deno.test("gunzip() stops its source when its reader stops", async () => {
  let isClosed = false;
  async function* source() {
    try {
      for (;;) {
        yield gzipSync("x".repeat(10_000));
        await Promise.resolve();
      }
    } finally {
      isClosed = true;
    }
  }
  for await (const chunk of gunzip(source())) if (chunk.length > 0) break;
  await new Promise((resolve) => setTimeout(resolve, 10));
  strictEqual(isClosed, true);
});

Deno.test("gunzip() throws at an incomplete member, at rubbish, and what its source throws", async () => {
  const whole = gzipSync("[1]");
  await rejects(unpacked(whole.subarray(0, -1)));
  await rejects(unpacked(whole, whole.subarray(0, 12)));
  await rejects(unpacked(whole, bytes("rubbish")));
  await rejects(unpacked(bytes("{}")));
  async function* broken() {
    yield whole;
    await Promise.resolve();
    throw new Error("disk is gone");
  }
  await rejects(Array.fromAsync(gunzip(broken())), /disk is gone/);
  await rejects(unpacked());
});
