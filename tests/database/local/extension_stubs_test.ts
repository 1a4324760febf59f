/** The stubs of pg_cron, pg_net and the Vault behave as the real ones wherever the suite depends on them. */
import { deepStrictEqual, match, rejects, strictEqual } from "node:assert/strict";
import { type Sql, withDatabase } from "../../support/database.ts";
import { only } from "../fixtures.ts";

async function jobs(sql: Sql) {
  return (await sql`
    select jobname, schedule, command, active from cron.job where jobname like 'test%' order by jobid`)
    .map((job) => ({ ...job }));
}

Deno.test("cron.schedule() with a name replaces the job of that name and keeps its id", () =>
  withDatabase(async (sql) => {
    const first = only(await sql`select cron.schedule('test', '*/5 * * * *', 'select 1') as id`);
    const second = only(await sql`select cron.schedule('test', '0 3 * * 1-5', 'select 2') as id`);
    strictEqual(second["id"], first["id"]);
    deepStrictEqual(await jobs(sql), [
      { jobname: "test", schedule: "0 3 * * 1-5", command: "select 2", active: true },
    ]);
  }));

Deno.test("cron.schedule() without a name creates a job each time", () =>
  withDatabase(async (sql) => {
    const rows = await sql`
      select cron.schedule('0 3 * * *', 'select 1') <> cron.schedule('0 3 * * *', 'select 1') as differ`;
    strictEqual(only(rows)["differ"], true);
  }));

for (const schedule of ["nonsense", "* * * *", "*/5 * * * * *", "61 seconds", "0 seconds", ""]) {
  Deno.test(`cron.schedule() refuses "${schedule}" as pg_cron does`, () =>
    withDatabase((sql) =>
      rejects(sql`select cron.schedule('test', ${schedule}, 'select 1')`, /invalid schedule: /)
    ));
}

Deno.test("cron.alter_job() changes the given fields, and cron.unschedule() refuses unknown jobs", () =>
  withDatabase(async (sql) => {
    const { id } = only(
      await sql<{ id: string }[]>`select cron.schedule('test', '0 3 * * *', 'select 1') as id`,
    );
    await sql`select cron.alter_job(${id}, active => false)`;
    deepStrictEqual((await jobs(sql))[0]?.["active"], false);
    await sql`select cron.unschedule('test')`;
    deepStrictEqual(await jobs(sql), []);
    await rejects(sql`select cron.unschedule('test')`, /could not find valid entry for job 'test'/);
    await rejects(sql`select cron.unschedule(${id}::bigint)`, /could not find valid entry for job/);
  }));

Deno.test("net.http_post() queues the bytes of the jsonb's text, unless the transaction is rolled back", () =>
  withDatabase(async (sql) => {
    await sql.begin(async (transaction) => {
      await transaction`select net.http_post('http://127.0.0.1/never')`;
      throw new Error("roll back");
    }).catch(() => {});
    await sql`
      select net.http_post(
        url := 'http://127.0.0.1/a?x=1',
        body := '{"b":1, "a": "ключ", "n": 1.10}',
        params := '{"q": "a b&c"}',
        headers := '{"X-One": "1"}',
        timeout_milliseconds := 1234
      )`;
    const queued = only(
      await sql`
        select method, url, headers, convert_from(body, 'UTF8') as body, timeout_milliseconds
        from net.http_request_queue`,
    );
    deepStrictEqual({ ...queued }, {
      method: "POST",
      url: "http://127.0.0.1/a?x=1&q=a%20b%26c",
      headers: { "X-One": "1", "Content-Type": "application/json" },
      body: '{"a": "ключ", "b": 1, "n": 1.10}',
      timeout_milliseconds: 1234,
    });
  }));

Deno.test("net.http_post() refuses anything that is not JSON", () =>
  withDatabase((sql) =>
    rejects(
      sql`select net.http_post('http://x', headers := '{"content-type": "text/plain"}')`,
      /Content-Type header must be "application\/json"/,
    )
  ));

Deno.test("net.http_get() and net.http_delete() queue without a body", () =>
  withDatabase(async (sql) => {
    await sql`select net.http_get('http://x/g'), net.http_delete('http://x/d')`;
    const rows =
      await sql`select method, url, body, timeout_milliseconds from net.http_request_queue order by id`;
    deepStrictEqual(rows.map((row) => ({ ...row })), [
      { method: "GET", url: "http://x/g", body: null, timeout_milliseconds: 5000 },
      { method: "DELETE", url: "http://x/d", body: null, timeout_milliseconds: 5000 },
    ]);
  }));

Deno.test("the Vault keeps one secret per name, and hides it from other roles", () =>
  withDatabase(async (sql) => {
    const { id } = only(
      await sql<{ id: string }[]>`select vault.create_secret('s1', 'name', 'why') as id`,
    );
    match(id, /^[0-9a-f-]{36}$/);
    await rejects(sql`select vault.create_secret('s2', 'name')`, /duplicate key/);
    await sql`select vault.update_secret(${id}, 's3')`;
    const kept = only(
      await sql`select name, description, decrypted_secret from vault.decrypted_secrets`,
    );
    deepStrictEqual({ ...kept }, { name: "name", description: "why", decrypted_secret: "s3" });
    for (const role of ["anon", "authenticated"]) {
      const [row] = await sql`
        select has_function_privilege(${role}, 'vault.create_secret(text, text, text, uuid)', 'execute') as open`;
      strictEqual(row?.open, false, role);
    }
  }));
