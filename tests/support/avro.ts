/** Avro object container files, as Currents writes them to storage. */
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { crc32, deflateRawSync } from "node:zlib";
import avro from "avsc";
import { compress } from "snappyjs";

export type Codec = "null" | "deflate" | "snappy";

/** The fields of a push Send in Braze's schema that matter here, in its order. */
export const SEND_SCHEMA = {
  type: "record",
  name: "Send",
  namespace: "dataexport.S3.inner.users.messages.pushnotification",
  fields: [
    { name: "id", type: "string" },
    { name: "user_id", type: "string" },
    { name: "external_user_id", type: ["null", "string"], default: null },
    { name: "app_id", type: "string" },
    { name: "time", type: "int" },
    { name: "campaign_id", type: ["null", "string"], default: null },
    { name: "canvas_id", type: ["null", "string"], default: null },
    { name: "send_id", type: ["null", "string"], default: null },
    { name: "dispatch_id", type: ["null", "string"], default: null },
    { name: "device_id", type: ["null", "string"], default: null },
    { name: "ad_tracking_enabled", type: ["null", "boolean"], default: null },
    { name: "message_extras", type: ["null", "string"], default: null },
  ],
} as const;

const PACK: Readonly<Record<Codec, (data: Buffer) => Buffer>> = {
  null: (data) => data,
  deflate: (data) => deflateRawSync(data),
  snappy(data) {
    const checksum = Buffer.alloc(4);
    checksum.writeUInt32BE(crc32(data));
    return Buffer.concat([compress(data), checksum]);
  },
};

const LONG = avro.Type.forSchema("long");

function withLength(data: Uint8Array): Buffer {
  return Buffer.concat([LONG.toBuffer(data.length), data]);
}

/** `codec` null: the header names none, as in Braze's samples. */
export function avroFile(
  schema: unknown,
  records: readonly unknown[],
  { codec = null, aBlock = 100 }: { readonly codec?: Codec | null; readonly aBlock?: number } = {},
): Uint8Array<ArrayBuffer> {
  const type = avro.Type.forSchema(schema as avro.Schema);
  const sync = randomBytes(16);
  const meta: [string, string][] = [["avro.schema", JSON.stringify(schema)]];
  if (codec !== null) meta.push(["avro.codec", codec]);
  const parts: Buffer[] = [
    Buffer.from("Obj\x01"),
    LONG.toBuffer(meta.length),
    ...meta.flat().map((text) => withLength(Buffer.from(text))),
    LONG.toBuffer(0),
    sync,
  ];
  for (let at = 0; at < records.length; at += aBlock) {
    const block = records.slice(at, at + aBlock);
    const data = Buffer.concat(block.map((record) => type.toBuffer(record)));
    parts.push(LONG.toBuffer(block.length), withLength(PACK[codec ?? "null"](data)), sync);
  }
  return new Uint8Array(Buffer.concat(parts));
}
