/** The doctor and the status of a stack that `deno task start` runs, found by its data folder. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { command } from "../support/command.ts";
import { withStack } from "../support/database.ts";
import { freeBase } from "../support/ports.ts";
import { CLOCK } from "../support/suite.ts";

const POSTGRES_BIN = Deno.env.get("TEST_POSTGRES_BIN");

Deno.test("doctor --local and status --local find the running stack, and report when there is none", async () => {
  const data = await Deno.makeTempDir();
  await Deno.chmod(data, 0o755);
  const started = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--allow-all", "local/tasks/start.ts", "--json", "--data", data],
      ...["--port", String(freeBase())],
      ...(POSTGRES_BIN === undefined ? [] : ["--postgres-bin", POSTGRES_BIN]),
    ],
    stdout: "piped",
    stderr: "null",
  }).spawn();
  try {
    const reader = started.stdout.getReader();
    ok(!(await reader.read()).done, "it is ready");
    reader.releaseLock();
    const { mode } = await Deno.stat(`${data}/address.json`);
    strictEqual((mode ?? 0) & 0o777, 0o600);

    const doctor = await command("local/tasks/doctor.ts", ["--local", "--data", data, "--json"]);
    strictEqual(doctor.code, 0, doctor.stdout + doctor.stderr);
    const said = JSON.parse(doctor.stdout);
    strictEqual(said.wrong, 0);
    strictEqual(said.checks.length, said.ok + said.unknown);

    const status = await command("local/tasks/status.ts", ["--local", "--data", data]);
    deepStrictEqual([status.code, status.stderr], [0, ""]);
  } finally {
    started.kill("SIGTERM");
    await started.stdout.cancel();
    await started.status;
  }
  const late = await command("local/tasks/doctor.ts", ["--local", "--data", data]);
  strictEqual(late.code, 2);
  match(late.stderr, /^Cannot find a running stack/);
  await Deno.remove(data, { recursive: true });
});

Deno.test("the doctor of a remote project reads its variables from files, and exits with 1", async () => {
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, "SUPABASE_URL=http://127.0.0.1:9\nBRAZE_API_KEY=k3y-of-braze\n");
  const doctor = await command("local/tasks/doctor.ts", ["--env-file", file]);
  await Deno.remove(file);
  strictEqual(doctor.code, 1, doctor.stderr);
  match(doctor.stdout, /^wrong +variables +Cannot start: .*BRAZE_CAMPAIGN_ID is missing/);
  match(doctor.stdout, /0 ok, 0 unknown, 1 wrong/);
  strictEqual(doctor.stdout.includes("k3y-of-braze"), false);
});

Deno.test("a file with a byte order mark is read, and a % in a password stops no other check", async () => {
  const file = await Deno.makeTempFile();
  const variables =
    "BRAZE_CAMPAIGN_ID=the-campaign\nDATABASE_URL=postgresql://a:50%off!@127.0.0.1:9/x\n";
  await Deno.writeTextFile(file, `\ufeff${variables}`);
  const doctor = await command("local/tasks/doctor.ts", ["--env-file", file]);
  await Deno.remove(file);
  strictEqual(doctor.code, 1, doctor.stderr);
  match(doctor.stdout, /^wrong +variables +Cannot start: (?!.*BRAZE_CAMPAIGN_ID)/m);
  match(doctor.stdout, /^wrong +database +DATABASE_URL holds a % .*\n.*in it write % as %25/m);
  match(doctor.stdout, /0 ok, 7 unknown, 2 wrong/);
  strictEqual(doctor.stdout.includes("50%off"), false);
});

Deno.test("the doctor checks a remote project from two files, with its database or without", () =>
  withStack({}, async ({ functionEnv, ready }) => {
    const folder = await Deno.makeTempDir();
    const file = async (name: string, variables: readonly (readonly [string, string])[]) => {
      const text = variables.map(([variable, value]) => `${variable}='${value}'\n`).join("");
      await Deno.writeTextFile(`${folder}/${name}`, text);
      return ["--env-file", `${folder}/${name}`];
    };
    const isPlatforms = ([name]: readonly [string, string]) => name.startsWith("SUPABASE_");
    const all = Object.entries(functionEnv);
    const ours = await file("functions.env", all.filter((each) => !isPlatforms(each)));
    const platforms = await file("project.env", all.filter(isPlatforms));
    const database = await file("database.env", [["DATABASE_URL", ready.db_url]]);
    const doctor = async (...args: string[]) => {
      const ended = await command("local/tasks/doctor.ts", [...args, "--json"]);
      strictEqual(ended.code, 0, ended.stdout + ended.stderr);
      const { unknown, ok } = JSON.parse(ended.stdout);
      return { unknown, ok };
    };
    const blind = await doctor(...ours, ...platforms);
    const seeing = await doctor(...ours, ...platforms, ...database);
    strictEqual(blind.unknown - seeing.unknown, 8, "what only the database shows");
    strictEqual(seeing.ok - blind.ok, 8);
    await Deno.remove(folder, { recursive: true });
  }));

Deno.test("status --watch shows the matchday repeatedly, and ends on SIGINT", () =>
  withStack({ clock: CLOCK }, async ({ ready }) => {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-all", "local/tasks/status.ts", "--watch", "--date", "2024-12-07"],
      env: {
        NO_COLOR: "1",
        SUPABASE_URL: ready.api_url,
        SUPABASE_SECRET_KEYS: JSON.stringify({ default: ready.secret_key }),
      },
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let shown = "";
    while (!shown.includes("No open alerts")) {
      const { done, value } = await reader.read();
      ok(!done, "it keeps running");
      shown += value;
    }
    child.kill("SIGINT");
    while (!(await reader.read()).done);
    strictEqual((await child.status).code, 0);
  }));
