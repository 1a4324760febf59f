/** The ping to the outside comes while all is well, and stays away with whatever stops. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { Stack } from "../../local/stack/stack.ts";
import { withStack } from "../support/database.ts";
import { CLOCK } from "../support/suite.ts";

const PATH = "/ping/never-written";
const minutes = (count: number) => new Date(CLOCK.getTime() + count * 60_000);

/** A stack whose cron jobs run, and the times of its pings. */
async function withPings(
  test: (stack: Stack, pings: Date[]) => Promise<void>,
  env: Record<string, string> = {},
): Promise<void> {
  const pings: Date[] = [];
  const paths: string[] = [];
  const logged: string[] = [];
  let now = () => CLOCK;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    pings.push(now());
    paths.push(new URL(request.url).pathname);
    return new Response("OK");
  });
  try {
    await withStack({
      clock: CLOCK,
      sandbox: { users: { count: 20 } },
      onLog: (_name, line) => logged.push(line),
      env: { HEARTBEAT_URL: `http://127.0.0.1:${server.addr.port}${PATH}`, ...env },
    }, async (stack) => {
      now = () => stack.timeline.now();
      await test(stack, pings);
    });
  } finally {
    await server.shutdown();
  }
  ok(paths.every((path) => path === PATH), paths.join(" "));
  ok(!logged.some((line) => line.includes("never-written")), "the address is in no log");
}

Deno.test("the ping comes every five minutes while all functions succeed, and stops within twice the period of one that does not", () =>
  withPings(async (stack, pings) => {
    await stack.advanceTo(minutes(31));
    ok(pings.length >= 6, `${pings.length} pings`);

    stack.outages.add("braze-scheduler");
    await stack.advanceTo(minutes(45));
    const before = pings.length;
    await stack.advanceTo(minutes(70));
    strictEqual(pings.length, before, "the scheduler is dead, all else runs");

    stack.outages.delete("braze-scheduler");
    await stack.advanceTo(minutes(80));
    ok(pings.length > before);
  }));

Deno.test("the ping stops with pg_cron, whatever a person calls by hand", () =>
  withPings(async (stack, pings) => {
    await stack.advanceTo(minutes(11));
    await stack.sql`update cron.job set active = false`;
    const before = pings.length;
    ok(before > 0);
    for (const name of ["braze-scheduler", "braze-preflight-check"]) {
      await fetch(`${stack.ready.functions_url}/${name}`, {
        method: "POST",
        headers: { apikey: stack.ready.secret_key },
      }).then((response) => response.body?.cancel());
    }
    await stack.advanceTo(minutes(40));
    strictEqual(pings.length, before);
  }));

Deno.test("the ping stops while an alert reaches nobody", () =>
  withPings(
    async (stack, pings) => {
      await stack.advanceTo(minutes(11));
      ok(pings.length > 0);
      await stack.sql`
        insert into public.alerts (fingerprint, rule, kind, severity, audience, title, first_seen_at, last_seen_at)
        values ('x', 'x', 'condition', 'warning', 'admin', 'X', ${minutes(11)}, ${minutes(11)})`;
      await stack.advanceTo(minutes(30));
      const before = pings.length;
      await stack.advanceTo(minutes(60));
      deepStrictEqual([pings.length], [before]);
    },
    {
      ALERT_WEBHOOK_URL: "http://127.0.0.1:9/services/x",
      ALERT_WEBHOOK_URL_ENGINEERING: "http://127.0.0.1:9/services/x",
    },
  ));
