/** What the page reads, a read replica can answer: every read is a GET, short enough for any gateway. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { type Client, type Config, connect } from "../../../../dashboard/src/client.ts";
import * as reads from "../../../../dashboard/src/read.ts";

const NOW = new Date("2024-12-07T14:20:00Z");
const PROJECT = "https://project.test";
const REPLICA = "https://replica.test";
/** Far below the 8 KB that gateways allow for a request line. */
const URL_MAX = 1_000;

/** A call of each read; one that is added to read.ts must be added here. */
const CALLS: Readonly<Record<string, (client: Client) => Promise<unknown>>> = {
  actionsOnAlerts: (client) => reads.actionsOnAlerts(client),
  alerts: (client) => reads.alerts(client, "past"),
  audits: (client) => reads.audits(client, NOW),
  dayVerdicts: (client) => reads.dayVerdicts(client, NOW, NOW, NOW),
  doublePushes: (client) => reads.doublePushes(client),
  duplicateDays: (client) => reads.duplicateDays(client),
  generalAlerts: (client) => reads.generalAlerts(client),
  health: (client) => reads.health(client),
  isOperator: (client) => reads.isOperator(client),
  jobRuns: (client) => reads.jobRuns(client, ["braze-scheduler"]),
  matchPage: (client) => reads.matchPage(client, 1001, NOW),
  nextVerdict: (client) => reads.nextVerdict(client, NOW),
  overview: (client) => reads.overview(client, ["braze-scheduler"]),
};

interface Call {
  readonly method: string;
  readonly url: string;
}

const CONFIG = { supabase_url: PROJECT, publishable_key: "sb_publishable_test", local: true };

/** The requests of `run` to a project, each answered with a row that leads to the next read. */
async function requestsOf(
  run: (client: Client) => PromiseLike<unknown>,
  config: Config = CONFIG,
): Promise<Call[]> {
  const calls: Call[] = [];
  const real = globalThis.fetch;
  globalThis.fetch = (input, init) => {
    // The server of a local page gives it its token.
    if (input === "local/session") return Promise.resolve(Response.json({ token: "token" }));
    const { method, url } = new Request(input, init);
    calls.push({ method, url });
    return Promise.resolve(
      Response.json([{ match_id: 1001 }], { headers: { "content-range": "0-0/1" } }),
    );
  };
  try {
    await run(connect(config).client);
  } finally {
    globalThis.fetch = real;
  }
  return calls;
}

Deno.test("every read of the page is a GET with a short address", async () => {
  const names = Object.entries(reads)
    .filter(([, value]) => typeof value === "function" && value !== reads.ReadError)
    .map(([name]) => name);
  deepStrictEqual(names.sort(), Object.keys(CALLS).sort());
  for (const [name, call] of Object.entries(CALLS)) {
    const made = await requestsOf(call);
    ok(made.length > 0, name);
    for (const { method, url } of made) {
      strictEqual(method, "GET", `${name}: ${url}`);
      ok(url.length < URL_MAX, `${name}: ${url}`);
    }
  }
});

Deno.test("reads_url takes the reads of the database, and nothing else", async () => {
  const config = { ...CONFIG, reads_url: `${REPLICA}/` };
  const asked = async (run: (client: Client) => PromiseLike<unknown>) =>
    (await requestsOf(run, config)).map(({ method, url }) => `${method} ${url.split("?")[0]}`);
  deepStrictEqual(await asked(reads.isOperator), [`GET ${REPLICA}/rest/v1/rpc/is_operator`]);
  deepStrictEqual(await asked(reads.health), [`GET ${REPLICA}/rest/v1/webhook_health_metrics`]);
  deepStrictEqual(await asked((client) => client.functions.invoke("f", { body: {} })), [
    `POST ${PROJECT}/functions/v1/f`,
  ]);
  deepStrictEqual(await asked((client) => client.from("teams").insert({ name: "A" } as never)), [
    `POST ${PROJECT}/rest/v1/teams`,
  ]);
});
