/** `deno task status`: the verdicts of a simulated matchday, and the exit codes that scripts read. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import type { Stack } from "../../local/stack/stack.ts";
import { describe } from "../../local/status/describe.ts";
import { readStatus } from "../../local/status/read_status.ts";
import { command, type Ended } from "../support/command.ts";
import { addFixture, CLOCK, schedule, THREE_AT_ONCE, withSuite } from "../support/suite.ts";

const DAY = "2024-12-07";
const USERS = { users: { count: 300 } };

function variables({ ready }: Stack): Record<string, string> {
  return {
    SUPABASE_URL: ready.api_url,
    SUPABASE_SECRET_KEYS: JSON.stringify({ default: ready.secret_key }),
  };
}

function status(stack: Stack, ...args: string[]): Promise<Ended> {
  return command("local/tasks/status.ts", args, variables(stack));
}

/** By the clock of the stack, which the command knows of a stack of `task start` alone. */
async function shown(stack: Stack, now: Date): Promise<string> {
  const target = {
    env: (name: string) => variables(stack)[name],
    suiteNow: () => Promise.resolve(now),
    cronSince: () => Promise.resolve(now),
  };
  const found = await readStatus(target, DAY, now);
  return describe(found, { date: DAY, now, colours: false, width: Infinity });
}

Deno.test("status shows the verdicts of day_verdicts() before, during and after a matchday", () =>
  withSuite({ fixtures: THREE_AT_ONCE, sandbox: USERS }, async (stack) => {
    const early = await status(stack, "--date", DAY);
    strictEqual(early.code, 0, early.stderr);
    match(early.stdout, /1001 +Manchester City – Liverpool +15:00 +14:00 +\w+/);
    match(early.stdout, /No open alerts/);

    await schedule(stack);
    const scheduled = await shown(stack, CLOCK);
    match(scheduled, /^2024-12-07: 3 matches: 3 scheduled$/m);
    match(scheduled, /1002 +Arsenal – Chelsea +15:00 +14:00 +scheduled +0\/.* Braze has its/);

    const after = new Date("2024-12-07T14:20:00Z");
    await stack.advanceTo(after);
    await stack.sql`select public.recount_match(id, ${after}) from public.schedule_ledger`;
    const table = await shown(stack, after);
    match(table, /^2024-12-07: 3 matches: 3 went out$/m);
    match(
      table,
      /1002 +Arsenal – Chelsea .*went out +[1-9]\d*\/.* users got it/,
    );

    const { stdout } = await status(stack, "--date", DAY, "--json");
    const { date, matches } = JSON.parse(stdout);
    const [row] = await stack.sql`
      select public.day_verdicts(${DAY}, '2024-12-08', ${after}) as told`;
    strictEqual(date, DAY);
    const parts = (told: { match_id: number; why: string; to_everyone: unknown }[]) =>
      told.map(({ match_id, why, to_everyone }) => [match_id, why, to_everyone]);
    deepStrictEqual(parts(matches), parts(row?.told));
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
    match(elsewhere.stdout, /2024-12-08: no match/);
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
      [
        [],
        { SUPABASE_URL: "" },
        /got: SUPABASE_URL is missing; it comes from the environment, --local or --env-file/,
      ],
      [[], { SUPABASE_URL: "http://127.0.0.1:9", ...keys }, /must answer, got nothing/],
      [
        [],
        { SUPABASE_URL: "http://127.0.0.1:9" },
        /SUPABASE_SECRET_KEYS or SUPABASE_SERVICE_ROLE_KEY must be set/,
      ],
      [["--date", "matchday"], {}, /--date must be a day like 2024-12-07, got "matchday"/],
      [["--local", "--data", "/nowhere"], {}, /^Cannot find a running stack/],
      [["--env-file", "/nowhere"], {}, /^Cannot read \/nowhere/],
      [["--colour"], {}, /^Cannot read the arguments/],
    ] as const
  ) {
    const { code, stderr } = await at([...args], env);
    strictEqual(code, 2, stderr);
    match(stderr, says);
    strictEqual(stderr.includes("sb_secret"), false);
  }
});
