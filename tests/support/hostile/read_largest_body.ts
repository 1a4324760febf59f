/** Reads the largest bodies that the webhook accepts, of all kinds: a test runs it as a process with little memory. */
import { readBody } from "../../../supabase/functions/_shared/events/read_body.ts";

const BYTES = 8_388_608;

const KINDS: Readonly<Record<string, () => string>> = {
  lists: () => "[".repeat(BYTES / 2) + "]".repeat(BYTES / 2),
  "lists without an end": () => "[".repeat(BYTES),
  objects: () => `[${repeated('{"a":{"a":{}}},')}0]`,
  zeros: () => `[${repeated("0,")}0]`,
  names: () => `{${repeated('"a":1,')}"a":1}`,
  "events of lists": () => {
    const event = `{"a":[${"[],".repeat(330_000)}[]]}`;
    return `[${repeated(`${event},`)}0]`;
  },
  "events as many as may be": () =>
    `[${Array(20_000).fill(`{"external_user_id":"${"u".repeat(380)}"}`).join()}]`,
  text: () => JSON.stringify("x".repeat(BYTES - 2)),
};

/** Repeats the part until the body is full. */
function repeated(part: string): string {
  return part.repeat(Math.floor((BYTES - 10) / part.length));
}

function read(text: string): string {
  const found = readBody(new TextEncoder().encode(text), new Date("2024-12-07T06:00:00Z"));
  return typeof found === "string"
    ? found
    : `${found.events.length} events, ${found.rejects.length} rejects`;
}

if (import.meta.main) {
  const found = Object.entries(KINDS).map(([kind, make]) => [kind, read(make())]);
  await Deno.stdout.write(new TextEncoder().encode(JSON.stringify(Object.fromEntries(found))));
}
