/**
 * What is deployed: the bundles, served by a process of their own, against the real database and the sandbox.
 *
 * TEST_FUNCTIONS_DENO names the Deno that serves them. .ci/run gives that of the platform.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { addHours } from "date-fns";
import { functionNames, writeBundles } from "../../local/bundle/bundle.ts";
import { toolEnv } from "../../local/lib/child_env.ts";
import { startChild } from "../../local/lib/child_process.ts";
import { freePorts } from "../../local/stack/ports.ts";
import { ingestEnv, type Stack } from "../../local/stack/stack.ts";
import { signGateToken } from "../../supabase/functions/_shared/auth/gate_token.ts";
import { withStack } from "../support/database.ts";
import { batchesOf, startMatchday, untilConnected } from "../support/direct_door.ts";
import { addFixture, liveSchedules } from "../support/suite.ts";

const ANSWER_MS_MAX = 30_000;
const SERVER = fileURLToPath(new URL("../../local/bundle/serve.ts", import.meta.url));

Deno.test("the bundles answer every caller, schedule, and store events, also over the direct connection", () =>
  withStack({}, async (stack) => {
    await addFixture(stack, {
      id: 1,
      home: "Arsenal",
      away: "Chelsea",
      kickoffAt: addHours(new Date(), 5).toISOString(),
    });
    await withBundles(stack, async (url) => {
      const { secretKey, webhookSecret, sendGateSecret } = stack.keys;
      const call = (name: string, headers: Record<string, string>, body: unknown = {}) =>
        answerOf(`${url}/${name}`, { method: "POST", headers, body: JSON.stringify(body) });
      const names = await functionNames();
      strictEqual(names.length, 7);
      const isGate = (name: string) => name === "braze-send-gate";
      for (const name of names) {
        const { status, body } = isGate(name)
          ? await answerOf(`${url}/${name}`)
          : await call(name, {});
        deepStrictEqual([name, status, body.code], [name, 401, "no_credential"]);
      }

      const { status, body } = await call("braze-scheduler", { apikey: secretKey });
      deepStrictEqual([status, body.outcome], [200, "succeeded"], JSON.stringify(body));
      const [schedule] = liveSchedules(stack, 1);
      ok(schedule !== undefined, "the match is scheduled in Braze");
      const operator = { authorization: `Bearer ${await stack.operatorToken()}` };
      for (const name of names.filter((other) => !/webhook$|gate$/.test(other))) {
        const run = await call(name, operator, { dry_run: true });
        deepStrictEqual([name, run.status, run.body.outcome], [name, 200, "succeeded"]);
      }
      const token = await signGateToken(
        { ledgerId: crypto.randomUUID(), generation: 1, attemptId: crypto.randomUUID() },
        sendGateSecret,
      );
      const gate = await answerOf(`${url}/braze-send-gate?token=${token}`);
      deepStrictEqual(
        [gate.status, gate.body.reason],
        [200, "unknown_schedule"],
        JSON.stringify(gate.body),
      );

      const braze = { "x-webhook-secret": webhookSecret };
      const matchday = await startMatchday(stack, "bundle");
      const [first, second] = batchesOf(matchday, "bundle", 2, 30);
      strictEqual((await call("braze-webhook", braze, first)).body.recorded, 30);
      await untilConnected(stack);
      await stack.postgrest.stop();
      strictEqual((await call("braze-webhook", braze, second)).body.recorded, 30);
    });
  }));

interface Answered {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

async function answerOf(url: string, init: RequestInit = {}): Promise<Answered> {
  const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS_MAX), ...init });
  return { status: response.status, body: await response.json() };
}

async function withBundles(stack: Stack, run: (url: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  const log = `${folder}/server.log`;
  const { gateway: port } = freePorts();
  const url = `http://127.0.0.1:${port}`;
  await writeBundles(new URL(`file://${folder}/`));
  const server = startChild({
    command: [
      Deno.env.get("TEST_FUNCTIONS_DENO") ?? Deno.execPath(),
      ...["run", "--allow-all", "--no-check", "--no-config", "--no-lock"],
      ...[SERVER, String(port), `file://${folder}/supabase/functions/`],
    ],
    log,
    env: { ...toolEnv(), ...stack.functionEnv, ...ingestEnv(stack.ready.db_url) },
  });
  try {
    const isUp = () =>
      fetch(url, { signal: AbortSignal.timeout(ANSWER_MS_MAX) }).then(async ({ body, status }) => {
        await body?.cancel();
        return status === 404;
      }, () => false);
    for (let look = 0; !await isUp(); look++) {
      ok(
        look < 300,
        `the bundles are served, got ${await Deno.readTextFile(log).catch(() => "nothing")}`,
      );
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await run(url);
  } finally {
    // An older Deno in the background of a shell ignores SIGINT.
    await server.end("KILL");
    await Deno.remove(folder, { recursive: true });
  }
}
