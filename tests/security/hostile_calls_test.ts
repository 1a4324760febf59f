/** Hostile texts in calls to the functions and to SQL: taken literally, or refused with a reason. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { Stack } from "../../local/stack/stack.ts";
import { addFixture, call, schedule, withSuite } from "../support/suite.ts";
import { reach } from "../support/watchers.ts";
import { contentsOf, structureOf } from "./digest.ts";
import { HOSTILE, UNSTORABLE } from "./hostile.ts";
import { type HttpResponse, sendRequest } from "./send_request.ts";
import { fillTables } from "./rows.ts";

const SMALL = { sandbox: { users: { count: 20 } } } as const;
const REASONS = HOSTILE.filter((text) => text.trim() !== "");
const idOf = (index: number) => 1001 + index;

const FIXTURES = REASONS.map((_, index) => ({
  id: idOf(index),
  home: `Home ${index}`,
  away: `Away ${index}`,
  kickoffAt: "2024-12-07T15:00:00Z",
}));

function rpc({ ready }: Stack, name: string, args: unknown): Promise<HttpResponse> {
  return sendRequest(`${ready.rest_url}/rpc/${name}`, {
    headers: { apikey: ready.secret_key },
    body: JSON.stringify(args),
  });
}

/** The reasons in the timeline of a match, for one kind of entry. */
async function reasonsIn(stack: Stack, matchId: number, what: string): Promise<string[]> {
  const { text } = await rpc(stack, "match_timeline", { p_match_id: matchId });
  const timeline: { what: string; details: { reason: string } }[] = JSON.parse(text);
  return timeline.filter((step) => step.what === what).map(({ details }) => details.reason);
}

Deno.test("the reason of a manual confirmation, and of its undo, is kept and returned unchanged", () =>
  withSuite({ ...SMALL, fixtures: FIXTURES }, async (stack) => {
    await schedule(stack);
    // No event proves that they were sent.
    stack.sandbox.model.switchboard.set({ currents: { enabled: false } });
    await reach(stack, "14:30");
    const manualConfirmations = REASONS.map((reason, index) => ({ match_id: idOf(index), reason }));
    for (const action of ["mark_sent", "undo"]) {
      const done = new Map((await stack.sql<{ match_id: string; id: string }[]>`
        select match_id, id from public.operator_actions`).map((
        one,
      ) => [Number(one.match_id), one]));
      const { status, body } = await call(stack, "braze-reconcile", {
        [action]: manualConfirmations.map((entry) =>
          action === "undo" ? { ...entry, action_id: Number(done.get(entry.match_id)!.id) } : entry
        ),
      });
      strictEqual(status, 200, JSON.stringify(body));
      ok(body.verbs.every(({ done }: { done: boolean }) => done), JSON.stringify(body.verbs));
      for (const [index, text] of REASONS.entries()) {
        // Blanks around a reason are not part of it.
        deepStrictEqual(await reasonsIn(stack, idOf(index), action), [text.trim()]);
      }
    }
  }));

Deno.test("a text that cannot be stored as a reason is refused before anything is done", () =>
  withSuite({ ...SMALL, fixtures: FIXTURES.slice(0, 2) }, async (stack) => {
    await schedule(stack);
    await reach(stack, "14:30");
    const before = await contentsOf(stack.sql);
    for (const text of [...UNSTORABLE, "", " \t\n"]) {
      const { status, body } = await call(stack, "braze-reconcile", {
        mark_sent: [{ match_id: 1001, reason: "Seen in Braze" }, { match_id: 1002, reason: text }],
      });
      deepStrictEqual([status, body.code], [400, "invalid_body"], JSON.stringify([text, body]));
      ok(/mark_sent\.1\.reason|NUL|lone surrogate/.test(body.message), body.message);
    }
    deepStrictEqual(await contentsOf(stack.sql), before);
  }));

/** The same, implemented independently: `%` any text, `_` one character, a backslash escapes the next one. */
function isLike(text: string, pattern: string): boolean {
  let source = "";
  const letters = [...pattern];
  for (let index = 0; index < letters.length; index++) {
    const letter = letters[index]!;
    if (letter === "%") source += ".*";
    else if (letter === "_") source += ".";
    else source += RegExp.escape(letter === "\\" ? letters[++index]! : letter);
  }
  return new RegExp(`^${source}$`, "su").test(text);
}

Deno.test("reason_like is a pattern of LIKE and nothing else", () =>
  withSuite(SMALL, async (stack) => {
    for (const [index, reason] of HOSTILE.entries()) {
      // It stays unreadable, so a replay leaves it in place.
      await stack.sql`
        insert into public.webhook_rejects
          (digest, body, reason, first_received_at, last_received_at)
        values (${Uint8Array.of(index)}, ${
        new TextEncoder().encode(`{ ${index}`)
      }, ${reason}, now(), now())`;
    }
    const structure = await structureOf(stack.sql);
    const patterns = [
      ...HOSTILE,
      ...HOSTILE.map((text) => `%${[...text].slice(1).join("")}`),
      "%\\%%",
      "_",
      "%",
    ];
    for (const pattern of patterns.filter((text) => text !== "")) {
      const { status, body } = await call(stack, "braze-webhook", {
        replay_rejects: { reason_like: pattern },
      });
      strictEqual(status, 200, JSON.stringify([pattern, body]));
      const wanted = HOSTILE.filter((reason) => isLike(reason, pattern)).length;
      deepStrictEqual([body.still_rejected, body.replayed], [wanted, 0], JSON.stringify(pattern));
    }
    deepStrictEqual(await structureOf(stack.sql), structure);
  }));

Deno.test("a pattern that ends in the middle, or that Postgres cannot hold, is refused with a reason", () =>
  withSuite(SMALL, async (stack) => {
    for (const pattern of ["\\", "No partition%\\", "\\\\\\", ...UNSTORABLE]) {
      const { status, body } = await call(stack, "braze-webhook", {
        replay_rejects: { reason_like: pattern },
      });
      deepStrictEqual([status, body.code], [400, "invalid_body"], JSON.stringify([pattern, body]));
      ok(/reason_like: must|NUL|lone surrogate/.test(body.message), body.message);
    }
  }));

Deno.test("no text is accepted for a number, a date, the name of a check or a position", () =>
  withSuite({ ...SMALL, fixtures: FIXTURES.slice(0, 1) }, async (stack) => {
    await addFixture(stack, { id: 7, home: "A", away: "B", kickoffAt: "2024-12-07T15:00:00Z" });
    const before = await contentsOf(stack.sql);
    const bodies = (text: string): [string, unknown][] => [
      ["braze-scheduler", { match_ids: [text] }],
      ["braze-scheduler", { dry_run: text }],
      ["braze-scheduler", { [`x${text}`]: 1 }],
      ["braze-reconcile", { checks: [text] }],
      ["braze-reconcile", { mark_sent: [{ match_id: text, reason: "r" }] }],
      ["braze-preflight-check", { [`x${text}`]: true }],
      ["braze-count-audit", { dry_run: text }],
      ["webhook-health-rollup", { date: text }],
      ["webhook-health-rollup", { from: "2024-12-01", to: `2024-12-02${text}` }],
      ["braze-webhook", { replay_rejects: { after: text } }],
      ["braze-webhook", { replay_rejects: { limit: text } }],
      ["braze-webhook", { replay_rejects: { [`x${text}`]: 1 } }],
    ];
    for (const text of [...HOSTILE, ...UNSTORABLE]) {
      for (const [name, body] of bodies(text)) {
        const answer = await call(stack, name, body);
        deepStrictEqual(
          [answer.status, answer.body.code],
          [400, "invalid_body"],
          `${name} ${JSON.stringify(body)}`,
        );
      }
    }
    deepStrictEqual(await contentsOf(stack.sql), before);
  }));

interface Parameter {
  readonly name: string;
  readonly type: string;
}

Deno.test("no text in a parameter of a SQL function becomes a part of its SQL", () =>
  withSuite(SMALL, async (stack) => {
    await fillTables(stack.sql);
    const structure = await structureOf(stack.sql);
    const functions = await stack.sql<{ name: string; parameters: Parameter[] }[]>`
      select proc.proname as name, pg_catalog.jsonb_agg(
        pg_catalog.jsonb_build_object('name', arg.name, 'type', pg_catalog.format_type(arg.type, null))
        order by arg.place
      ) as parameters
      from pg_catalog.pg_proc as proc
      cross join unnest(proc.proargnames, proc.proargtypes::oid[]) with ordinality as arg (name, type, place)
      where proc.pronamespace = 'public'::regnamespace and proc.prorettype <> 'trigger'::regtype
      group by proc.oid, proc.proname
      order by proc.proname`;
    ok(functions.length > 40, `${functions.length} functions take something`);
    const wrong: string[] = [];
    let asked = 0;
    for (const { name, parameters } of functions) {
      for (const text of HOSTILE) {
        const args = Object.fromEntries(
          parameters.map(({ name, type }) => [name, valueFor(type, text)]),
        );
        const { status, code, headers } = await rpc(stack, name, args);
        asked++;
        // 42: Postgres read something as SQL. 08, 53, 57, XX: something broke. PGRST2: nothing was called.
        const isWrong = status === 502 || headers.has("set-cookie") ||
          /^(?:42|08|53|57|XX|PGRST2)/.test(`${code}`);
        if (isWrong) wrong.push(`${name} ${JSON.stringify(text)}: ${status} ${code}`);
      }
    }
    ok(asked > 1_000, `${asked} calls`);
    deepStrictEqual(wrong, []);
    deepStrictEqual(await structureOf(stack.sql), structure);
    const [left] = await stack.sql`select 1 from public.teams`;
    ok(left !== undefined, "nothing was emptied");
  }));

/** The text itself where its type allows it, otherwise a harmless value. */
function valueFor(type: string, text: string): unknown {
  switch (type) {
    case "text":
      return text;
    case "text[]":
      return [text];
    case "jsonb":
      return [{ [text]: text, ...Object.fromEntries(RECORD_FIELDS.map((field) => [field, text])) }];
    case "uuid":
      return "00000000-0000-0000-0000-000000000001";
    case "uuid[]":
      return ["00000000-0000-0000-0000-000000000001"];
    case "boolean":
      return false;
    case "bigint[]":
      return [1];
    case "date":
      return "2024-12-07";
    case "timestamp with time zone":
      return "2024-12-07T06:00:00Z";
    case "timestamp with time zone[]":
      return ["2024-12-07T06:00:00Z"];
    default:
      return 1;
  }
}

/** The texts that the records of jsonb parameters hold. */
const RECORD_FIELDS = [
  "action",
  "reason",
  "fingerprint",
  "rule",
  "title",
  "kind",
  "value",
  "name",
  "detail",
  "event_id",
  "event_type",
  "channel",
  "external_user_id",
  "device_id",
  "dispatch_id",
  "send_id",
  "campaign_id",
  "braze_schedule_id",
  "correlation_method",
  "from_method",
  "content_type",
  "schedule_id",
  "status",
];
