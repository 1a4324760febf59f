/** Raw HTTP: bodies that arrive slowly, end early or differ from their length. */

export interface RawAnswer {
  /** null if the connection ended without an answer. */
  readonly status: number | null;
  readonly text: string;
}

export interface RawPost {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly pieces: readonly Uint8Array[];
  /** Between two pieces. */
  readonly pauseMs?: number;
  /** Whether the sender closes its side, or drops the connection. */
  readonly end?: "says so" | "leaves" | "waits";
}

export async function postRaw(
  { url, headers, pieces, pauseMs = 0, end = "waits" }: RawPost,
): Promise<RawAnswer> {
  const { hostname, port, pathname } = new URL(url);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  try {
    const lines = Object.entries({ host: "test", connection: "close", ...headers })
      .map(([name, value]) => `${name}: ${value}\r\n`);
    await write(connection, encode(`POST ${pathname} HTTP/1.1\r\n${lines.join("")}\r\n`));
    for (const piece of pieces) {
      if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
      await write(connection, piece);
    }
    if (end === "leaves") return { status: null, text: "" };
    if (end === "says so") await connection.closeWrite();
    const answer = await new Response(connection.readable).text();
    return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? NaN), text: answer };
  } finally {
    try {
      connection.close();
    } catch {
      // Reading to the end already closed it.
    }
  }
}

/** One HTTP chunk of a body; an empty chunk ends the body. */
export function chunked(piece: Uint8Array): Uint8Array {
  const head = encode(`${piece.length.toString(16)}\r\n`);
  return new Uint8Array([...head, ...piece, ...encode("\r\n")]);
}

export function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

async function write(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}
