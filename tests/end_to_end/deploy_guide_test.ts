/** docs/deploy.md: its queries run, its calls get the documented answers, and it lists every variable. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { Stack } from "../../local/stack/stack.ts";
import { addFixture, call, CLOCK, THREE_AT_ONCE } from "../support/suite.ts";
import { withStack } from "../support/database.ts";
import { readText } from "../support/sources.ts";

const GUIDE = await readText("docs/deploy.md");
const QUERIES = [...GUIDE.matchAll(/`(select [^`]+)`/g)].map(([, query = ""]) => query);

async function post(stack: Stack, name: string, headers: Record<string, string>, body?: string) {
  const url = `${stack.ready.functions_url}/${name}`;
  const response = await fetch(url, { method: "POST", headers, ...(body ? { body } : {}) });
  return { status: response.status, ...await response.json() };
}

Deno.test("the guide's queries run, and return what it documents for a healthy suite", () =>
  withStack({ clock: CLOCK }, async (stack) => {
    const { sql } = stack;
    await addFixture(stack, THREE_AT_ONCE[0]!);
    await stack.advanceTo(new Date(CLOCK.getTime() + 16 * 60_000));

    ok(QUERIES.length >= 6, `${QUERIES.length} queries`);
    const answers = new Map<string, readonly Record<string, unknown>[]>();
    // Pausing is last in the guide, too.
    for (const query of QUERIES) answers.set(query, await sql.unsafe(query));
    const answerTo = (part: string) =>
      [...answers].find(([query]) => query.includes(part))?.[1] ?? [];

    strictEqual(answerTo("from pg_extension").length, 4);
    const jobs =
      (await readText("docs/runbook.md")).match(/^\| [a-z-]+ \| (?:every|at|\d\d:\d\d) /gm) ??
        [];
    strictEqual(answerTo("from cron.job order").length, jobs.length);
    deepStrictEqual(
      new Set(answerTo("from cron.job order").map(({ active }) => active)),
      new Set([true]),
    );
    const last = answerTo("from job_runs")[0];
    deepStrictEqual([last?.caller, last?.outcome], ["cron", "succeeded"]);
    for (const answer of answerTo("net._http_response")) {
      deepStrictEqual({ ...answer }, { status_code: 202, error_msg: null });
    }
    strictEqual(answerTo("from schedule_ledger")[0]?.status, "pending");
    const running = await sql<{ jobname: string }[]>`
      select jobname from cron.job where active and command like '%invoke_function%'`;
    deepStrictEqual([...running], [], "the guide's last query is the pause");
  }));

Deno.test("the guide's calls get the documented answers", () =>
  withStack({ clock: CLOCK }, async (stack) => {
    const { rest_url, secret_key, publishable_key, webhook_secret } = stack.ready;
    const ledger = async (apikey: string) =>
      await (await fetch(`${rest_url}/schedule_ledger?limit=1`, { headers: { apikey } })).json();
    deepStrictEqual(await ledger(secret_key), []);
    strictEqual((await ledger(publishable_key)).code, "42501");

    const unauthenticated = await post(stack, "braze-scheduler", {});
    deepStrictEqual([unauthenticated.status, unauthenticated.code], [401, "no_credential"]);
    const webhook = { "x-webhook-secret": webhook_secret };
    const delivered = await post(stack, "braze-webhook", webhook, '{"events": []}');
    deepStrictEqual([delivered.status, delivered.received], [200, 0]);

    await addFixture(stack, THREE_AT_ONCE[0]!);
    const { status, body } = await call(stack, "braze-scheduler", { dry_run: true });
    deepStrictEqual([status, body.outcome], [200, "succeeded"]);
    ok(JSON.stringify(body).includes("create"), JSON.stringify(body));
  }));

Deno.test("the guide lists every variable that the functions read, and no other", async () => {
  const source = await readText("supabase/functions/_shared/runtime/config.ts");
  const read = [...source.matchAll(/^ {2}([A-Z][A-Z_]+): (?:required|optional)\(/gm)];
  const table = GUIDE.slice(
    GUIDE.indexOf("## Settings of the functions"),
    GUIDE.indexOf("## Upgrade"),
  );
  const listed = [...table.matchAll(/^\| `([A-Z_]+)` \| ([^|]+) \| ([^|]+) \|/gm)];
  ok(read.length > 20, "there are variables");
  deepStrictEqual(
    listed.map(([, name]) => name).sort(),
    read.map(([, name]) => name).sort(),
  );
  for (const [, name = "", unit = ""] of listed) ok(unit.trim().length > 1, `${name} has a unit`);
});
