/** `deno task start` as a process of its own: what it prints, keeps, refuses and leaves behind. */
import { deepStrictEqual, match, notStrictEqual, ok, strictEqual } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { connectSql } from "../../local/stack/sql.ts";
import type { Ready } from "../../local/stack/stack.ts";
import { freeBase } from "../support/ports.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const START = fileURLToPath(new URL("../../local/tasks/start.ts", import.meta.url));
const POSTGRES_BIN = Deno.env.get("TEST_POSTGRES_BIN");
const READY_KEYS = [
  "api_url",
  "functions_url",
  "rest_url",
  "db_url",
  "publishable_key",
  "secret_key",
  "webhook_secret",
  "braze_url",
  "braze_api_key",
  "campaign_id",
  "control_url",
  "dashboard_url",
];

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface Started {
  /** The line on stdout, or undefined when it ended without one. */
  readonly line: string | undefined;
  readonly pid: number;
  signal(name: Deno.Signal): void;
  readonly ended: Promise<Ended>;
}

const start = (...args: string[]) => startAs(["run", "--allow-all", START], ...args);

/** As in a terminal: through the task runner, in a process group of its own. */
const startInTerminal = (...args: string[]) => startAs(["task", "start"], ...args);

async function startAs(command: readonly string[], ...args: string[]): Promise<Started> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...command,
      ...args,
      ...(POSTGRES_BIN === undefined ? [] : ["--postgres-bin", POSTGRES_BIN]),
    ],
    cwd: ROOT,
    detached: true,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stderr = new Response(child.stderr).text();
  const first = Promise.withResolvers<string | undefined>();
  const stdout = (async () => {
    let text = "";
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      if (text.includes("\n")) first.resolve(text.split("\n")[0]);
    }
    first.resolve(undefined);
    return text;
  })();
  const ended = (async () => ({
    code: (await child.status).code,
    stdout: await stdout,
    stderr: await stderr,
  }))();
  return { line: await first.promise, pid: child.pid, signal: (name) => child.kill(name), ended };
}

async function withFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  await Deno.chmod(folder, 0o755);
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Processes whose command line or environment names this folder, ours excepted. */
async function processesOf(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name) || Number(name) === Deno.pid) continue;
    const command = await Deno.readTextFile(`/proc/${name}/cmdline`).catch(() => "");
    if (command.includes(folder)) found.push(command.replaceAll("\0", " "));
  }
  return found;
}

type Printed = Ready & { readonly dashboard_url: string };
const ready = (started: Started): Printed => JSON.parse(started.line ?? "null");

/** The temporary folder of a stack with `--ephemeral`. */
async function folderOf(started: Started): Promise<string> {
  const sql = connectSql(ready(started).db_url, { max: 1 });
  const [{ data_directory: data }] = await sql<[{ data_directory: string }]>`show data_directory`;
  await sql.end();
  return data.replace(/\/server\/data$/, "");
}

const isThere = (path: string) => Deno.stat(path).then(() => true, () => false);

/** The page, its script, and a token with which it reads and may call. */
async function dashboardIsThere({ dashboard_url: url, ...one }: Printed): Promise<void> {
  const ask = (path: string, headers: HeadersInit = {}) => fetch(`${url}/${path}`, { headers });
  match(await (await ask("")).text(), /<script type="module" src="main.js">/);
  const script = await ask("main.js");
  match(script.headers.get("content-type") ?? "", /^text\/javascript/);
  match(script.headers.get("content-security-policy") ?? "", /default-src 'none'/);
  ok((await script.text()).length > 50_000);
  deepStrictEqual(await (await ask("config.json")).json(), {
    supabase_url: one.api_url,
    publishable_key: one.publishable_key,
    local: true,
  });
  strictEqual(await (await ask("../local/keys.json")).text(), "Not found");
  const { token } = await (await ask("local/session")).json();
  const headers = { apikey: one.publishable_key, authorization: `Bearer ${token}` };
  const is = await fetch(`${one.rest_url}/rpc/is_operator`, { method: "POST", headers });
  strictEqual(await is.text(), "true");
  const preflight = await fetch(`${one.functions_url}/braze-reconcile`, {
    method: "OPTIONS",
    headers: { origin: url, "access-control-request-method": "POST" },
  });
  strictEqual(preflight.headers.get("access-control-allow-origin"), url);
}

Deno.test("start --json prints one line with every key in order, keeps data, and stops cleanly", () =>
  withFolder(async (folder) => {
    const port = freeBase();
    const args = ["--json", "--data", folder, "--port", String(port)];
    const first = await start(...args);
    const one = ready(first);
    deepStrictEqual(Object.keys(one), READY_KEYS);
    strictEqual(one.api_url, `http://127.0.0.1:${port}`);
    strictEqual(one.control_url, `${one.api_url}/_local`);
    strictEqual(one.dashboard_url, `http://127.0.0.1:${port + 5}`);
    await dashboardIsThere(one);

    const sql = connectSql(one.db_url, { max: 1 });
    await sql`insert into public.teams (name, braze_attribute_value) values ('Kept FC', 'Kept')`;
    const [{ count }] = await sql<[{ count: string }]>`select count(*) from public.matches`;
    notStrictEqual(count, "0", "the seed is applied at the first start");
    await sql.end();

    const rival = await start(...args);
    const refused = await rival.ended;
    strictEqual(refused.code, 2);
    match(refused.stderr, new RegExp(`Cannot use port ${port} for gateway: it must be free`));

    const elsewhere = await start("--json", "--data", folder, "--port", String(freeBase()));
    const busy = await elsewhere.ended;
    strictEqual(busy.code, 2);
    match(busy.stderr, /Cannot start on .*data: no server may use it, got one that does/);

    first.signal("SIGINT");
    const ended = await first.ended;
    strictEqual(ended.code, 0, ended.stderr);
    strictEqual(ended.stdout.trim().split("\n").length, 1);
    match(ended.stderr, /Stopped\s*$/);
    deepStrictEqual(await processesOf(folder), []);

    const second = await start(...args);
    deepStrictEqual(ready(second), one, "keys are kept");
    const again = connectSql(one.db_url, { max: 1 });
    strictEqual((await again`select from public.teams where name = 'Kept FC'`).length, 1);
    await again.end();
    second.signal("SIGTERM");
    strictEqual((await second.ended).code, 0);
    deepStrictEqual(await processesOf(folder), []);
  }));

Deno.test("start --ephemeral leaves nothing behind: killed no process, and stopped no file, also of one that was killed", async () => {
  const killed = await start("--json", "--ephemeral", "--clock", "2024-12-07T06:00:00Z");
  const { control_url } = ready(killed);
  const clock = await (await fetch(`${control_url}/clock`)).json();
  deepStrictEqual(clock, { now: "2024-12-07T06:00:00.000Z", virtual: true });
  const folder = await folderOf(killed);
  ok((await processesOf(folder)).length > 0, "its server runs there");
  killed.signal("SIGKILL");
  await killed.ended;
  for (let attempt = 0; attempt < 200; attempt++) {
    if ((await processesOf(folder)).length === 0) break;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  deepStrictEqual(await processesOf(folder), []);
  ok(await isThere(folder), "nobody was left to remove it");

  const next = await start("--json", "--ephemeral");
  const own = await folderOf(next);
  deepStrictEqual([await isThere(folder), await isThere(own)], [false, true]);
  next.signal("SIGINT");
  strictEqual((await next.ended).code, 0);
  strictEqual(await isThere(own), false);
  deepStrictEqual(await processesOf(own), []);
});

Deno.test("Ctrl-C in a terminal stops the stack cleanly; an older clock is refused, and --fresh starts over", () =>
  withFolder(async (folder) => {
    const args = ["--json", "--data", folder, "--port", String(freeBase())];
    const first = await startInTerminal(...args, "--clock", "2024-12-07T06:00:00Z");
    const { control_url: control } = ready(first);
    const moved = await fetch(`${control}/clock`, {
      method: "POST",
      body: '{"to": "2024-12-07T06:05:00Z"}',
    });
    strictEqual((await moved.json()).cron_jobs > 0, true);

    // The whole group, as a terminal does; the task runner and npx pass the signal on, each a moment later.
    for (let repetition = 0; repetition < 3; repetition++) {
      await new Deno.Command("kill", { args: ["-INT", "--", `-${first.pid}`] }).output();
    }
    const { code, stderr } = await first.ended;
    strictEqual(code, 0, stderr);
    match(stderr, /Stopped\s*$/);
    strictEqual(await isThere(`${folder}/address.json`), false);
    deepStrictEqual(await processesOf(folder), []);
    match(await Deno.readTextFile(`${folder}/requests.log`), /POST +\/functions\/v1\/braze-/);
    ok(!/\.\d{3} {2}(?:GET|POST)/.test(stderr), "requests are in the file only");

    const older = ["--clock", "2024-12-06T08:00:00Z"];
    const refused = await (await start(...args, ...older)).ended;
    strictEqual(refused.code, 2);
    match(refused.stderr, /^Cannot start at 2024-12-06T08:00:00Z: .*; start over with --fresh, /m);

    const fresh = await start(...args, ...older, "--fresh");
    strictEqual(ready(fresh).secret_key, ready(first).secret_key, "keys are kept");
    fresh.signal("SIGINT");
    strictEqual((await fresh.ended).code, 0);
  }));

Deno.test("start says what to do where it may not write", async () => {
  const file = await Deno.makeTempFile();
  const port = String(freeBase());
  const { code, stderr } = await (await start("--data", `${file}/data`, "--port", port)).ended;
  await Deno.remove(file);
  strictEqual(code, 2);
  match(
    stderr,
    /^Cannot use .*\/data: it must be a folder, got a file; .*choose another folder.*\n$/,
  );
});

if (Deno.uid() === 0) {
  Deno.test("start as root runs its server elsewhere when other users may not enter the data folder", () =>
    withFolder(async (folder) => {
      await Deno.chmod(folder, 0o700);
      const started = await start(
        "--json",
        "--data",
        `${folder}/data`,
        "--port",
        String(freeBase()),
      );
      const home = await Deno.readLink(`${folder}/data/server`);
      try {
        match(home, /^\/var\/tmp\/braze-push-/);
        const { uid } = await Deno.stat(home);
        notStrictEqual(uid, 0);
        match(started.line ?? "", /^\{"api_url"/);
      } finally {
        started.signal("SIGTERM");
        strictEqual((await started.ended).code, 0);
        await Deno.remove(home, { recursive: true });
      }
    }));
}

Deno.test("start refuses a data folder of another server version", () =>
  withFolder(async (folder) => {
    const data = `${folder}/server/data`;
    await Deno.mkdir(data, { recursive: true });
    await Deno.writeTextFile(`${data}/PG_VERSION`, "14\n");
    const { code, stderr } = await (await start("--ephemeral", "--help")).ended;
    strictEqual(code, 0, stderr);
    const refused = await (await start("--data", folder, "--port", String(freeBase()))).ended;
    strictEqual(refused.code, 2);
    match(
      refused.stderr,
      /it must have been created by Postgres \d+, got Postgres 14; use that server/,
    );
  }));

Deno.test("start refuses what it does not know, without a stack trace", async () => {
  const refused = await (await start("--colour")).ended;
  strictEqual(refused.code, 2);
  match(refused.stderr, /^Cannot read the arguments: .*--colour.*\(see --help\)\s*$/);
});
