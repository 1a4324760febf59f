/** The doctor and the status beside `deno task start`, found by the folder that its data lies in. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { command } from "../support/command.ts";
import { freeBase } from "../support/ports.ts";

const POSTGRES_BIN = Deno.env.get("TEST_POSTGRES_BIN");

Deno.test("doctor --local and status --local find the stack that runs, and say when none does", async () => {
  const data = await Deno.makeTempDir();
  await Deno.chmod(data, 0o755);
  const started = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--allow-all", "local/start.ts", "--json", "--data", data],
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

    const doctor = await command("local/doctor/doctor.ts", ["--local", "--data", data, "--json"]);
    strictEqual(doctor.code, 0, doctor.stdout + doctor.stderr);
    const said = JSON.parse(doctor.stdout);
    strictEqual(said.wrong, 0);
    strictEqual(said.checks.length, said.ok + said.unknown);

    const status = await command("local/status/status.ts", ["--local", "--data", data]);
    deepStrictEqual([status.code, status.stderr], [0, ""]);
  } finally {
    started.kill("SIGTERM");
    await started.stdout.cancel();
    await started.status;
  }
  const late = await command("local/doctor/doctor.ts", ["--local", "--data", data]);
  strictEqual(late.code, 2);
  match(late.stderr, /^Cannot find a running stack/);
  await Deno.remove(data, { recursive: true });
});

Deno.test("the doctor of a project elsewhere reads its variables from files, and ends with 1", async () => {
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, "SUPABASE_URL=http://127.0.0.1:9\nBRAZE_API_KEY=k3y-of-braze\n");
  const doctor = await command("local/doctor/doctor.ts", ["--env-file", file]);
  await Deno.remove(file);
  strictEqual(doctor.code, 1, doctor.stderr);
  match(doctor.stdout, /^wrong +variables +Cannot start: .*BRAZE_CAMPAIGN_ID is missing/);
  match(doctor.stdout, /0 ok, 0 unknown, 1 wrong/);
  strictEqual(doctor.stdout.includes("k3y-of-braze"), false);
});
