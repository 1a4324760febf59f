import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { bodyReader, readBody } from "../../../../supabase/functions/_shared/http/body.ts";
import { concat } from "../../../support/bodies.ts";

const text = (content: string) => new TextEncoder().encode(content);

const gzip = (bytes: Uint8Array) => new Uint8Array(gzipSync(bytes));

function post(body: BodyInit | null, headers: HeadersInit = {}): Request {
  return new Request("http://test/", { method: "POST", body, headers });
}

Deno.test("readBody() reads a body up to the limit, and not beyond", async () => {
  deepStrictEqual(await readBody(post("12345"), 5), { ok: true, bytes: text("12345") });
  deepStrictEqual(await readBody(post("123456"), 5), { ok: false, code: "body_too_large" });
});

Deno.test("readBody() reads a missing body as an empty one", async () => {
  deepStrictEqual(await readBody(post(null), 5), { ok: true, bytes: new Uint8Array() });
});

Deno.test("readBody() decompresses gzip", async () => {
  const packed = gzip(text('{"events":[]}'));
  deepStrictEqual(await readBody(post(packed, { "content-encoding": "GZIP" }), 100), {
    ok: true,
    bytes: text('{"events":[]}'),
  });
});

Deno.test("readBody() stops decompressing at the limit", async () => {
  const bomb = gzip(new Uint8Array(10_000_000));
  deepStrictEqual(await readBody(post(bomb, { "content-encoding": "gzip" }), 20_000), {
    ok: false,
    code: "body_too_large",
  });
});

Deno.test("readBody() knows gzip by its first bytes, whatever the header says", async () => {
  for (const encoding of ["", "identity", "br", "gzip, gzip"]) {
    const headers: Record<string, string> = encoding === "" ? {} : { "content-encoding": encoding };
    deepStrictEqual(
      await readBody(post(gzip(text("{}")), headers), 100),
      { ok: true, bytes: text("{}") },
      encoding,
    );
  }
});

Deno.test("readBody() accepts a body that a gateway decompressed and that still states gzip", async () => {
  deepStrictEqual(
    await readBody(post("{}", { "content-encoding": "gzip", "content-length": "22" }), 100),
    { ok: true, bytes: text("{}") },
  );
});

Deno.test("readBody() returns a broken gzip unchanged, since it arrived whole", async () => {
  const broken = gzip(text('{"events":[]}')).slice(0, 20);
  const reading = await readBody(post(broken, { "content-encoding": "gzip" }), 100);
  deepStrictEqual(reading, { ok: false, code: "not_gzip", bytes: broken });
});

for (const encoding of ["br", "deflate", "gzip, gzip", "utf-8"]) {
  Deno.test(`readBody() does not decode ${encoding}, and returns the body unchanged`, async () => {
    deepStrictEqual(await readBody(post("{}", { "content-encoding": encoding }), 100), {
      ok: false,
      code: "unsupported_encoding",
      bytes: text("{}"),
    });
  });
}

Deno.test("readBody() decompresses gzip by its old name, too", async () => {
  const packed = gzip(text("{}"));
  deepStrictEqual(await readBody(post(packed, { "content-encoding": "x-gzip" }), 100), {
    ok: true,
    bytes: text("{}"),
  });
});

Deno.test("readBody() distinguishes a truncated gzip from a broken one", async () => {
  const packed = gzip(text('{"events":[]}'));
  const headers = { "content-encoding": "gzip", "content-length": `${packed.length}` };
  deepStrictEqual(await readBody(post(packed.slice(0, 20), headers), 100), {
    ok: false,
    code: "body_cut_off",
  });
});

for (const headers of [{ "content-encoding": "gzip" }, {}]) {
  const labelled = "content-encoding" in headers ? "labelled" : "unlabelled";

  Deno.test(`readBody() decompresses all members of ${labelled} gzip`, async () => {
    const members = [gzip(text('{"a":1}\n')), gzip(text('{"b":2}\n')), gzip(text("end"))];
    deepStrictEqual(await readBody(post(concat(...members), headers), 100), {
      ok: true,
      bytes: text('{"a":1}\n{"b":2}\nend'),
    });
  });

  Deno.test(`readBody() counts all members of ${labelled} gzip against the limit`, async () => {
    const members = concat(gzip(text("[1]")), gzip(new Uint8Array(10_000_000)));
    deepStrictEqual(await readBody(post(members, headers), 20_000), {
      ok: false,
      code: "body_too_large",
    });
  });

  Deno.test(`readBody() returns ${labelled} gzip with rubbish or half a member behind it unchanged`, async () => {
    const whole = gzip(text("[1]"));
    for (const extra of [text("x"), text("x".repeat(20)), whole.slice(0, -4)]) {
      const both = concat(whole, extra);
      deepStrictEqual(await readBody(post(both, headers), 100), {
        ok: false,
        code: "not_gzip",
        bytes: both,
      });
    }
  });
}

/** An endless body that counts the bytes read from it. */
function endless(chunk: Uint8Array, headers: HeadersInit = {}) {
  const taken = { chunks: 0 };
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      taken.chunks++;
      controller.enqueue(chunk);
    },
  }, { highWaterMark: 0 });
  return { request: post(stream, headers), taken };
}

Deno.test("readBody() reads no more of an endless body than the limit and the chunk that passes it", async () => {
  const { request, taken } = endless(new Uint8Array(1_000));
  deepStrictEqual(await readBody(request, 10_000), { ok: false, code: "body_too_large" });
  strictEqual(taken.chunks, 11);
});

Deno.test("bodyReader() reads nothing before it is called, and reads once", async () => {
  const { request, taken } = endless(new Uint8Array(1_000));
  const read = bodyReader(request);
  strictEqual(taken.chunks, 0);
  const first = await read(2_000);
  strictEqual(taken.chunks, 3);
  strictEqual(await read(9_000), first);
  strictEqual(taken.chunks, 3);
});

Deno.test("readBody() detects that a stream broke off", async () => {
  let pulls = 0;
  const stream = new ReadableStream({
    pull(controller) {
      if (pulls++ === 0) controller.enqueue(text('{"events":['));
      else controller.error(new Error("reset by peer"));
    },
  });
  deepStrictEqual(await readBody(post(stream), 100), { ok: false, code: "body_cut_off" });
});

Deno.test("readBody() detects a body that is shorter than declared", async () => {
  deepStrictEqual(await readBody(post("{}", { "content-length": "3" }), 100), {
    ok: false,
    code: "body_cut_off",
  });
});

Deno.test("readBody() detects that a real client disconnected in mid-body", async () => {
  const read = Promise.withResolvers<unknown>();
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    read.resolve(await readBody(request, 1_000));
    return new Response();
  });
  const connection = await Deno.connect({ port: server.addr.port, hostname: "127.0.0.1" });
  await connection.write(
    text('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 500\r\n\r\n{"events":['),
  );
  connection.close();
  deepStrictEqual(await read.promise, { ok: false, code: "body_cut_off" });
  await server.shutdown();
});
