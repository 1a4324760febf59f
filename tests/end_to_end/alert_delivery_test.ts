/** Each alert reaches the chat once and in time, even when the chat or the function fails midway. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { createHandler } from "../../supabase/functions/braze-scheduler/handler.ts";
import type { Stack } from "../../local/stack/stack.ts";
import { killable } from "../support/killable_function.ts";
import { addFixture, call, schedule, withSuite } from "../support/suite.ts";

const SMALL = { sandbox: { users: { count: 20 } } } as const;
const START = new Date("2024-12-07T06:00:00Z");

/** Adds `count` fixtures with unknown teams: each raises one alert. */
async function addUnknownTeams(stack: Stack, count: number, from = 0): Promise<void> {
  for (let index = from; index < from + count; index++) {
    const home = `Unknown team ${index}`;
    await addFixture(stack, {
      id: 2001 + index,
      home,
      away: "Known",
      kickoffAt: "2024-12-09T15:00:00Z",
    });
    await stack.sql`delete from public.teams where name = ${home}`;
  }
}

const minutesPass = (stack: Stack, minutes: number) =>
  stack.advanceTo(new Date(stack.timeline.now().getTime() + minutes * 60_000));

async function alerts({ sql }: Stack) {
  const rows = await sql`
    select delivered_at is not null as delivered, delivered_as, delivery_attempts as attempts, delivery_error as error
    from public.alerts order by id`;
  return rows.map((row) => ({ ...row }));
}

/** A chat on its own port whose answers the test defines. */
async function withChat(
  answer: (post: number) => Response,
  test: (url: string, texts: string[]) => Promise<void>,
): Promise<void> {
  const texts: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    texts.push((await request.json()).text);
    return answer(texts.length);
  });
  try {
    await test(`http://127.0.0.1:${server.addr.port}/services/T0/B0/secret`, texts);
  } finally {
    await server.shutdown();
  }
}

Deno.test("an alert is in the chat before the run that raised it ends, and only once", () =>
  withSuite(SMALL, async (stack) => {
    await addUnknownTeams(stack, 1);
    await schedule(stack);
    const [message, ...more] = stack.alerts.messages;
    deepStrictEqual(more, []);
    strictEqual(message?.audience, "admin");
    match(message.text, /Team "Unknown team 0" has no row in teams/);
    for (let run = 0; run < 3; run++) {
      await minutesPass(stack, 15);
      await schedule(stack);
    }
    strictEqual(stack.alerts.messages.length, 1);
    const listed = await (await fetch(`${stack.ready.control_url}/alerts`)).json();
    strictEqual(listed.messages[0].text, message.text);
  }));

Deno.test("five alerts are five messages, one a second; six are one digest", () =>
  withSuite(SMALL, async (stack) => {
    await addUnknownTeams(stack, 5);
    await schedule(stack);
    const times = stack.alerts.messages.map(({ at }) => at.getTime());
    strictEqual(times.length, 5);
    for (let index = 1; index < times.length; index++) {
      ok(times[index]! - times[index - 1]! >= 1_000, times.join(" "));
    }
    await addUnknownTeams(stack, 6, 5);
    await minutesPass(stack, 15);
    await schedule(stack);
    strictEqual(stack.alerts.messages.length, 6);
    match(stack.alerts.messages[5]?.text ?? "", /^6 alerts\n/);

    // Their audiences grow, all at once.
    await stack.sql`update private.settings set remakes_max = 1000, remake_share_max = 1`;
    await stack.sql`
      insert into public.teams (name, braze_attribute_value)
      select home_team, home_team from public.matches`;
    await minutesPass(stack, 15);
    await schedule(stack);
    strictEqual(stack.alerts.messages.length, 7);
    match(stack.alerts.messages[6]?.text ?? "", /^11 resolved or over\n/);
  }));

Deno.test("a dry run sends no notice", () =>
  withSuite(SMALL, async (stack) => {
    await stack.sql`
      insert into public.alerts (fingerprint, rule, kind, severity, audience, title, first_seen_at, last_seen_at)
      values ('x', 'x', 'condition', 'warning', 'admin', 'X', ${START}, ${START})`;
    await call(stack, "braze-scheduler", { dry_run: true });
    strictEqual(stack.alerts.messages.length, 0);
    await call(stack, "braze-scheduler");
    strictEqual(stack.alerts.messages.length, 1);
  }));

Deno.test("a rate-limited chat is retried after the time it names, and the run succeeds", () =>
  withChat(
    (post) =>
      post === 1
        ? new Response("rate_limited", { status: 429, headers: { "retry-after": "1200" } })
        : new Response("ok"),
    (url, texts) =>
      withSuite(
        { ...SMALL, env: { ALERT_WEBHOOK_URL: url, ALERT_WEBHOOK_URL_ENGINEERING: url } },
        async (stack) => {
          await addUnknownTeams(stack, 2);
          strictEqual((await schedule(stack)).outcome, "succeeded");
          deepStrictEqual(await alerts(stack), [
            {
              delivered: false,
              delivered_as: null,
              attempts: 1,
              error: "the webhook answered 429 rate_limited",
            },
            { delivered: false, delivered_as: null, attempts: 0, error: null },
          ]);
          await minutesPass(stack, 15);
          await schedule(stack);
          strictEqual(texts.length, 1);
          await minutesPass(stack, 6);
          await schedule(stack);
          strictEqual(texts.length, 3);
          deepStrictEqual(
            (await alerts(stack)).map((
              { delivered, attempts, error },
            ) => [delivered, attempts, error]),
            [
              [true, 0, null],
              [true, 0, null],
            ],
          );
        },
      ),
  ));

Deno.test("a message that the chat refuses is tried in a bare form, and costs no other message", () =>
  withChat(
    (post) => post <= 2 ? new Response("invalid_payload", { status: 400 }) : new Response("ok"),
    (url, texts) =>
      withSuite(
        { ...SMALL, env: { ALERT_WEBHOOK_URL: url, ALERT_WEBHOOK_URL_ENGINEERING: url } },
        async (stack) => {
          await addUnknownTeams(stack, 3);
          strictEqual((await schedule(stack)).outcome, "succeeded");
          deepStrictEqual((await alerts(stack)).map(({ attempts, error }) => [attempts, error]), [
            [1, "the webhook answered 400 invalid_payload"],
            [0, null],
            [0, null],
          ]);
          strictEqual(texts.length, 4);
          await minutesPass(stack, 15);
          await schedule(stack);
          strictEqual(texts.length, 5);
          ok((await alerts(stack)).every(({ delivered }) => delivered));
        },
      ),
  ));

Deno.test("a digest that the chat refuses goes out as single messages", () =>
  withChat(
    (post) => post === 1 ? new Response("too_long", { status: 413 }) : new Response("ok"),
    (url, texts) =>
      withSuite(
        { ...SMALL, env: { ALERT_WEBHOOK_URL: url, ALERT_WEBHOOK_URL_ENGINEERING: url } },
        async (stack) => {
          await addUnknownTeams(stack, 6);
          await schedule(stack);
          strictEqual(texts.length, 7);
          ok((await alerts(stack)).every(({ delivered, error }) => delivered && error === null));
        },
      ),
  ));

Deno.test("a sign-in page with status 200 is not taken for a delivery", () =>
  withChat(
    (post) => post <= 2 ? new Response("<html>Sign in</html>") : new Response("ok"),
    (url) =>
      withSuite(
        { ...SMALL, env: { ALERT_WEBHOOK_URL: url, ALERT_WEBHOOK_URL_ENGINEERING: url } },
        async (stack) => {
          await addUnknownTeams(stack, 1);
          await schedule(stack);
          deepStrictEqual((await alerts(stack)).map(({ delivered }) => delivered), [false]);
          await minutesPass(stack, 15);
          await schedule(stack);
          deepStrictEqual((await alerts(stack)).map(({ delivered }) => delivered), [true]);
        },
      ),
  ));

Deno.test("an unreachable chat fails no run and is retried, and its address is in no log", () => {
  const logged: string[] = [];
  const url = "http://127.0.0.1:9/services/T0/B0/never-written";
  return withSuite({
    ...SMALL,
    env: { ALERT_WEBHOOK_URL: url, ALERT_WEBHOOK_URL_ENGINEERING: url },
    onLog: (_name, line) => logged.push(line),
  }, async (stack) => {
    await addUnknownTeams(stack, 1);
    for (let run = 1; run <= 3; run++) {
      strictEqual((await schedule(stack)).outcome, "succeeded");
      const [alert] = await alerts(stack);
      deepStrictEqual([alert?.delivered, alert?.attempts], [false, run]);
      await minutesPass(stack, 15);
    }
    const everything = JSON.stringify([
      logged,
      await stack.sql`select * from public.alerts`,
      await stack.sql`select * from public.job_runs`,
    ]);
    ok(everything.includes("alert_delivery_failed"));
    ok(!everything.includes("never-written"), everything);
  });
});

Deno.test("without a chat each alert is logged once", () => {
  const logged: Record<string, unknown>[] = [];
  return withSuite({
    ...SMALL,
    env: { ALERT_WEBHOOK_URL: "", ALERT_WEBHOOK_URL_ENGINEERING: "" },
    onLog: (_name, line) => logged.push(JSON.parse(line)),
  }, async (stack) => {
    await addUnknownTeams(stack, 7);
    await schedule(stack);
    await schedule(stack);
    const lines = logged.filter(({ event }) => event === "alert");
    strictEqual(lines.length, 7);
    deepStrictEqual([lines[0]?.rule, lines[0]?.kind], ["unknown_team", "raised"]);
    deepStrictEqual(
      new Set((await alerts(stack)).map(({ delivered_as }) => delivered_as)),
      new Set(["log"]),
    );
  });
});

const MESSAGES = 2;

Deno.test("a function killed after any call loses no message and repeats at most one", () =>
  withSuite(SMALL, async (stack) => {
    await addUnknownTeams(stack, MESSAGES);
    const request = () =>
      new Request(`${stack.ready.functions_url}/braze-scheduler`, {
        method: "POST",
        headers: { apikey: stack.ready.secret_key },
      });
    const counts: number[] = [];
    for (let deadly = 1, survived = false; !survived; deadly++) {
      ok(deadly < 40, "a run makes fewer calls than that");
      await stack.sql`delete from public.alerts`;
      const before = stack.alerts.messages.length;
      const mortal = killable(stack, "braze-scheduler", createHandler, deadly);
      survived = await Promise.race([
        mortal.handle(request()).then(() => true),
        mortal.died.then(() => false),
      ]);
      // Until the lease and the claim of the killed run have expired.
      await minutesPass(stack, 15);
      await schedule(stack);
      const texts = stack.alerts.messages.slice(before).map(({ text }) => text.split("\n")[0]);
      const distinct = new Set(texts);
      strictEqual(distinct.size, MESSAGES, `lost at call ${deadly}: ${texts.join("\n")}`);
      counts.push(texts.length);
      ok(texts.length <= MESSAGES + 1, `more than one message repeated at call ${deadly}`);
      ok((await alerts(stack)).every((alert) => alert.delivered));
    }
    // The test reached the moment between the chat's answer and our record.
    strictEqual(counts.includes(MESSAGES + 1), true, counts.join(" "));
    strictEqual(counts.at(-1), MESSAGES);
  }));

Deno.test("two functions that end at the same time send each alert once", () =>
  withSuite(SMALL, async (stack) => {
    await stack.sql`
      insert into public.alerts (fingerprint, rule, kind, severity, audience, title, first_seen_at, last_seen_at)
      select 'x' || n, 'x', 'condition', 'warning', 'admin', 'X' || n, ${START}, ${START} from generate_series(1, 4) as n`;
    await Promise.all([1, 2, 3].map(() => {
      const one = killable(stack, "braze-scheduler", createHandler, 0);
      return one.handle(
        new Request(`${stack.ready.functions_url}/braze-scheduler`, {
          method: "POST",
          headers: { apikey: stack.ready.secret_key },
          body: '{"match_ids": [1]}',
        }),
      );
    }));
    await call(stack, "braze-scheduler");
    deepStrictEqual(
      stack.alerts.messages.map(({ text }) => /X\d/.exec(text)?.[0]).sort(),
      ["X1", "X2", "X3", "X4"],
    );
  }));
