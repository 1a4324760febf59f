/** `deno task import-events` as a process of its own, against the stack. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { Stack } from "../../local/stack/stack.ts";
import { withSuite } from "../support/suite.ts";

const IMPORT = fileURLToPath(new URL("../../local/tasks/import_events.ts", import.meta.url));
const SMALL = { sandbox: { users: { count: 20 } } } as const;

function start({ ready }: Stack, file: string, env: Record<string, string> = {}) {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", IMPORT, file],
    env: {
      IMPORT_FUNCTIONS_URL: ready.functions_url,
      IMPORT_WEBHOOK_SECRET: ready.webhook_secret,
      ...env,
    },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const text = (stream: ReadableStream<Uint8Array>) => new Response(stream).text();
  const ended = Promise.all([child.status, text(child.stdout), text(child.stderr)]).then(
    ([{ code }, stdout, stderr]) => ({ code, stdout: stdout.trim(), stderr: stderr.trim() }),
  );
  return { kill: () => child.kill("SIGKILL"), ended };
}

function lines({ ready }: Stack, count: number): string[] {
  const time = Date.parse("2024-12-07T05:00:00Z") / 1_000;
  return Array.from({ length: count }, (_, index) =>
    JSON.stringify({
      event_type: "users.messages.pushnotification.Send",
      id: `exported-${index}`,
      time: time + index % 600,
      user: { external_user_id: `user-${index}` },
      properties: { campaign_id: ready.campaign_id, dispatch_id: "exported" },
    }));
}

async function withFile(
  content: string | Uint8Array,
  test: (path: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/events.jsonl`;
  try {
    await (typeof content === "string"
      ? Deno.writeTextFile(path, content)
      : Deno.writeFile(path, content));
    await test(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function stored({ sql }: Stack) {
  const [row] = await sql`
    select count(*)::int as rows, count(distinct event_id)::int as events from public.notification_sends`;
  return { ...row };
}

for (
  const [what, count, pack] of [
    ["plain", 20_000, (text: string) => text],
    ["packed", 5_000, (text: string) => gzipSync(text)],
  ] as const
) {
  Deno.test(`a ${what} file of ${count} events whose import is killed half-way and restarted is stored once`, () =>
    withSuite(SMALL, (stack) =>
      withFile(pack(lines(stack, count).join("\n")), async (path) => {
        const first = start(stack, path);
        for (let rows = 0; rows < count / 2;) {
          await new Promise((resolve) => setTimeout(resolve, 50));
          rows = Number((await stored(stack)).rows);
        }
        first.kill();
        await first.ended;
        const halfWay = await stored(stack);
        ok(Number(halfWay.rows) < count, JSON.stringify(halfWay));

        const second = await start(stack, path).ended;
        deepStrictEqual(await stored(stack), { rows: count, events: count });
        strictEqual(second.code, 0, second.stderr);
        match(second.stderr, /^Continuing after [\d,]+ lines/);
        match(
          second.stdout,
          /^[\d,]+ lines: [\d,]+ events recorded, \d+ duplicates, 0 rejected$/,
        );

        const third = await start(stack, path).ended;
        deepStrictEqual([third.code, third.stdout], [0, second.stdout]);
        deepStrictEqual(await stored(stack), { rows: count, events: count });
      })));
}

Deno.test("bad lines become rejects, one each, and the import reports them", () =>
  withSuite(SMALL, (stack) => {
    const [one = "", two = "", three = ""] = lines(stack, 3);
    const content = [one, "half a line {", two, '{"event_type":"users.x"}', "", "[1,2]", three]
      .join("\n");
    return withFile(content, async (path) => {
      const { code, stdout, stderr } = await start(stack, path).ended;
      strictEqual(code, 3, stderr);
      strictEqual(stdout, "6 lines: 3 events recorded, 0 duplicates, 3 rejected");
      match(stderr, /webhook_rejects/);
      const kept = await stack.sql<{ body: string }[]>`
        select convert_from(body, 'UTF8') as body from public.webhook_rejects`;
      deepStrictEqual(kept.map(({ body }) => body).sort(), [
        "[1,2]",
        "half a line {",
        '{"event_type":"users.x"}',
      ]);
    });
  }));

Deno.test("the import waits while the database is down, and then continues by itself", () =>
  withSuite(SMALL, (stack) =>
    withFile(lines(stack, 300).join("\n"), async (path) => {
      const [{ name } = { name: "" }] = await stack.sql<
        { name: string }[]
      >`select current_database() as name`;
      await stack.sql`revoke connect on database ${stack.sql(name)} from public`;
      await stack.sql`
        select pg_terminate_backend(pid) from pg_stat_activity
        where usename = 'authenticator' and datname = current_database()`;
      const importing = start(stack, path);
      await new Promise((resolve) => setTimeout(resolve, 3_000));
      await stack.sql`grant connect on database ${stack.sql(name)} to public`;
      const { code, stderr } = await importing.ended;
      strictEqual(code, 0, stderr);
      match(stderr, /Waiting [\d.]+ s: status 503/);
      deepStrictEqual(await stored(stack), { rows: 300, events: 300 });
    })));

Deno.test("the import refuses a file of another kind and a wrong secret, without a stack trace", () =>
  withSuite(SMALL, async (stack) => {
    await withFile("id,event_type\n1,send\n", async (path) => {
      const { code, stderr } = await start(stack, path).ended;
      strictEqual(code, 1);
      match(stderr, /^Cannot import .*: it must hold one JSON object, .*, got id,event_type$/);
    });
    await withFile(lines(stack, 1).join("\n"), async (path) => {
      const { code, stderr } = await start(stack, path, { IMPORT_WEBHOOK_SECRET: "x".repeat(40) })
        .ended;
      strictEqual(code, 1);
      match(stderr, /^Cannot import: IMPORT_WEBHOOK_SECRET must be one of BRAZE_WEBHOOK_SECRETS/);
      ok(!stderr.includes("x".repeat(40)));
    });
    deepStrictEqual(await stored(stack), { rows: 0, events: 0 });
  }));
