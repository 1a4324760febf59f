/** Checked inside child processes of a process whose environment the test sets. */
import { deepStrictEqual, ok } from "node:assert/strict";
import { fileURLToPath } from "node:url";

const REACHES: Record<string, string> = {
  SSL_CERT_FILE: "/company/ca.pem",
  SSL_CERT_DIR: "/company/certs",
  NODE_EXTRA_CA_CERTS: "/company/extra.pem",
  DENO_CERT: "/company/deno.pem",
  DENO_TLS_CA_STORE: "system",
  HTTP_PROXY: "http://proxy.test:1",
  HTTPS_PROXY: "http://proxy.test:2",
  ALL_PROXY: "socks5://proxy.test:3",
  NO_PROXY: "127.0.0.1,localhost",
  http_proxy: "http://proxy.test:4",
  https_proxy: "http://proxy.test:5",
  all_proxy: "socks5://proxy.test:6",
  no_proxy: "::1",
  npm_config_registry: "https://npm.test",
  NPM_CONFIG_CAFILE: "/company/npm.pem",
  npm_config_proxy: "http://proxy.test:7",
  npm_config_https_proxy: "http://proxy.test:8",
  npm_config_noproxy: "localhost",
};
const STAYS: Record<string, string> = {
  PGHOST: "elsewhere.test",
  PGPASSWORD: "secret",
  PGOPTIONS: "-c search_path=other",
  PGRST_DB_URI: "postgres://elsewhere.test",
  SUPABASE_SECRET_KEYS: "{}",
  BRAZE_API_KEY: "secret",
  npm_config_user_agent: "npm",
};

const SCRIPT = `
import { toolEnv } from "${new URL("../../../../local/lib/child_env.ts", import.meta.url)}";
import { run, startChild } from "${new URL(
  "../../../../local/lib/child_process.ts",
  import.meta.url,
)}";
const log = Deno.args[0];
const read = (text) => Object.fromEntries(text.trim().split("\\n").map((line) => line.split(/=(.*)/s).slice(0, 2)));
const child = async (env) => {
  await Deno.remove(log).catch(() => {});
  await startChild({ command: ["/usr/bin/env"], log, env }).ended;
  return read(await Deno.readTextFile(log));
};
console.log(JSON.stringify({
  run: read((await run(["/usr/bin/env"])).stdout),
  startChild: await child({ OWN: "1" }),
  tool: await child(toolEnv()),
}));`;

async function environments(): Promise<Record<string, Record<string, string>>> {
  const folder = await Deno.makeTempDir();
  try {
    const script = `${folder}/children.ts`;
    await Deno.writeTextFile(script, SCRIPT);
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-all", "--no-check", "--no-config", script, `${folder}/log`],
      cwd: fileURLToPath(new URL("../../../../", import.meta.url)),
      env: { ...REACHES, ...STAYS, NO_COLOR: "1" },
    }).output();
    ok(success, new TextDecoder().decode(stderr));
    return JSON.parse(new TextDecoder().decode(stdout));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("child processes get the caller's certificates, proxies and registry, and none of its database settings", async () => {
  const seen = await environments();
  deepStrictEqual(Object.keys(seen), ["run", "startChild", "tool"]);
  for (const env of Object.values(seen)) {
    for (const [name, value] of Object.entries(REACHES)) {
      deepStrictEqual([name, env[name]], [name, value]);
    }
    deepStrictEqual(Object.keys(STAYS).filter((name) => name in env), []);
    deepStrictEqual([env.LC_ALL, env.TZ], ["C", "UTC"]);
    ok(env.PATH);
  }
  deepStrictEqual([seen.startChild?.OWN, seen.tool?.OWN], ["1", undefined]);
});

Deno.test("only a child process that runs a tool gets the folders of tools", async () => {
  const { run = {}, startChild = {}, tool = {} } = await environments();
  for (const name of ["HOME", "NO_COLOR"]) {
    deepStrictEqual([name in run, name in startChild, name in tool], [false, false, true]);
  }
});
