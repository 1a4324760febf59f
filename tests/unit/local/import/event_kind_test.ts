import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { isMessageKind, kindOfFile } from "../../../../local/import/event_kind.ts";

const SEND = "users.messages.pushnotification.Send";
const BOUNCE = "users.messages.pushnotification.Bounce";
const EXPORTED = `export/event_type=${SEND}/date=2026-12-05-14/5/part-0000.avro`;

Deno.test("kindOfFile() takes the kind from the path or from the argument", () => {
  deepStrictEqual(kindOfFile(EXPORTED, null), { eventType: SEND, statedBy: "the path" });
  deepStrictEqual(kindOfFile(EXPORTED, SEND), { eventType: SEND, statedBy: "the path" });
  deepStrictEqual(kindOfFile("a.jsonl", SEND), { eventType: SEND, statedBy: "--event-type" });
  strictEqual(kindOfFile("a.jsonl", null), null);
  strictEqual(kindOfFile("my_event_type=x/event_type=/a.jsonl", null), null);
});

Deno.test("kindOfFile() takes the folder that is nearest to the file", () => {
  strictEqual(kindOfFile(`event_type=${BOUNCE}/${EXPORTED}`, null)?.eventType, SEND);
});

Deno.test("kindOfFile() refuses a path and an argument that contradict each other", () => {
  throws(
    () => kindOfFile(EXPORTED, BOUNCE),
    /its path and --event-type must state one kind, got .*Send and .*Bounce/,
  );
});

Deno.test("isMessageKind() accepts the kinds that are stored", () => {
  strictEqual(isMessageKind(SEND), true);
  for (const other of ["users.behaviors.Purchase", "users.canvas.Entry", "send", ""]) {
    strictEqual(isMessageKind(other), false);
  }
});
