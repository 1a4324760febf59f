/**
 * Reads a request's body within a size limit and distinguishes a truncated body from a complete one.
 *
 * The sender must retry a truncated body; a complete but invalid body is stored and not retried. The limit applies to
 * the received bytes and again to the decompressed ones.
 */
import { gunzip, isGzip } from "./gunzip.ts";

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
  const arrived = isBounded(request, bytesMax)
    ? await readAtOnce(request)
    : await collect(request.body, bytesMax);
  if (arrived === "too_large") return { ok: false, code: "body_too_large" };
  if (arrived === "broken") return { ok: false, code: "body_cut_off" };

  const encoding = encodingOf(request);
  // Its first bytes say what it is, whatever the header says.
  const isPacked = isGzip(arrived);
  // A gateway may have decompressed the body without changing the headers.
  const isAsDeclared = encoding !== "gzip" || isPacked;
  if (isAsDeclared && arrived.byteLength < declaredBytes(request)) {
    return { ok: false, code: "body_cut_off" };
  }
  if (encoding === "other" && !isPacked) {
    return { ok: false, code: "unsupported_encoding", bytes: arrived };
  }
  if (!isPacked) return { ok: true, bytes: arrived };

  const unpacked = await collect(gunzip([arrived]), bytesMax);
  if (unpacked === "too_large") return { ok: false, code: "body_too_large" };
  if (unpacked === "broken") return { ok: false, code: "not_gzip", bytes: arrived };
  return { ok: true, bytes: unpacked };
}

/** A sender that declares a length cannot send more. */
function isBounded({ headers }: Request, bytesMax: number): boolean {
  const declared = headers.get("content-length") ?? "";
  return /^[0-9]{1,9}$/.test(declared) && Number(declared) <= bytesMax;
}

async function readAtOnce(request: Request): Promise<Uint8Array | "broken"> {
  try {
    return new Uint8Array(await request.arrayBuffer());
  } catch {
    return "broken";
  }
}

function encodingOf({ headers }: Request): "identity" | "gzip" | "other" {
  const encoding = (headers.get("content-encoding") ?? "").trim().toLowerCase();
  if (encoding === "" || encoding === "identity") return "identity";
  return encoding === "gzip" || encoding === "x-gzip" ? "gzip" : "other";
}

async function collect(
  stream: AsyncIterable<Uint8Array> | null,
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
