/** braze-webhook over the whole stack: everything that Braze sends is stored once, even when a part fails. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { Stack } from "../../local/stack/stack.ts";
import { ledgerOf, postEvents, schedule, THREE_AT_ONCE, withSuite } from "../support/suite.ts";

const EVENING = new Date("2024-12-08T20:00:00Z");

/** Compares the events that Braze created and did not discard with the stored ones. */
async function compare({ sql, sandbox }: Stack) {
  const delivered = sandbox.model.groundTruth.entries.filter((entry) => !entry.lost);
  const rows = await sql<{ event_id: string; channel: string; match_id: number | null }[]>`
    select event_id, channel, match_id::int from public.notification_sends`;
  const matchOf = new Map(rows.map((row) => [row.event_id, row.match_id]));
  const currents = delivered.filter(({ kind }) => kind === "currents");
  return {
    dropped: delivered.filter(({ dropped }) => dropped !== null).length,
    currentsTrue: currents.length,
    currentsStored: currents.filter(({ id }) => matchOf.has(id)).length,
    currentsRightMatch:
      currents.filter(({ id, triggerProperties }) =>
        matchOf.get(id) === Number(triggerProperties.match_id)
      ).length,
    webhookTrue: delivered.filter(({ kind }) => kind === "webhook").length,
    webhookStored: rows.filter(({ channel }) => channel === "webhook").length,
    stored: rows.length,
  };
}

Deno.test("every event of both channels is stored exactly once, although they arrive duplicated, late and out of order", () =>
  withSuite({
    fixtures: THREE_AT_ONCE,
    sandbox: {
      users: { count: 600 },
      switches: {
        currents: { duplicateProbability: 0.3, delaySecondsMax: 3_600 },
        webhook: { enabled: true, duplicateProbability: 0.3, delaySecondsMax: 3_600 },
      },
    },
  }, async (stack) => {
    await schedule(stack);
    await stack.advanceTo(EVENING);
    const found = await compare(stack);
    ok(found.currentsTrue > 100 && found.webhookTrue > 100, JSON.stringify(found));
    deepStrictEqual(
      [found.currentsStored, found.currentsRightMatch, found.webhookStored, found.dropped],
      [found.currentsTrue, found.currentsTrue, found.webhookTrue, 0],
    );
    strictEqual(found.stored, found.currentsTrue + found.webhookTrue);
    for (const { id } of THREE_AT_ONCE) {
      const { status, sent_evidence } = await ledgerOf(stack, id);
      deepStrictEqual([status, sent_evidence], ["sent", "push"]);
    }
  }));

Deno.test("while the database is down the webhook answers 503, and Braze's retries deliver every event", () =>
  withSuite({
    fixtures: THREE_AT_ONCE,
    sandbox: { users: { count: 300 }, switches: { webhook: { enabled: true } } },
  }, async (stack) => {
    await schedule(stack);
    // Of this database only: the server is shared with other tests.
    const [{ name } = { name: "" }] = await stack.sql<{ name: string }[]>`
      select current_database() as name`;
    await stack.sql`revoke connect on database ${stack.sql(name)} from public`;
    await stack.sql`
      select pg_terminate_backend(pid) from pg_stat_activity
      where usename = 'authenticator' and datname = current_database()`;
    await stack.advanceTo(new Date("2024-12-07T14:06:00Z"));
    const { status, body } = await postEvents(stack, { events: [{ event_type: "users.x" }] });
    deepStrictEqual([status, typeof body.code], [503, "string"]);
    const [during] = await stack.sql`select count(*)::int as count from public.notification_sends`;
    strictEqual(during?.count, 0);

    await stack.sql`grant connect on database ${stack.sql(name)} to public`;
    await stack.advanceTo(EVENING);
    const found = await compare(stack);
    ok(found.currentsTrue > 50, JSON.stringify(found));
    deepStrictEqual(
      [found.currentsStored, found.webhookStored, found.dropped],
      [found.currentsTrue, found.webhookTrue, 0],
    );
  }));

Deno.test("unreadable events are kept as rejects, the others are stored, and the counts add up", () =>
  withSuite({ fixtures: THREE_AT_ONCE, sandbox: { users: { count: 20 } } }, async (stack) => {
    const good = {
      event_type: "users.messages.pushnotification.Send",
      id: "good",
      time: Date.parse("2024-12-07T06:00:00Z") / 1_000,
      user: { external_user_id: "user-1" },
      properties: { campaign_id: stack.ready.campaign_id },
    };
    const { status, body } = await postEvents(stack, {
      events: [
        good,
        { ...good, id: "nul", user: { external_user_id: "a\u0000b" } },
        { ...good, id: "surrogate", user: { external_user_id: "\ud800" } },
        { ...good, id: "long ago", time: Date.parse("2003-01-01T00:00:00Z") / 1_000 },
        { ...good, id: "no time", time: null },
        "not an event",
        good,
      ],
    });
    const { run_id: runId, ...tally } = body;
    ok(runId);
    deepStrictEqual([status, tally], [200, {
      received: 7,
      recorded: 1,
      duplicates: 1,
      rejected: 5,
      high: 0,
      medium: 0,
      low: 0,
      unattributed: 1,
    }]);
    const kept = await stack.sql<{ reason: string }[]>`
      select reason from public.webhook_rejects order by reason`;
    strictEqual(kept.length, 5, JSON.stringify(kept));
  }));

Deno.test("a whole body that is not JSON is kept to the byte and answered 200; a probe is answered 200", () =>
  withSuite({ sandbox: { users: { count: 20 } } }, async (stack) => {
    const bytes = new Uint8Array([0x7b, 0x00, 0xff, 0xfe]);
    const answers = [];
    for (const body of [bytes, "", '{"events":[]}']) {
      const response = await fetch(`${stack.ready.functions_url}/braze-webhook`, {
        method: "POST",
        headers: { authorization: `Bearer ${stack.ready.webhook_secret}` },
        body,
      });
      const { received, rejected } = await response.json();
      answers.push([response.status, received, rejected]);
    }
    deepStrictEqual(answers, [[200, 1, 1], [200, 0, 0], [200, 0, 0]]);
    const [kept] = await stack.sql<{ body: Uint8Array }[]>`select body from public.webhook_rejects`;
    deepStrictEqual([...kept!.body], [...bytes]);
  }));
