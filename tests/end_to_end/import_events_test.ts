/** `deno task import-events` as a process of its own, against the stack. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { Stack } from "../../local/stack/stack.ts";
import { avroFile, SEND_SCHEMA } from "../support/avro.ts";
import { concat } from "../support/bodies.ts";
import { withSuite } from "../support/suite.ts";

const IMPORT = fileURLToPath(new URL("../../local/tasks/import_events.ts", import.meta.url));
const SMALL = { sandbox: { users: { count: 20 } } } as const;

function start(
  { ready }: Stack,
  path: string,
  env: Record<string, string> = {},
  options: readonly string[] = [],
) {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", IMPORT, path, ...options],
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

async function withFolder(
  files: Readonly<Record<string, string | Uint8Array>>,
  test: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, content] of Object.entries(files)) {
      const path = join(folder, name);
      await Deno.mkdir(dirname(path), { recursive: true });
      await (typeof content === "string"
        ? Deno.writeTextFile(path, content)
        : Deno.writeFile(path, content));
    }
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function withFile(
  content: string | Uint8Array,
  test: (path: string) => Promise<void>,
): Promise<void> {
  return withFolder({ "events.jsonl": content }, (folder) => test(join(folder, "events.jsonl")));
}

async function stored({ sql }: Stack) {
  const [row] = await sql`
    select count(*)::int as rows, count(distinct event_id)::int as events from public.notification_sends`;
  return { ...row };
}

for (
  const [what, count, pack] of [
    ["plain", 20_000, (text: string) => text],
    [
      "repeatedly packed",
      5_000,
      (text: string) => concat(gzipSync(text.slice(0, 400_000)), gzipSync(text.slice(400_000))),
    ],
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
      strictEqual(code, 1, stderr);
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
      strictEqual(code, 2);
      match(
        stderr,
        /^Cannot import .*: it must hold one JSON object, .*, or be Avro, got id,event_type$/,
      );
    });
    await withFile(lines(stack, 1).join("\n"), async (path) => {
      const { code, stderr } = await start(stack, path, { IMPORT_WEBHOOK_SECRET: "x".repeat(40) })
        .ended;
      strictEqual(code, 2);
      match(stderr, /^Cannot import: IMPORT_WEBHOOK_SECRET must be one of BRAZE_WEBHOOK_SECRETS/);
      ok(!stderr.includes("x".repeat(40)));
    });
    deepStrictEqual(await stored(stack), { rows: 0, events: 0 });
  }));

const TIME = Date.parse("2024-12-07T05:00:00Z") / 1_000;
const SEND = "users.messages.pushnotification.Send";
const folderOf = (kind: string) =>
  `currents/event_type=users.messages.pushnotification.${kind}/date=2024-12-07-05/9`;

/** An event as Currents writes it to storage, without its kind. */
function exported({ ready }: Stack, id: string) {
  return {
    id,
    user_id: "braze-1",
    external_user_id: `user-of-${id}`,
    app_id: "app",
    time: TIME,
    campaign_id: ready.campaign_id,
    canvas_id: null,
    send_id: null,
    dispatch_id: "exported",
    device_id: null,
    ad_tracking_enabled: null,
    message_extras: null,
  };
}

async function kinds({ sql }: Stack): Promise<Record<string, string>> {
  const rows = await sql<{ event_id: string; kind: string }[]>`
    select event_id, event_type || ' ' || channel || ' ' || external_user_id as kind
    from public.notification_sends order by event_id`;
  return Object.fromEntries(rows.map(({ event_id, kind }) => [event_id, kind]));
}

Deno.test("a folder of an export to storage is imported, each event with the kind of its folder", () =>
  withSuite(SMALL, (stack) => {
    const event = (id: string) => exported(stack, id);
    const wrapped = {
      ...event("b-1"),
      external_user_id: { string: "user-of-b-1" },
      dispatch_id: { string: "exported" },
    };
    return withFolder({
      [`${folderOf("Send")}/part-0000.avro`]: avroFile(SEND_SCHEMA, [event("a-1"), event("a-2")]),
      [`${folderOf("Send")}/part-0001.avro`]: avroFile(SEND_SCHEMA, [event("a-3")], {
        codec: "snappy",
      }),
      [`${folderOf("Bounce")}/part-0000`]: gzipSync(`${JSON.stringify(wrapped)}\n`),
      [`${folderOf("Abort")}/part-0000.json`]: JSON.stringify(event("c-1"), null, 2),
      "currents/event_type=users.behaviors.Purchase/part-0000.avro": "anything",
    }, async (folder) => {
      const first = await start(stack, folder).ended;
      strictEqual(first.code, 0, first.stderr);
      strictEqual(first.stdout, "5 lines: 5 events recorded, 0 duplicates, 0 rejected");
      match(first.stderr, /Omitting 1 files of users\.behaviors\.Purchase/);
      const expected = {
        "a-1": "send push user-of-a-1",
        "a-2": "send push user-of-a-2",
        "a-3": "send push user-of-a-3",
        "b-1": "bounce push user-of-b-1",
        "c-1": "abort push user-of-c-1",
      };
      deepStrictEqual(await kinds(stack), expected);

      // Each file has its own progress, and a further one is found.
      await Deno.writeFile(
        join(folder, folderOf("Send"), "part-0002.avro"),
        avroFile(SEND_SCHEMA, [event("a-4")]),
      );
      const second = await start(stack, folder).ended;
      strictEqual(second.code, 0, second.stderr);
      strictEqual(second.stdout, "6 lines: 6 events recorded, 0 duplicates, 0 rejected");
      deepStrictEqual(await kinds(stack), { ...expected, "a-4": "send push user-of-a-4" });
    });
  }));

Deno.test("a file whose events state no kind is refused before anything is sent, and imported with --event-type", () =>
  withSuite(SMALL, (stack) => {
    const stated = lines(stack, 200);
    const content = [...stated, JSON.stringify(exported(stack, "x"))].join("\n");
    return withFolder({ "a.jsonl": stated[0]!, "b.jsonl": content }, async (folder) => {
      const refused = await start(stack, folder).ended;
      strictEqual(refused.code, 2);
      match(
        refused.stderr,
        /^Cannot import .*b\.jsonl: every event must state its kind, got none in line 201; .*--event-type$/,
      );
      deepStrictEqual(await stored(stack), { rows: 0, events: 0 });

      const contradicting = await start(stack, folder, {}, [
        "--event-type",
        "users.messages.pushnotification.Bounce",
      ]).ended;
      strictEqual(contradicting.code, 2);
      match(
        contradicting.stderr,
        /a\.jsonl: every event must be of the kind that --event-type states, .*Bounce, got .*Send" in line 1$/,
      );
      deepStrictEqual(await stored(stack), { rows: 0, events: 0 });

      const given = await start(stack, join(folder, "b.jsonl"), {}, ["--event-type", SEND]).ended;
      strictEqual(given.code, 0, given.stderr);
      strictEqual((await kinds(stack))["x"], "send push user-of-x");
    });
  }));

Deno.test("a last line that is still being written is sent when it is complete", () =>
  withSuite(SMALL, (stack) => {
    const [one = "", two = "", three = ""] = lines(stack, 3);
    return withFile(`${one}\n${two.slice(0, 50)}`, async (path) => {
      for (let again = 0; again < 2; again++) {
        const { code, stdout, stderr } = await start(stack, path).ended;
        strictEqual(code, 1, stderr);
        match(stderr, /The last line of .* is not complete and was not sent/);
        strictEqual(stdout, "1 lines: 1 events recorded, 0 duplicates, 0 rejected");
      }
      await Deno.writeTextFile(path, `${two.slice(50)}\n${three}`, { append: true });
      const { code, stdout, stderr } = await start(stack, path).ended;
      strictEqual(code, 0, stderr);
      strictEqual(stdout, "3 lines: 3 events recorded, 0 duplicates, 0 rejected");
      deepStrictEqual(await stored(stack), { rows: 3, events: 3 });
      const [rejects] = await stack.sql`select count(*)::int as count from public.webhook_rejects`;
      deepStrictEqual({ ...rejects }, { count: 0 });
    });
  }));

Deno.test("lines that hold whole requests are read as requests", () =>
  withSuite(SMALL, (stack) => {
    const all = lines(stack, 350);
    const request = (from: number, to: number) => `{"events":[${all.slice(from, to).join(",")}]}`;
    return withFile(`${request(0, 20)}\n${request(20, 350)}\n`, async (path) => {
      const { code, stdout, stderr } = await start(stack, path).ended;
      strictEqual(code, 0, stderr);
      strictEqual(stdout, "2 lines: 350 events recorded, 0 duplicates, 0 rejected");
      deepStrictEqual(await stored(stack), { rows: 350, events: 350 });
    });
  }));

Deno.test("a broken file is imported up to the place where it breaks", () =>
  withSuite(SMALL, (stack) => {
    const events = Array.from({ length: 30 }, (_, index) => exported(stack, `e-${index}`));
    const whole = avroFile(SEND_SCHEMA, events, { codec: "deflate", aBlock: 10 });
    return withFile(whole.subarray(0, -20), async (path) => {
      const broken = await start(stack, path, {}, ["--event-type", SEND]).ended;
      strictEqual(broken.code, 2);
      match(broken.stderr, /must be complete Avro, got a part of a block after 20 records/);

      await Deno.writeFile(path, whole);
      const { code, stderr } = await start(stack, path, {}, ["--event-type", SEND]).ended;
      strictEqual(code, 0, stderr);
      deepStrictEqual(await stored(stack), { rows: 30, events: 30 });
    });
  }));
