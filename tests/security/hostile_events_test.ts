/** Hostile texts in Braze's events: kept and returned to the byte, attributed only to what they name. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { Stack } from "../../local/stack/stack.ts";
import { currentsSend, webhookMessage } from "../support/bodies.ts";
import { ledgerOf, postEvents, schedule, THREE_AT_ONCE, withSuite } from "../support/suite.ts";
import { structureOf } from "./digest.ts";
import { HOSTILE, UNSTORABLE } from "./hostile.ts";
import { sendRequest } from "./send_request.ts";

const SENT_AT = 1_733_580_023;
const SMALL = { fixtures: THREE_AT_ONCE, sandbox: { users: { count: 20 } } } as const;

/** The column for each text of an event, by Braze's name for it. */
const COLUMNS = {
  id: "event_id",
  external_user_id: "external_user_id",
  device_id: "device_id",
  campaign_id: "campaign_id",
  dispatch_id: "dispatch_id",
  send_id: "send_id",
} as const;
type Field = keyof typeof COLUMNS;
const FIELDS = Object.keys(COLUMNS) as Field[];

interface Stored extends Record<string, unknown> {
  readonly event_id: string;
  readonly match_id: number | null;
  readonly correlation_method: string;
  readonly raw_payload: unknown;
}

async function stored({ sql }: Stack): Promise<Map<string, Stored>> {
  const rows = await sql<Stored[]>`
    select event_id, external_user_id, device_id, campaign_id, dispatch_id, send_id, raw_payload,
      match_id::int, correlation_method
    from public.notification_sends`;
  return new Map(rows.map((row) => [row.event_id, row]));
}

async function postAll(stack: Stack, events: readonly unknown[]): Promise<void> {
  const { status, body } = await postEvents(stack, { events });
  strictEqual(status, 200, JSON.stringify(body));
  deepStrictEqual([body.recorded, body.rejected], [events.length, 0]);
}

Deno.test("every text of a Currents event is returned unchanged, in its column and in raw_payload", () =>
  withSuite(SMALL, async (stack) => {
    const structure = await structureOf(stack.sql);
    const posted = FIELDS.flatMap((field) =>
      HOSTILE.map((text, index) => {
        const id = field === "id" ? text : `${field}-${index}`;
        const inUser = field === "external_user_id" || field === "device_id";
        const event = currentsSend({
          outer: { id, time: SENT_AT },
          user: inUser ? { [field]: text } : {},
          properties: {
            // Of a foreign campaign, with unexpected names and values.
            campaign_name: text,
            [`x${text}`]: { [text]: [text] },
            ...(inUser || field === "id" ? {} : { [field]: text }),
          },
        });
        return { field, text, id, event };
      })
    );
    ok(posted.length > 200, "there is something to post");
    await postAll(stack, posted.map(({ event }) => event));

    const rows = await stored(stack);
    strictEqual(rows.size, posted.length);
    for (const { field, text, id, event } of posted) {
      const row = rows.get(id);
      strictEqual(row?.[COLUMNS[field]], text, `${field} ${JSON.stringify(text)}`);
      deepStrictEqual(row.raw_payload, event);
    }
    deepStrictEqual(await structureOf(stack.sql), structure);
  }));

Deno.test("every text of a webhook message is returned unchanged, and distinguishes messages", () =>
  withSuite(SMALL, async (stack) => {
    const fields = ["external_user_id", "campaign_id", "dispatch_id", "device_id"] as const;
    const posted = fields.flatMap((field) =>
      HOSTILE.map((text) => ({
        field,
        text,
        message: webhookMessage({ [field]: text, note: text }),
      }))
    );
    await postAll(stack, posted.map(({ message }) => message));
    // Posted again they add nothing, since each keeps its own id.
    const { body } = await postEvents(stack, posted.map(({ message }) => message));
    deepStrictEqual([body.recorded, body.duplicates], [0, posted.length]);

    const rows = [...(await stored(stack)).values()];
    for (const { field, text, message } of posted) {
      const same = rows.filter((row) =>
        row[field] === text &&
        JSON.stringify(sorted(row.raw_payload)) === JSON.stringify(sorted(message))
      );
      strictEqual(same.length, 1, `${field} ${JSON.stringify(text)}`);
    }
  }));

Deno.test("a hostile dispatch id names its own match and no other, however similar they look", () =>
  withSuite(SMALL, async (stack) => {
    await schedule(stack);
    await stack.advanceTo(new Date(SENT_AT * 1_000));
    const matchOf = (index: number) => THREE_AT_ONCE[index % THREE_AT_ONCE.length]!.id;
    const registering = await Promise.all(HOSTILE.map(async (text, index) =>
      currentsSend({
        outer: { id: `teaches-${index}`, time: SENT_AT },
        properties: {
          campaign_id: stack.ready.campaign_id,
          dispatch_id: text,
          message_extras: JSON.stringify({
            ledger_id: (await ledgerOf(stack, matchOf(index))).id,
            generation: "1",
          }),
        },
      })
    ));
    const asking = (dispatchIds: readonly string[], name: string) =>
      dispatchIds.map((text, index) =>
        currentsSend({
          outer: { id: `${name}-${index}`, time: SENT_AT },
          properties: { campaign_id: stack.ready.campaign_id, dispatch_id: text },
        })
      );
    // Texts that a wildcard, another case or a normalised text would match.
    const lookalikes = HOSTILE.map((text) => `${text}x`.slice(-256)).filter((text) =>
      !HOSTILE.includes(text)
    );
    ok(lookalikes.length >= HOSTILE.length - 1);
    await postAll(stack, asking(HOSTILE, "before"));
    await postAll(stack, registering);
    await postAll(stack, asking(HOSTILE, "after"));
    await postAll(stack, asking(lookalikes, "unrelated"));

    const rows = await stored(stack);
    const found = (name: string, count: number) =>
      Array.from({ length: count }, (_, index) => {
        const row = rows.get(`${name}-${index}`);
        return `${row?.correlation_method} ${row?.match_id}`;
      });
    const wanted = HOSTILE.map((_, index) => `dispatch_id ${matchOf(index)}`);
    deepStrictEqual(found("after", HOSTILE.length), wanted);
    deepStrictEqual(found("before", HOSTILE.length), wanted, "reattributed once it was known");
    // All three are sent at this time, and nothing else distinguishes them.
    deepStrictEqual(
      found("unrelated", lookalikes.length),
      lookalikes.map(() => "tie null"),
    );
  }));

Deno.test("an event that Postgres cannot store is kept as a reject to the byte, and the good ones are stored", () =>
  withSuite(SMALL, async (stack) => {
    for (const [index, text] of UNSTORABLE.entries()) {
      const bad = currentsSend({ outer: { id: `bad-${index}` }, user: { device_id: text } });
      const body = JSON.stringify({
        events: [bad, currentsSend({ outer: { id: `good-${index}` } })],
      });
      const { status } = await sendRequest(`${stack.ready.functions_url}/braze-webhook`, {
        headers: { "x-webhook-secret": stack.ready.webhook_secret },
        body,
      });
      strictEqual(status, 200);
      const kept = await stack.sql<{ body: Uint8Array }[]>`
        select body from public.webhook_rejects where body = ${
        new TextEncoder().encode(JSON.stringify(bad))
      }`;
      strictEqual(kept.length, 1, JSON.stringify(text));
    }
    deepStrictEqual(
      [...(await stored(stack)).keys()],
      UNSTORABLE.map((_, index) => `good-${index}`),
    );
  }));

Deno.test("hostile bytes that are not JSON are kept to the byte", () =>
  withSuite(SMALL, async (stack) => {
    for (const text of [...HOSTILE, ...HOSTILE.map((text) => `{"events": [${text}]}`)]) {
      if (text.trim() === "" || isJson(text)) continue;
      const body = new TextEncoder().encode(text);
      const response = await fetch(`${stack.ready.functions_url}/braze-webhook`, {
        method: "POST",
        headers: { "x-webhook-secret": stack.ready.webhook_secret },
        body,
      });
      strictEqual(response.status, 200, await response.text());
      const kept = await stack.sql`select 1 from public.webhook_rejects where body = ${body}`;
      strictEqual(kept.length, 1, JSON.stringify(text));
    }
  }));

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** jsonb keeps no order of keys. */
function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
}
