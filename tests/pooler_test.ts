/**
 * The direct connection of the webhook behind a pooler in transaction mode, as on hosted Supabase.
 *
 * Not a part of `deno task test`: it needs pgbouncer.
 *
 *     deno test --allow-all tests/pooler_test.ts
 */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { startChild } from "../local/lib/child_process.ts";
import { freePorts } from "../local/stack/ports.ts";
import { startStack } from "../local/stack/stack.ts";
import { batchesOf, postAll, startMatchday, untilConnected } from "./support/direct_door.ts";

const PGBOUNCER = "/usr/sbin/pgbouncer";

Deno.test("events go straight to Postgres through a pooler in transaction mode", async () => {
  await Deno.stat(PGBOUNCER).catch(() => {
    throw new Error(`Cannot test a pooler: ${PGBOUNCER} must be installed (Debian: pgbouncer)`);
  });
  const port = freePorts().gateway;
  const stack = await startStack({
    env: {
      INGEST_DATABASE_URL: `postgresql://braze_ingest:trusted-here@127.0.0.1:${port}/postgres`,
    },
  });
  const folder = await Deno.makeTempDir();
  const pooler = await startPooler(folder, port, new URL(stack.ready.db_url));
  try {
    const matchday = await startMatchday(stack, "pooler");
    const bodies = batchesOf(matchday, "pooler", 10, 30);
    // PostgREST serves until the connection stands.
    deepStrictEqual(statusesOf(await postAll(stack, bodies.slice(0, 1))), [[200, 30]]);
    await untilConnected(stack);
    await stack.postgrest.stop();
    const answers = await Promise.all(bodies.slice(1).map((body) => postAll(stack, [body])));
    deepStrictEqual(statusesOf(answers.flat()), Array.from({ length: 9 }, () => [200, 30]));
    const [stored] = await stack.sql`
      select count(*)::int as events, count(distinct event_id)::int as ids from public.notification_sends`;
    deepStrictEqual([stored!.events, stored!.ids], [300, 300]);
    const [limit] = await stack.sql`
      select usename, count(*)::int as connections from pg_stat_activity
      where usename = 'braze_ingest' group by usename`;
    strictEqual(limit!.connections <= 2, true, `${limit!.connections} connections`);
  } finally {
    await stack.close();
    await pooler.stop();
    await Deno.remove(folder, { recursive: true });
  }
});

function statusesOf(answers: Awaited<ReturnType<typeof postAll>>) {
  return answers.map(({ status, body }) => [status, body.recorded]);
}

async function startPooler(folder: string, port: number, database: URL) {
  const config = join(folder, "pgbouncer.ini");
  const users = join(folder, "users.txt");
  await Deno.writeTextFile(users, `"braze_ingest" ""\n`);
  await Deno.writeTextFile(
    config,
    `[databases]
* = host=${database.hostname} port=${database.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${users}
pool_mode = transaction
default_pool_size = 2
`,
  );
  // It refuses to run as root, and another user must be able to read its files.
  await Deno.chmod(folder, 0o755);
  return startChild({
    command: [PGBOUNCER, ...(Deno.uid() === 0 ? ["-u", "nobody"] : []), config],
    log: join(folder, "pgbouncer.log"),
  });
}
