/**
 * One keep-alive connection that posts bytes and reads status codes. The driver shares the cores with what it measures,
 * so it does only the minimum of work.
 */

const BUFFER_BYTES = 65_536;
const HEAD_END = [13, 10, 13, 10];
const LAST_CHUNK = [48, 13, 10, 13, 10];

export interface HttpConnection {
  /** Writes one request and resolves with the status of its answer, once all of it has been read. */
  post(request: Uint8Array): Promise<number>;
  close(): void;
}

export async function openConnection(port: number): Promise<HttpConnection> {
  let socket = await Deno.connect({ hostname: "127.0.0.1", port });
  socket.setNoDelay(true);
  let buffer = new Uint8Array(BUFFER_BYTES);

  return {
    async post(request) {
      for (let written = 0; written < request.byteLength;) {
        written += await socket.write(request.subarray(written));
      }
      const answer = await read();
      if (answer.mustClose) await reopen();
      return answer.status;
    },
    close: () => socket.close(),
  };

  async function read(): Promise<{ status: number; mustClose: boolean }> {
    let length = 0;
    let end: number | "chunked" | undefined;
    let head = "";
    while (true) {
      if (length === buffer.byteLength) {
        const larger = new Uint8Array(buffer.byteLength * 2);
        larger.set(buffer);
        buffer = larger;
      }
      const count = await socket.read(buffer.subarray(length));
      if (count === null) {
        throw new Error("Cannot read the answer: it must be complete, got a closed connection");
      }
      length += count;
      if (end === undefined) {
        const headEnd = indexOf(buffer, length, HEAD_END);
        if (headEnd < 0) continue;
        head = latin1.decode(buffer.subarray(0, headEnd)).toLowerCase();
        end = endOf(head, headEnd + HEAD_END.length);
      }
      if (end === "chunked" ? endsWith(buffer, length, LAST_CHUNK) : length >= end) {
        return {
          status: Number(head.slice(9, 12)),
          mustClose: head.includes("\r\nconnection: close"),
        };
      }
    }
  }

  async function reopen(): Promise<void> {
    socket.close();
    socket = await Deno.connect({ hostname: "127.0.0.1", port });
    socket.setNoDelay(true);
  }
}

const latin1 = new TextDecoder("latin1");

function endOf(head: string, bodyStart: number): number | "chunked" {
  if (head.includes("\r\ntransfer-encoding: chunked")) return "chunked";
  const [, length = "0"] = /\r\ncontent-length: *(\d+)/.exec(head) ?? [];
  return bodyStart + Number(length);
}

function indexOf(bytes: Uint8Array, length: number, wanted: readonly number[]): number {
  for (let at = bytes.indexOf(13); at >= 0 && at + wanted.length <= length;) {
    if (wanted.every((byte, offset) => bytes[at + offset] === byte)) return at;
    at = bytes.indexOf(13, at + 1);
  }
  return -1;
}

function endsWith(bytes: Uint8Array, length: number, wanted: readonly number[]): boolean {
  const at = length - wanted.length;
  return at >= 0 && wanted.every((byte, offset) => bytes[at + offset] === byte);
}
