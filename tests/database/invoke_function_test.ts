import { Buffer } from "node:buffer";
import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { Webhook } from "standardwebhooks";
import { only, seconds, type Suite, withSuite } from "./fixtures.ts";
import { holdQueue } from "./invoking.ts";

const SECRET = `whsec_${Buffer.from("a key of thirty-two bytes, about").toString("base64")}`;
/** Half a second: rounded, it would lie in the future. */
const CALLED_AT = new Date("2024-12-07T06:15:30.700Z");

const SECRETS = { project_url: "http://127.0.0.1:9", cron_signing_secret: SECRET };

/** The call and the queued request in one transaction that is rolled back: no worker ever sees it. */
async function invoke({ sql }: Suite, functionName = "braze-scheduler", calledAt = CALLED_AT) {
  const undo = new Error("Undo");
  let seen: Record<string, unknown> = {};
  await sql.begin(async (tx) => {
    const [{ id }] = await tx`
      select private.invoke_function(${functionName}, ${calledAt}) as id` as [{ id: string }];
    const [{ again }] = await tx`
      select private.invoke_function(${functionName}, ${calledAt}) as again` as [
      { again: string | null },
    ];
    seen = {
      again,
      request: only(await tx`select * from net.http_request_queue where id = ${id}`),
      run: only(await tx`select * from public.job_runs`),
      queued: (await tx`select 1 from net.http_request_queue`).length,
    };
    throw undo;
  }).catch((error) => {
    if (error !== undo) throw error;
  });
  return seen as {
    readonly again: string | null;
    readonly request: Record<string, unknown> & {
      readonly body: Uint8Array;
      readonly headers: Record<string, string>;
    };
    readonly run: Record<string, unknown>;
    readonly queued: number;
  };
}

Deno.test(
  "invoke_function() reads an address and a secret that were pasted with a line break",
  withSuite(async (suite) => {
    await holdQueue(suite, {
      project_url: ` ${SECRETS.project_url}\r\n`,
      cron_signing_secret: `\n${SECRET}\n`,
    });
    const { request } = await invoke(suite);
    strictEqual(request.url, `${SECRETS.project_url}/functions/v1/braze-scheduler`);
    const { headers } = request;
    strictEqual(
      headers["webhook-signature"],
      new Webhook(SECRET).sign(
        headers["webhook-id"] ?? "",
        new Date(Number(headers["webhook-timestamp"]) * 1_000),
        new TextDecoder().decode(request.body),
      ),
    );
  }),
);

Deno.test(
  "invoke_function() signs exactly the bytes that pg_net sends, as a Standard Webhooks library verifies them",
  withSuite(async (suite) => {
    await holdQueue(suite, SECRETS);
    const { request } = await invoke(suite);
    const { headers } = request;
    const body = new TextDecoder().decode(request.body);
    const timestamp = new Date(Number(headers["webhook-timestamp"]) * 1_000);
    strictEqual(
      headers["webhook-signature"],
      new Webhook(SECRET).sign(headers["webhook-id"] ?? "", timestamp, body),
    );
    deepStrictEqual(timestamp, new Date("2024-12-07T06:15:30Z"));
    deepStrictEqual(JSON.parse(body), {
      function: "braze-scheduler",
      scheduled_at: "2024-12-07T06:15:00Z",
    });
    strictEqual(headers["Content-Type"], "application/json");
    deepStrictEqual(
      [request.method, request.url],
      ["POST", "http://127.0.0.1:9/functions/v1/braze-scheduler"],
    );
  }),
);

Deno.test(
  "invoke_function() makes a signature that the receiver verifies at the current time",
  withSuite(async (suite) => {
    await holdQueue(suite, SECRETS);
    const [today] = await suite.sql`select clock_timestamp() as now`;
    const { request } = await invoke(suite, "braze-scheduler", today?.now);
    const body = new TextDecoder().decode(request.body);
    deepStrictEqual(new Webhook(SECRET).verify(body, request.headers), JSON.parse(body));
  }),
);

Deno.test(
  "invoke_function() records the scheduled time with its request once, even if cron runs it repeatedly",
  withSuite(async (suite) => {
    await holdQueue(suite, SECRETS);
    const { run, request, again, queued } = await invoke(suite);
    deepStrictEqual(
      [run.function_name, run.caller, run.outcome, run.scheduled_at, run.called_at, run.request_id],
      [
        "braze-scheduler",
        "cron",
        "called",
        new Date("2024-12-07T06:15:00Z"),
        CALLED_AT,
        request.id,
      ],
    );
    strictEqual(run.invocation_id, request.headers["webhook-id"]);
    deepStrictEqual([again, queued], [null, 1]);
  }),
);

Deno.test(
  "invoke_function() puts a signature into the queue, and no key",
  withSuite(async (suite) => {
    await holdQueue(suite, SECRETS);
    const { request } = await invoke(suite);
    deepStrictEqual(Object.keys(request.headers).sort(), [
      "Content-Type",
      "webhook-id",
      "webhook-signature",
      "webhook-timestamp",
    ]);
    strictEqual(JSON.stringify(request.headers).includes(SECRET.slice("whsec_".length)), false);
  }),
);

for (const missing of ["project_url", "cron_signing_secret"]) {
  Deno.test(
    `invoke_function() states what the Vault must hold if ${missing} is missing, and records nothing`,
    withSuite(async (suite) => {
      await holdQueue(
        suite,
        Object.fromEntries(Object.entries(SECRETS).filter(([name]) => name !== missing)),
      );
      await rejects(
        () => suite.sql`select private.invoke_function('braze-scheduler', ${seconds(0)})`,
        {
          message: "Cannot invoke braze-scheduler: " +
            "the Vault must hold project_url and cron_signing_secret",
        },
      );
      deepStrictEqual([...await suite.sql`select * from public.job_runs`], []);
    }),
  );
}
