/** Alerts on the events themselves: raised once, counted up when seen again, resolved when their cause is gone. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import {
  connect,
  type Dependencies,
} from "../../supabase/functions/_shared/function/dependencies.ts";
import { recount } from "../../supabase/functions/_shared/function/recount.ts";
import { watchQuality } from "../../supabase/functions/braze-reconcile/watch_quality.ts";
import type { Stack } from "../../local/stack/stack.ts";
import { currentsBody } from "../../local/braze_sandbox/currents.ts";
import { postEvents, schedule, THREE_AT_ONCE, withSuite } from "../support/suite.ts";

/** The dependencies of braze-reconcile. */
function watcher(stack: Stack): Dependencies {
  return connect({
    env: (name) => stack.functionEnv[name],
    clock: stack.timeline,
    fetch: stack.timeline.fetch,
    waitUntil: () => {},
    write: () => {},
  }, "braze-reconcile");
}

async function standing({ sql }: Stack, rule: string): Promise<string[]> {
  const rows = await sql<{ occurrences: number; is_open: boolean }[]>`
    select occurrences, resolved_at is null as is_open from public.alerts where rule = ${rule} order by id`;
  return rows.map(({ occurrences, is_open }) => `${is_open ? "open" : "over"} ${occurrences}`);
}

const noticesOf = ({ alerts }: Stack, rule: string) =>
  alerts.messages.filter(({ text }) => text.includes(`\n${rule} · `))
    .map(({ text }) => /^\S+ ([^:]+):/.exec(text)?.[1]);

const later = (stack: Stack, minutes: number) =>
  stack.advanceTo(new Date(stack.timeline.now().getTime() + minutes * 60_000));

Deno.test("unattributed_share is raised once, counted up when seen again, and resolved two hours after the last bad push", () =>
  withSuite({ sandbox: { users: { count: 20 } } }, async (stack) => {
    const dependencies = watcher(stack);
    const events = Array.from({ length: 100 }, (_, index) => ({
      event_type: "users.messages.pushnotification.Send",
      id: `event-${index}`,
      time: Math.floor(stack.timeline.now().getTime() / 1_000),
      user: { external_user_id: `user-${index}` },
      properties: { campaign_id: stack.ready.campaign_id },
    }));
    strictEqual((await postEvents(stack, { events: events.slice(1) })).body.unattributed, 99);
    deepStrictEqual(await watchQuality(dependencies), { raised: 0, resolved: 0 });
    await postEvents(stack, { events });
    deepStrictEqual(await watchQuality(dependencies), { raised: 1, resolved: 0 });
    deepStrictEqual(await watchQuality(dependencies), { raised: 0, resolved: 0 });
    deepStrictEqual(await standing(stack, "unattributed_share"), ["open 2"]);
    await schedule(stack);

    await later(stack, 121);
    deepStrictEqual(await watchQuality(dependencies), { raised: 0, resolved: 1 });
    deepStrictEqual(await standing(stack, "unattributed_share"), ["over 2"]);
    await schedule(stack);
    deepStrictEqual(noticesOf(stack, "unattributed_share"), ["Warning", "Resolved"]);
  }));

Deno.test("missing_webhooks is raised for the match whose events never came, and resolved when they are imported", () =>
  withSuite({
    fixtures: THREE_AT_ONCE,
    sandbox: {
      users: { count: 600 },
      switches: { abortProbability: 0, openProbability: 0, currents: { lossProbability: 0.5 } },
    },
  }, async (stack) => {
    const dependencies = watcher(stack);
    await schedule(stack);
    await stack.advanceTo(new Date("2024-12-07T15:30:00Z"));
    // What braze-reconcile reads from Braze's statistics of each send.
    const sent = stack.sandbox.model.groundTruth.entries.filter(({ type }) =>
      type === "users.messages.pushnotification.Send"
    );
    const sentOf = (matchId: number) =>
      sent.filter(({ triggerProperties }) => triggerProperties.match_id === String(matchId));
    for (const { id } of THREE_AT_ONCE) {
      await stack.sql`
        update public.schedule_ledger set braze_reported_count = ${
        sentOf(id).length
      } where match_id = ${id}`;
    }
    await recount(dependencies, () => true);
    deepStrictEqual(await watchQuality(dependencies), { raised: 3, resolved: 0 });
    deepStrictEqual(await watchQuality(dependencies), { raised: 0, resolved: 0 });
    deepStrictEqual(await standing(stack, "missing_webhooks"), ["open 2", "open 2", "open 2"]);
    await schedule(stack);
    const [message] = stack.alerts.messages;
    const [, all, come] =
      /Braze counts (\d+) pushes, events arrived for (\d+)/.exec(message?.text ?? "") ?? [];
    ok(Number(come) < Number(all), message?.text ?? "no alert was sent");
    match(message?.text ?? "", /import-events/);

    await postEvents(stack, JSON.parse(currentsBody(sentOf(1002), stack.sandbox.model.campaign)));
    await recount(dependencies, () => true);
    deepStrictEqual(await watchQuality(dependencies), { raised: 0, resolved: 1 });
    const [row] = await stack.sql`
      select match_id::int from public.alerts where rule = 'missing_webhooks' and resolved_at is not null`;
    strictEqual(row?.match_id, 1002);
    // The rest is missing still, days later.
    await later(stack, 3 * 24 * 60);
    deepStrictEqual(await watchQuality(dependencies), { raised: 0, resolved: 0 });
  }));
