/** A private database: each test clones a template that holds the migrations. */
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { createGateway } from "../../local/stack/gateway.ts";
import { createKeys, type Keys, operatorToken } from "../../local/stack/keys.ts";
import { onFreePorts } from "../../local/stack/ports.ts";
import { startPostgrest } from "../../local/stack/postgrest.ts";
import { connectSql, type Sql } from "../../local/stack/sql.ts";
import {
  asAuthenticator,
  type Stack,
  type StackOptions,
  startStack,
} from "../../local/stack/stack.ts";
import { MONTH_TEMPLATE, TEMPLATE, TEMPLATE_MONTH } from "../../local/stack/test_server.ts";
import type { Database } from "../../supabase/functions/_shared/database.types.ts";

export type { Sql };

/** Where the events are spread over several servers, each database is one on all of them. */
const WORKERS = (Deno.env.get("TEST_CITUS_WORKERS") ?? "").split(",").filter((url) => url !== "");

export function withDatabase(
  run: (sql: Sql, databaseUrl: string) => Promise<void>,
  template = TEMPLATE,
): Promise<void> {
  return withCloneOf(template, async (sql, databaseUrl) => {
    // A job names its database: in a clone, that name is still the template.
    await sql`update cron.job set database = current_database()`;
    await run(sql, databaseUrl);
  });
}

/** Without bootstrap and migrations. */
export function withEmptyDatabase(run: (sql: Sql) => Promise<void>): Promise<void> {
  return withCloneOf("template0", run);
}

async function withCloneOf(
  template: string,
  run: (sql: Sql, databaseUrl: string) => Promise<void>,
): Promise<void> {
  const serverUrl = Deno.env.get("TEST_DATABASE_URL");
  if (serverUrl === undefined) {
    throw new Error(
      "Cannot test on a database: TEST_DATABASE_URL must name a test server, got nothing; " +
        "run `deno task test`, or start `deno task test-server`",
    );
  }
  const name = `test_${crypto.randomUUID().replaceAll("-", "")}`;
  const admin = connectSql(serverUrl, { max: 1 });
  const nodes = [...WORKERS.map((url) => connectSql(url, { max: 1 })), admin];
  try {
    for (const node of nodes) {
      // Copying files is faster than logging every page of a disposable schema.
      await node.unsafe(`create database ${name} template ${template} strategy file_copy`);
    }
    const databaseUrl = new URL(serverUrl);
    databaseUrl.pathname = name;
    const sql = connectSql(databaseUrl.href, { max: 8, applicationName: "test" });
    try {
      await run(sql, databaseUrl.href);
    } finally {
      await sql.end({ timeout: 5 });
      for (const node of nodes.toReversed()) {
        await node.unsafe(`drop database if exists ${name} with (force)`);
      }
    }
  } finally {
    await Promise.all(nodes.map((node) => node.end()));
  }
}

export type Client = SupabaseClient<Database>;

/** The database as clients see it: through the gateway and PostgREST, with the project's keys. */
export interface Rest {
  readonly sql: Sql;
  readonly apiUrl: string;
  readonly restUrl: string;
  readonly keys: Keys;
  /** With the secret key, as the edge functions use it. */
  readonly service: Client;
  /** With the publishable key only, as any client. */
  readonly anyone: Client;
  /** With the publishable key and an operator's token; `null` makes a signed-in user without that role. */
  signedIn(role?: string | null): Promise<Client>;
}

export async function withRest(run: (rest: Rest) => Promise<void>): Promise<void> {
  await withDatabase(async (sql, databaseUrl) => {
    const keys = await createKeys();
    const log = await Deno.makeTempFile({ prefix: "postgrest-" });
    const postgrest = await onFreePorts(({ rest: port, restAdmin: adminPort }) =>
      startPostgrest({ databaseUrl: asAuthenticator(databaseUrl), port, adminPort, keys, log })
    );
    const nothingHere = () => Promise.resolve(new Response(null, { status: 404 }));
    const gateway = await createGateway({
      keys,
      restUrl: postgrest.url,
      functions: nothingHere,
      control: nothingHere,
    });
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, gateway);
    const apiUrl = `http://127.0.0.1:${server.addr.port}`;
    const client = (key: string, token?: string): Client =>
      createClient<Database>(apiUrl, key, {
        auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
        ...(token === undefined
          ? {}
          : { global: { headers: { authorization: `Bearer ${token}` } } }),
      });
    try {
      await run({
        sql,
        apiUrl,
        restUrl: `${apiUrl}/rest/v1`,
        keys,
        service: client(keys.secretKey),
        anyone: client(keys.publishableKey),
        signedIn: async (role = "operator") =>
          client(
            keys.publishableKey,
            await operatorToken({ keys, issuer: `${apiUrl}/auth/v1`, now: new Date(), role }),
          ),
      });
    } finally {
      await server.shutdown();
      await postgrest.stop();
      await Deno.remove(log);
    }
  });
}

/** The whole stack on a private database, on the shared server: starts in a fraction of a second. */
export async function withStack(
  options: Omit<StackOptions, "databaseUrl" | "dataFolder" | "portBase" | "postgresBin">,
  run: (stack: Stack) => Promise<void>,
): Promise<void> {
  const isInMonth = options.clock?.toISOString().startsWith(TEMPLATE_MONTH);
  await withDatabase(async (_sql, databaseUrl) => {
    const problems: string[] = [];
    const stack = await startStack({
      ...options,
      databaseUrl,
      onProblem: (message) => problems.push(message),
    });
    try {
      await run(stack);
    } finally {
      await stack.close();
    }
    if (problems.length > 0) throw new Error(`The stack had problems:\n${problems.join("\n")}`);
  }, isInMonth ? MONTH_TEMPLATE : TEMPLATE);
}
