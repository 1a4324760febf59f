import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { openConnection } from "../../../bench/http_connection.ts";
import { drive } from "../../../bench/load.ts";
import { bytes } from "../../support/bodies.ts";

async function withServer(
  handle: (request: Request) => Response | Promise<Response>,
  run: (port: number) => Promise<void>,
): Promise<void> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, handle);
  try {
    await run(server.addr.port);
  } finally {
    await server.shutdown();
  }
}

const post = (body: string) =>
  bytes(`POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: ${body.length}\r\n\r\n${body}`);

Deno.test("answers with a length, in chunks and without a body are read completely", async () => {
  const long = "long ".repeat(40_000);
  const chunks = () =>
    new ReadableStream({
      start(controller) {
        for (const part of [long, "0\r\n\r\n", "end"]) controller.enqueue(bytes(part));
        controller.close();
      },
    });
  await withServer(async (request) => {
    const body = await request.text();
    if (body === "chunks") return new Response(chunks(), { status: 201 });
    return body === "none"
      ? new Response(null, { status: 204 })
      : new Response(long, { status: 503 });
  }, async (port) => {
    const connection = await openConnection(port);
    const statuses: number[] = [];
    for (const body of ["long", "chunks", "none", "long", "chunks"]) {
      statuses.push(await connection.post(post(body)));
    }
    connection.close();
    deepStrictEqual(statuses, [503, 201, 204, 503, 201]);
  });
});

Deno.test("an answer that closes its connection gets a new connection for the next request", async () => {
  await withServer(() => new Response("", { headers: { connection: "close" } }), async (port) => {
    const connection = await openConnection(port);
    strictEqual(await connection.post(post("a")), 200);
    strictEqual(await connection.post(post("b")), 200);
    connection.close();
  });
});

Deno.test("a connection that ends in the middle of an answer is an error", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    const socket = await listener.accept();
    await socket.read(new Uint8Array(1_000));
    await socket.write(bytes("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"));
    socket.close();
  })();
  const connection = await openConnection((listener.addr as Deno.NetAddr).port);
  await rejects(connection.post(post("a")), /must be complete/);
  connection.close();
  await serving;
  listener.close();
});

Deno.test("each request is sent once, and again after a refusal that is counted", async () => {
  const seen = new Map<string, number>();
  await withServer(async (request) => {
    const body = await request.text();
    const times = (seen.get(body) ?? 0) + 1;
    seen.set(body, times);
    return new Response("", { status: body === "7" && times < 3 ? 503 : 200 });
  }, async (port) => {
    const requests = Array.from({ length: 20 }, (_, index) => post(String(index)));
    const { latenciesMs, errors } = await drive(port, requests, 4);
    deepStrictEqual([...errors], [["503", 2]]);
    strictEqual(latenciesMs.length, 20);
    deepStrictEqual([...latenciesMs].filter((ms) => ms <= 0), []);
    deepStrictEqual([...seen.entries()].filter(([, times]) => times !== 1), [["7", 3]]);
  });
});
