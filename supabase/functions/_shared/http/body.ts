/**
 * Reads a request's body within a size limit and distinguishes a truncated body from a complete one.
 *
 * The sender must retry a truncated body; a complete but invalid body is stored and not retried. The limit applies to
 * the received bytes and again to the decompressed ones.
 */

const GZIP_MAGIC = [0x1f, 0x8b];

export type BodyReading =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly code: "body_too_large" | "body_cut_off" }
  /** The body is complete but cannot be decompressed; `bytes` are as received. */
  | {
    readonly ok: false;
    readonly code: "unsupported_encoding" | "not_gzip";
    readonly bytes: Uint8Array;
  };

/** Reads the body lazily and once, so that an unauthenticated body is never read. */
export function bodyReader(request: Request): (bytesMax: number) => Promise<BodyReading> {
  let reading: Promise<BodyReading> | undefined;
  return (bytesMax) => reading ??= readBody(request, bytesMax);
}

export async function readBody(request: Request, bytesMax: number): Promise<BodyReading> {
  const arrived = await collect(request.body, bytesMax);
  if (arrived === "too_large") return { ok: false, code: "body_too_large" };
  if (arrived === "broken") return { ok: false, code: "body_cut_off" };

  const encoding = encodingOf(request);
  const isPacked = encoding === "gzip" &&
    GZIP_MAGIC.every((byte, index) => arrived[index] === byte);
  // A gateway may have decompressed the body without changing the headers.
  const isAsDeclared = encoding !== "gzip" || isPacked;
  if (isAsDeclared && arrived.byteLength < declaredBytes(request)) {
    return { ok: false, code: "body_cut_off" };
  }
  if (encoding === "other") return { ok: false, code: "unsupported_encoding", bytes: arrived };
  if (!isPacked) return { ok: true, bytes: arrived };

  // A stream, because Deno 2.1 ignores the output limit of node:zlib: a small body could decompress to gigabytes.
  const packed = new Blob([arrived as Uint8Array<ArrayBuffer>]).stream();
  const unpacked = await collect(packed.pipeThrough(new DecompressionStream("gzip")), bytesMax);
  if (unpacked === "too_large") return { ok: false, code: "body_too_large" };
  if (unpacked === "broken") return { ok: false, code: "not_gzip", bytes: arrived };
  return { ok: true, bytes: unpacked };
}

function encodingOf({ headers }: Request): "identity" | "gzip" | "other" {
  const encoding = (headers.get("content-encoding") ?? "").trim().toLowerCase();
  if (encoding === "" || encoding === "identity") return "identity";
  return encoding === "gzip" || encoding === "x-gzip" ? "gzip" : "other";
}

async function collect(
  stream: ReadableStream<Uint8Array> | null,
  bytesMax: number,
): Promise<Uint8Array | "too_large" | "broken"> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of stream ?? []) {
      length += chunk.byteLength;
      if (length > bytesMax) return "too_large";
      chunks.push(chunk);
    }
  } catch {
    return "broken";
  }
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes;
}

function declaredBytes(request: Request): number {
  const declared = Number(request.headers.get("content-length") ?? 0);
  return Number.isFinite(declared) ? declared : 0;
}
