/** Rejects are replayed by curl, and stored once. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { Stack } from "../../local/stack/stack.ts";
import { createHandler } from "../../supabase/functions/braze-webhook/handler.ts";
import { killable } from "../support/killable_function.ts";
import { call, postEvents, schedule, THREE_AT_ONCE, withSuite } from "../support/suite.ts";

const SMALL = { sandbox: { users: { count: 20 } }, fixtures: THREE_AT_ONCE } as const;

/** Events of a month without a partition. */
function oldEvents({ ready }: Stack, count: number) {
  return Array.from({ length: count }, (_, index) => ({
    event_type: "users.messages.pushnotification.Send",
    id: `old-${String(index).padStart(3, "0")}`,
    time: Date.parse("2024-06-10T14:00:00Z") / 1_000 + index,
    user: { external_user_id: `user-${index}` },
    properties: { campaign_id: ready.campaign_id },
  }));
}

/** The fix: creates the month's partition. */
const mend = ({ sql }: Stack) => sql`select private.ensure_partitions('2024-06-10T00:00:00Z')`;

const replay = async (stack: Stack, order: Record<string, unknown> = {}) => {
  const { status, body } = await call(stack, "braze-webhook", { replay_rejects: order });
  strictEqual(status, 200, JSON.stringify(body));
  const { run_id: _, next, ...counts } = body;
  return { counts, next };
};

async function state({ sql }: Stack) {
  const [row] = await sql`
    select
      (select count(*)::int from public.notification_sends where event_id like 'old-%') as stored,
      (select count(distinct event_id)::int from public.notification_sends where event_id like 'old-%') as different,
      (select count(*)::int from public.webhook_rejects where replayed_at is null) as kept,
      (select count(*)::int from public.webhook_rejects where replayed_at is not null) as replayed,
      (select max(occurrences) from public.webhook_rejects) as occurrences`;
  return { ...row };
}

Deno.test("rejects are replayed once after the fix, and those that are still unreadable stay unchanged", () =>
  withSuite(SMALL, async (stack) => {
    await postEvents(stack, { events: [...oldEvents(stack, 30), { event_type: "users.x" }] });
    const before = { stored: 0, different: 0, kept: 31, replayed: 0, occurrences: 1 };
    deepStrictEqual(await state(stack), before);

    const nothing = { replayed: 0, recorded: 0, still_rejected: 31 };
    deepStrictEqual(await replay(stack), { counts: nothing, next: null });
    deepStrictEqual(await state(stack), before, "too early changes nothing");

    await mend(stack);
    deepStrictEqual((await replay(stack)).counts, {
      replayed: 30,
      recorded: 30,
      still_rejected: 1,
    });
    const after = { stored: 30, different: 30, kept: 1, replayed: 30, occurrences: 1 };
    deepStrictEqual(await state(stack), after);
    deepStrictEqual((await replay(stack)).counts, { replayed: 0, recorded: 0, still_rejected: 1 });
    deepStrictEqual(await state(stack), after);
  }));

Deno.test("a replay continues where its limit stopped it, and takes only one reason if asked", () =>
  withSuite(SMALL, async (stack) => {
    await postEvents(stack, { events: [...oldEvents(stack, 10), { event_type: "users.x" }] });
    await mend(stack);
    let next: string | null = null;
    const counts: number[] = [];
    do {
      const page = await replay(stack, {
        limit: 4,
        reason_like: "No partition%",
        ...(next === null ? {} : { after: next }),
      });
      counts.push(page.counts.replayed);
      next = page.next;
    } while (next !== null);
    deepStrictEqual(counts, [4, 4, 2]);
    strictEqual((await state(stack)).stored, 10);
  }));

Deno.test("replayed events take the same path: they prove that a match was sent", () =>
  withSuite(SMALL, async (stack) => {
    await schedule(stack);
    const [ledger] = await stack.sql`select id from public.schedule_ledger where match_id = 1002`;
    const event = {
      event_type: "users.messages.pushnotification.Send",
      id: "old-echo",
      time: "14 hundred",
      user: { external_user_id: "user-1" },
      properties: {
        campaign_id: stack.ready.campaign_id,
        message_extras: JSON.stringify({ ledger_id: ledger?.id, generation: "1" }),
      },
    };
    await stack.advanceTo(new Date("2024-12-07T14:05:00Z"));
    await postEvents(stack, event);
    // As if the reader could now read such a time: the kept body is made readable.
    const readable = JSON.stringify({ ...event, time: Date.parse("2024-12-07T14:00:10Z") / 1_000 });
    await stack.sql`update public.webhook_rejects set body = convert_to(${readable}, 'UTF8')`;
    deepStrictEqual((await replay(stack)).counts, { replayed: 1, recorded: 1, still_rejected: 0 });
    const [row] = await stack.sql`
      select status::text, sent_evidence from public.schedule_ledger where match_id = 1002`;
    deepStrictEqual({ ...row }, { status: "sent", sent_evidence: "push" });
  }));

Deno.test("only the secret key replays: with Braze's secret the order is stored as a message", () =>
  withSuite(SMALL, async (stack) => {
    await postEvents(stack, { events: oldEvents(stack, 1) });
    await mend(stack);
    const { status, body } = await postEvents(stack, { replay_rejects: {} });
    deepStrictEqual([status, body.received, body.rejected], [200, 1, 1]);
    strictEqual((await state(stack)).stored, 0);
  }));

Deno.test("a replay killed after any call stores each event once when it is repeated", () =>
  withSuite(SMALL, async (stack) => {
    await postEvents(stack, { events: oldEvents(stack, 5) });
    await mend(stack);
    const order = () =>
      new Request(`${stack.ready.functions_url}/braze-webhook`, {
        method: "POST",
        headers: { apikey: stack.ready.secret_key },
        body: '{"replay_rejects":{"limit":3}}',
      });
    for (let deadly = 1, survived = false; !survived; deadly++) {
      await stack.sql`update public.webhook_rejects set replayed_at = null`;
      await stack.sql`delete from public.notification_sends`;
      const mortal = killable(stack, "braze-webhook", createHandler, deadly);
      survived = await Promise.race([
        mortal.handle(order()).then(() => true),
        mortal.died.then(() => false),
      ]);
      await replay(stack);
      deepStrictEqual(await state(stack), {
        stored: 5,
        different: 5,
        kept: 0,
        replayed: 5,
        occurrences: 1,
      }, `died at call ${deadly}`);
    }
  }));

Deno.test("two concurrent replays store each event once", () =>
  withSuite(SMALL, async (stack) => {
    await postEvents(stack, { events: oldEvents(stack, 40) });
    await mend(stack);
    const pages = await Promise.all([1, 2, 3].map(() => replay(stack)));
    strictEqual(pages.reduce((sum, { counts }) => sum + counts.recorded, 0), 40);
    const { stored, kept, replayed } = await state(stack);
    deepStrictEqual([stored, kept, replayed], [40, 0, 40]);
  }));
