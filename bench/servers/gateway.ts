/**
 * The gateway in its own process: `gateway.ts PORT REST_URL FUNCTIONS_URL KEYS`.
 *
 * It changes nothing in a request for a function, so it passes its bytes on, as a proxy written for the job does. All
 * other requests go to the local stack's gateway, which runs beside it.
 */
import { createWriter } from "../../local/cli/writer.ts";
import { createGateway } from "../../local/stack/gateway.ts";
import type { Keys } from "../../local/stack/keys.ts";

const HEAD_BYTES_MAX = 65_536;
const FUNCTIONS_PREFIX = "/functions/v1/";
const [CR, LF] = [0x0d, 0x0a] as const;
const LATIN1 = new TextDecoder("latin1");

const [port, restUrl, functionsUrl, keysFile] = Deno.args as [string, string, string, string];
const keys: Keys = JSON.parse(await Deno.readTextFile(keysFile));
const handle = await createGateway({
  keys,
  restUrl,
  functions: () => Promise.resolve(new Response(null, { status: 404 })),
  control: () => Promise.resolve(new Response("ready")),
});
const others = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, handle);

class Upstream {
  readonly #idle: Deno.TcpConn[] = [];
  constructor(readonly port: number) {}

  async take(): Promise<Deno.TcpConn> {
    const known = this.#idle.pop();
    if (known !== undefined) return known;
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: this.port });
    connection.setNoDelay(true);
    return connection;
  }

  giveBack(connection: Deno.TcpConn): void {
    this.#idle.push(connection);
  }
}

const err = createWriter(Deno.stderr);
const functions = new Upstream(Number(new URL(functionsUrl).port));
const beside = new Upstream(others.addr.port);

for await (const client of Deno.listen({ hostname: "127.0.0.1", port: Number(port) })) {
  client.setNoDelay(true);
  passOn(client).catch((error) => {
    if (!(error instanceof Deno.errors.ConnectionReset)) err.line(String(error));
  }).finally(() => client.close());
}

/** Until the client closes the connection. */
async function passOn(client: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(HEAD_BYTES_MAX);
  for (;;) {
    const request = await readHead(client, buffer);
    if (request === null) return;
    const upstream = request.head.split(" ", 2)[1]!.startsWith(FUNCTIONS_PREFIX)
      ? functions
      : beside;
    const server = await upstream.take();
    await passMessage(client, server, buffer, request);
    const answer = await readHead(server, buffer);
    if (answer === null) throw new Error("The upstream server closed its connection");
    await passMessage(server, client, buffer, answer);
    upstream.giveBack(server);
  }
}

interface Message {
  readonly head: string;
  readonly headBytes: number;
  /** So many bytes of the buffer are filled. */
  readonly filled: number;
}

async function readHead(from: Deno.TcpConn, buffer: Uint8Array): Promise<Message | null> {
  for (let filled = 0; filled < buffer.length;) {
    const count = await from.read(buffer.subarray(filled));
    if (count === null) return null;
    filled += count;
    const headBytes = endOfHead(buffer.subarray(0, filled));
    if (headBytes !== null) {
      const head = LATIN1.decode(buffer.subarray(0, headBytes));
      return { head, headBytes, filled };
    }
  }
  throw new Error(`The head of a message must be at most ${HEAD_BYTES_MAX} bytes long`);
}

async function passMessage(
  from: Deno.TcpConn,
  to: Deno.TcpConn,
  buffer: Uint8Array,
  { head, headBytes, filled }: Message,
): Promise<void> {
  await writeAll(to, buffer.subarray(0, filled));
  const isChunked = /\r\ntransfer-encoding: *chunked/i.test(head);
  const declared = /\r\ncontent-length: *([0-9]+)/i.exec(head)?.[1] ?? "0";
  let passed = filled - headBytes;
  let tail = LATIN1.decode(buffer.subarray(Math.max(headBytes, filled - 5), filled));
  while (isChunked ? !tail.endsWith("0\r\n\r\n") : passed < Number(declared)) {
    const count = await from.read(buffer);
    if (count === null) throw new Error("A connection closed within a message");
    await writeAll(to, buffer.subarray(0, count));
    passed += count;
    tail = (tail + LATIN1.decode(buffer.subarray(Math.max(0, count - 5), count))).slice(-5);
  }
}

async function writeAll(to: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await to.write(bytes.subarray(written));
}

/** The index after the empty line. */
function endOfHead(bytes: Uint8Array): number | null {
  for (let at = bytes.indexOf(CR); at !== -1; at = bytes.indexOf(CR, at + 1)) {
    if (bytes[at + 1] === LF && bytes[at + 2] === CR && bytes[at + 3] === LF) return at + 4;
  }
  return null;
}
