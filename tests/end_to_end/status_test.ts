/** `deno task status`: the numbers of a simulated matchday, and the exit codes that scripts read. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import type { Stack } from "../../local/stack/stack.ts";
import { command, type Ended } from "../support/command.ts";
import { addFixture, CLOCK, schedule, THREE_AT_ONCE, withSuite } from "../support/suite.ts";

const DAY = "2024-12-07";
const USERS = { users: { count: 300 } };

function status(stack: Stack, ...args: string[]): Promise<Ended> {
  return command("local/tasks/status.ts", args, {
    SUPABASE_URL: stack.ready.api_url,
    SUPABASE_SECRET_KEYS: JSON.stringify({ default: stack.ready.secret_key }),
  });
}

Deno.test("status shows the figures of matchday_summary() before, during and after a matchday", () =>
  withSuite({ fixtures: THREE_AT_ONCE, sandbox: USERS }, async (stack) => {
    const early = await status(stack, "--date", DAY);
    strictEqual(early.code, 0, early.stderr);
    match(early.stdout, /1001 Manchester City – Liverpool +│ +15:00 │ +– │ not scheduled/);
    match(early.stdout, /No open alerts/);

    await schedule(stack);
    const scheduled = await status(stack, "--date", DAY);
    match(scheduled.stdout, /1002 Arsenal – Chelsea +│ +15:00 │ +14:00 │ pending, live/);

    await stack.advanceTo(new Date("2024-12-07T14:20:00Z"));
    await stack
      .sql`update public.schedule_ledger set braze_reported_count = 1234 where match_id = 1002`;
    const { code, stdout } = await status(stack, "--date", DAY, "--json");
    strictEqual(code, 0);
    const matchday = JSON.parse(stdout);
    strictEqual(matchday.date, DAY);
    deepStrictEqual(matchday.matches.map((it: { match_id: number }) => it.match_id), [
      1001,
      1002,
      1003,
    ]);
    for (const it of matchday.matches) {
      const [row] = await stack.sql`
        select
          count(distinct external_user_id) filter (where event_type = 'send' and channel = 'push')::int as received,
          count(*) filter (where confidence = 'high')::int as high
        from public.notification_sends where match_id = ${it.match_id}`;
      deepStrictEqual({ received: it.received, high: it.high }, { ...row });
      strictEqual(it.received > 0, true, "pushes went out");
      deepStrictEqual([it.status, it.sent_evidence, it.medium, it.low], ["sent", "push", 0, 0]);
    }
    const table = await status(stack, "--date", DAY);
    match(table.stdout, /1002 Arsenal – Chelsea .*sent \(push\).* 1,234 /);
  }));

Deno.test("status exits with 1 while an alert is open, with a match or without", () =>
  withSuite({ fixtures: THREE_AT_ONCE }, async (stack) => {
    const raise = (rule: string, matchId: number | null) =>
      stack.sql`
        insert into public.alerts (fingerprint, rule, kind, severity, audience, title, match_id, first_seen_at, last_seen_at)
        values (${rule}, ${rule}, private.kind_of_rule(${rule}), 'critical', 'admin', ${"Bad \u001b[2J news"}, ${matchId}, ${CLOCK}, ${CLOCK})`;
    await raise("double_push", 1002);
    const of = await status(stack, "--date", DAY);
    strictEqual(of.code, 1);
    match(of.stdout, /critical double_push \[1002\]: Bad {2}\[2J news \(since 2024-12-07 06:00\)/);

    await stack.sql`update public.alerts set resolved_at = now()`;
    strictEqual((await status(stack, "--date", DAY)).code, 0);

    await raise("function_stalled", null);
    const elsewhere = await status(stack, "--date", "2024-12-08");
    strictEqual(elsewhere.code, 1);
    match(elsewhere.stdout, /No match on 2024-12-08/);
    match(elsewhere.stdout, /function_stalled/);
  }));

Deno.test("status lists a match on the day of its kick-off in UTC", () =>
  withSuite({}, async (stack) => {
    await addFixture(stack, { id: 7, home: "A", away: "B", kickoffAt: "2024-12-07T23:59:59Z" });
    await addFixture(stack, { id: 8, home: "A", away: "B", kickoffAt: "2024-12-08T00:00:00Z" });
    const ids = async (date: string) =>
      JSON.parse((await status(stack, "--json", "--date", date)).stdout)
        .matches.map((it: { match_id: number }) => it.match_id);
    deepStrictEqual([await ids("2024-12-07"), await ids("2024-12-08")], [[7], [8]]);
  }));

Deno.test("status exits with 2 if it cannot read the summary, and prints the reason", async () => {
  const at = (args: string[], env = {}) => command("local/tasks/status.ts", args, env);
  const keys = { SUPABASE_SECRET_KEYS: '{"default":"sb_secret_0123456789"}' };
  for (
    const [args, env, says] of [
      [[], { SUPABASE_URL: "" }, /^Cannot choose a project: SUPABASE_URL must be set/],
      [[], { SUPABASE_URL: "http://127.0.0.1:9", ...keys }, /must answer, got nothing/],
      [[], { SUPABASE_URL: "http://127.0.0.1:9" }, /SUPABASE_SECRET_KEYS must be like/],
      [["--date", "matchday"], {}, /--date must be a day like 2024-12-07, got "matchday"/],
      [["--local", "--data", "/nowhere"], {}, /^Cannot find a running stack/],
      [["--env-file", "/nowhere"], {}, /^Cannot read \/nowhere/],
      [["--colour"], {}, /^Cannot read the arguments/],
    ] as const
  ) {
    const { code, stderr } = await at([...args], env);
    strictEqual(code, 2, stderr);
    match(stderr, says);
    strictEqual(stderr.includes("sb_secret"), says.source.includes("SECRET"));
  }
});
