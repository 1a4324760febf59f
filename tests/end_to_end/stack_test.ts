/** The stack on a virtual clock: scheduled times, calls from SQL, keys and tokens, each through the real parts. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { wakesLateMs } from "../../local/stack/cron_worker.ts";
import { type Sql, withRest, withStack } from "../support/database.ts";

const START = new Date("2024-12-07T06:00:00Z");
const at = (time: string) => new Date(`2024-12-07T${time}Z`);
/** When the local pg_cron wakes for a full minute. */
const woken = (time: string) => new Date(at(time).getTime() + wakesLateMs(at(time)));
const sandbox = { users: { count: 100 } };

/** Only the scheduler's scheduled times are counted here; the other jobs of the migrations may change. */
const onlyTheScheduler = (sql: Sql) =>
  sql`select cron.unschedule(jobname) from cron.job where jobname <> 'braze-scheduler'`;

Deno.test("advanceTo() runs every scheduled time of pg_cron up to the target, in order, each at its own time", () =>
  withStack({ clock: START, sandbox }, async ({ sql, advanceTo }) => {
    await onlyTheScheduler(sql);
    await sql`create table public.ticks (id bigint generated always as identity, job text, at timestamptz)`;
    await sql`select cron.schedule('b', '*/20 * * * *', $$insert into public.ticks (job, at) select 'b', now()$$)`;
    await sql`select cron.schedule('a', '*/30 * * * *', $$insert into public.ticks (job, at) values ('a', now())$$)`;
    await sql`select cron.schedule('bad', '0 7 * * *', 'select no_such_function()')`;
    const report = await advanceTo(at("07:00:01"));
    // Three of b, two of a, one bad, twelve of the scheduler.
    strictEqual(report.cron_jobs, 18);
    const ticks = await sql`select job, at from public.ticks order by id`;
    deepStrictEqual(ticks.map(({ job, at }) => `${job} ${at.toISOString().slice(11, 16)}`), [
      "b 06:20",
      "a 06:30",
      "b 06:40",
      "b 07:00",
      "a 07:00",
    ]);
    const [bad] = await sql`
      select status, return_message, start_time, end_time from cron.job_run_details
      where command like '%no_such%'`;
    strictEqual(bad?.status, "failed");
    match(bad?.return_message, /^ERROR: .*no_such_function/);
    deepStrictEqual([bad?.start_time, bad?.end_time], [woken("07:00:00"), woken("07:00:00")]);
  }));

Deno.test("pg_cron calls a function through SQL, signed, and its run ends before the clock moves on", () =>
  withStack({ clock: START, sandbox }, async ({ sql, advanceTo }) => {
    await onlyTheScheduler(sql);
    strictEqual((await advanceTo(at("06:10:00"))).net_requests, 2);
    const runs = await sql`
      select scheduled_at, outcome, caller, started_at, finished_at from public.job_runs
      where function_name = 'braze-scheduler' order by scheduled_at`;
    deepStrictEqual(
      runs.map((run) => ({ ...run })),
      ["06:04:00", "06:09:00"].map((time) => ({
        scheduled_at: at(time),
        outcome: "succeeded",
        caller: "cron",
        started_at: woken(time),
        finished_at: woken(time),
      })),
    );
    const responses = await sql`select status_code, created from net._http_response order by id`;
    deepStrictEqual(responses.map((row) => ({ ...row })), [
      { status_code: 202, created: woken("06:04:00") },
      { status_code: 202, created: woken("06:09:00") },
    ]);
  }));

Deno.test("the clock is advanced over HTTP, and jobs added meanwhile run", () =>
  withStack({ clock: START, sandbox }, async ({ sql, ready }) => {
    await sql`select cron.unschedule(jobname) from cron.job`;
    await sql`select cron.schedule('late', '5 6 * * *', 'select 1')`;
    const post = await fetch(`${ready.control_url}/clock`, {
      method: "POST",
      body: '{"advance_seconds": 600}',
    });
    const { hours, ...moved } = await post.json();
    deepStrictEqual(hours.map(({ now }: { now: string }) => now), ["2024-12-07T06:10:00.000Z"]);
    deepStrictEqual(moved, {
      now: "2024-12-07T06:10:00.000Z",
      ran: 1,
      cron_jobs: 1,
      net_requests: 0,
    });
    const read = await fetch(`${ready.control_url}/clock`);
    strictEqual((await read.json()).now, "2024-12-07T06:10:00.000Z");
  }));

Deno.test("a fixture that is written without a time is dated by the virtual clock", () =>
  withStack({ clock: START, sandbox }, async ({ sql, ready, keys, advanceTo }) => {
    const write = (method: string, path: string, body: unknown) =>
      fetch(`${ready.rest_url}${path}`, {
        method,
        headers: { apikey: keys.secretKey, "content-type": "application/json" },
        body: JSON.stringify(body),
      }).then((response) => response.body?.cancel());
    await sql`select cron.unschedule(jobname) from cron.job`;
    const match = { id: 1, competition: "PL", home_team: "A", away_team: "B" };
    await write("POST", "/matches", { ...match, kickoff_at: at("15:00:00") });
    await advanceTo(at("07:00:00"));
    await write("PATCH", "/matches?id=eq.1", { status: "postponed" });
    await write("PATCH", "/matches?id=eq.1", { push: false, updated_at: at("06:30:00") });
    const rows = await sql`select changed_at from public.match_changes order by id`;
    deepStrictEqual(rows.map(({ changed_at }) => changed_at), [
      START,
      at("07:00:00"),
      at("06:30:00"),
    ]);
  }));

/** A receiver outside of the stack whose answers the test defines. */
async function withReceiver(
  answer: (request: Request) => Promise<Response>,
  run: (url: string) => Promise<void>,
): Promise<void> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, answer);
  try {
    await run(`http://127.0.0.1:${server.addr.port}`);
  } finally {
    await server.shutdown();
  }
}

Deno.test("a call from SQL is sent byte for byte and its answer is recorded", () =>
  withStack({ clock: START, sandbox }, async ({ sql, advanceTo }) => {
    const received: { text: string; headers: Headers }[] = [];
    const answer = async (request: Request) => {
      received.push({ text: await request.text(), headers: request.headers });
      return new Response("gone", { status: 410, headers: { "x-answer": "1" } });
    };
    await withReceiver(answer, async (url) => {
      const body = '{"b":1,"a":"ключ","n":1.10,"big":123456789012345678901234567890}';
      await sql`
        select net.http_post(${url}, ${body}::text::jsonb, headers := '{"webhook-id": "m1"}')`;
      await advanceTo(at("06:01:00"));
      strictEqual(received.length, 1);
      strictEqual(
        received[0]?.text,
        (await sql`select ${body}::text::jsonb::text as text`)[0]?.text,
      );
      strictEqual(received[0]?.headers.get("webhook-id"), "m1");
      strictEqual(received[0]?.headers.get("content-type"), "application/json");
      const [response] = await sql`
        select status_code, content, headers ->> 'x-answer' as header, timed_out, error_msg
        from net._http_response`;
      deepStrictEqual({ ...response }, {
        status_code: 410,
        content: "gone",
        header: "1",
        timed_out: false,
        error_msg: null,
      });
      deepStrictEqual([...await sql`select from net.http_request_queue`], []);
    });
  }));

Deno.test("a call from SQL that reaches no server is recorded with the reason", () =>
  withStack({ clock: START, sandbox }, async ({ sql, advanceTo }) => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    listener.close();
    await sql`select net.http_get(${`http://127.0.0.1:${port}/`})`;
    await sql`select net.http_get('no address at all')`;
    await advanceTo(at("06:01:00"));
    const rows =
      await sql`select status_code, timed_out, error_msg from net._http_response order by id`;
    strictEqual(rows.length, 2);
    for (const row of rows) {
      strictEqual(row.status_code, null);
      strictEqual(row.timed_out, false);
      ok(row.error_msg.length > 5);
    }
  }));

Deno.test("a call from SQL times out on the stack's own clock", () =>
  withStack({ clock: START, sandbox }, async ({ sql, ready, keys, advanceTo }) => {
    await fetch(`${ready.braze_url}/_sandbox/switches`, {
      method: "PATCH",
      body: JSON.stringify({
        faults: [{
          endpoint: "/campaigns/details",
          kind: "latency",
          latency_ms: 20_000,
          probability: 1,
        }],
      }),
    }).then(async (response) => strictEqual(response.status, 200, await response.text()));
    await sql`
      select net.http_get(
        ${`${ready.braze_url}/campaigns/details?campaign_id=${keys.campaignId}`},
        headers := ${sql.json({ authorization: `Bearer ${keys.brazeApiKey}` })},
        timeout_milliseconds := 8000
      )`;
    await advanceTo(at("06:00:07"));
    deepStrictEqual([...await sql`select from net._http_response`], []);
    await advanceTo(at("06:00:08"));
    const [row] =
      await sql`select status_code, timed_out, error_msg, created from net._http_response`;
    deepStrictEqual({ ...row }, {
      status_code: null,
      timed_out: true,
      error_msg: "Timeout of 8000 ms reached",
      created: at("06:00:08"),
    });
  }));

Deno.test("a call from SQL is sent without an advance of the clock", () =>
  withStack({ clock: START, sandbox }, async ({ sql }) => {
    const received = Promise.withResolvers<void>();
    const answer = () => {
      received.resolve();
      return Promise.resolve(new Response("ok"));
    };
    await withReceiver(answer, async (url) => {
      await sql`select net.http_get(${url})`;
      await received.promise;
    });
  }));

Deno.test("an operator's token is accepted by a function and the API, as the user it names", () =>
  withStack({ clock: START, sandbox }, async (stack) => {
    const { ready } = stack;
    const minted = await fetch(`${ready.control_url}/operator-token`);
    const { token } = await minted.json();
    const call = async (authorization: string) => {
      const response = await fetch(`${ready.functions_url}/braze-scheduler`, {
        method: "POST",
        headers: {
          authorization,
          "content-type": "application/json",
          apikey: ready.publishable_key,
        },
        body: '{"dry_run": true}',
      });
      await response.body?.cancel();
      return response.status;
    };
    strictEqual(await call(`Bearer ${token}`), 200);
    strictEqual(await call(`Bearer ${await stack.operatorToken({ role: null })}`), 403);
    strictEqual(await call(`Bearer ${token.slice(0, -4)}AAAA`), 401);
  }));

Deno.test("PostgREST knows each key by its role, with the time-outs of a hosted project", () =>
  withRest(async ({ sql, service, anyone, signedIn }) => {
    await sql`
      create function public.who() returns text language sql as
      $$ select current_user || ' ' || current_setting('statement_timeout') || ' ' || coalesce(auth.jwt() ->> 'email', '-') $$`;
    await sql`grant execute on function public.who() to anon, authenticated, service_role`;
    await sql`notify pgrst, 'reload schema'`;
    // The function is not in the generated types: it exists in this test only.
    const who = async (client: typeof service) => {
      for (let attempt = 0; attempt < 100; attempt++) {
        const { data } = await client.rpc("who" as never);
        if (data !== null) return data as string;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      throw new Error("PostgREST does not notice the new function");
    };
    strictEqual(await who(service), "service_role 8s -");
    strictEqual(await who(anyone), "anon 3s -");
    strictEqual(await who(await signedIn()), "authenticated 8s operator@example.com");
  }));

Deno.test("each request of the stack is reported with method, path, status and caller", async () => {
  const lines: string[] = [];
  await withStack({
    clock: START,
    sandbox,
    onRequest: ({ server, method, path, status, who }) =>
      lines.push(`${server} ${method} ${path} ${status} ${who}`),
  }, async ({ ready }) => {
    for (const headers of [{ apikey: ready.secret_key }, { apikey: "sb_secret_wrong" }]) {
      const response = await fetch(`${ready.rest_url}/matches?limit=0`, { headers });
      await response.body?.cancel();
    }
    const response = await fetch(`${ready.braze_url}/segments/list`);
    await response.body?.cancel();
  });
  deepStrictEqual(lines, [
    "supabase GET /rest/v1/matches 200 secret key",
    "supabase GET /rest/v1/matches 401 unknown caller",
    "braze GET /segments/list 401 unknown caller",
  ]);
});
