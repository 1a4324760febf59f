import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { minutes, only, type Suite, withSuite } from "./fixtures.ts";
import { openAlerts } from "./observing.ts";

type Kind = "answered" | "refused" | "ill";

function record(
  { call }: Suite,
  minute: number,
  answers: Readonly<Record<string, Kind>>,
  functionName = "braze-preflight-check",
) {
  return call("record_braze_answers", {
    p_function: functionName,
    p_answers: Object.entries(answers).map(([operation, kind]) => ({
      operation,
      permission: `permission.of.${operation.replace(" ", "_")}`,
      kind,
      http_status: kind === "refused" ? 401 : kind === "ill" ? 503 : 200,
      reason: kind === "ill" ? "server_error" : null,
      detail: kind,
    })),
    p_now: minutes(minute),
  });
}

const severityOf = async ({ sql }: Suite, fingerprint: string) =>
  only(
    await sql`
    select severity from public.alerts where fingerprint = ${fingerprint} and resolved_at is null`,
  )
    .severity;

Deno.test(
  "record_braze_answers() tells of a refusal at once, by its permission, until an answer shows it granted",
  withSuite(async (suite) => {
    await record(suite, 0, { "read campaign": "refused", "list things": "answered" });
    deepStrictEqual(await openAlerts(suite), ["braze_refused:read_campaign"]);
    const { title } = only(await suite.sql`select title from public.alerts`);
    strictEqual(String(title).includes("permission.of.read_campaign"), true);
    strictEqual(await severityOf(suite, "braze_refused:read_campaign"), "warning");
    await record(suite, 5, { "read campaign": "ill" });
    deepStrictEqual(await openAlerts(suite), ["braze_refused:read_campaign"], "nothing is known");
    await record(suite, 10, { "read campaign": "answered" }, "braze-reconcile");
    deepStrictEqual(await openAlerts(suite), []);
  }),
);

Deno.test(
  "record_braze_answers() calls the refusal of a create critical, and that of everything",
  withSuite(async (suite) => {
    await record(suite, 0, { "create schedule": "refused", "list things": "answered" });
    strictEqual(await severityOf(suite, "braze_refused:create_schedule"), "critical");
    await record(suite, 5, { "list things": "refused", "read campaign": "refused" });
    strictEqual(await severityOf(suite, "braze_refused:list_things"), "critical");
    await record(suite, 10, { "list things": "answered", "read campaign": "refused" });
    strictEqual(await severityOf(suite, "braze_refused:read_campaign"), "warning");
  }),
);

Deno.test(
  "record_braze_answers() tells of an ill Braze after the second run of a function in a row",
  withSuite(async (suite) => {
    const ill = { "create schedule": "ill" } as const;
    await record(suite, 0, ill);
    await record(suite, 1, ill, "braze-reconcile");
    deepStrictEqual(await openAlerts(suite), [], "one run of each");
    await record(suite, 5, { "create schedule": "answered" });
    await record(suite, 10, ill);
    deepStrictEqual(await openAlerts(suite), []);
    await record(suite, 15, ill);
    deepStrictEqual(await openAlerts(suite), ["braze_unavailable:create_schedule"]);
    strictEqual(await severityOf(suite, "braze_unavailable:create_schedule"), "critical");
    // A run that did not ask shows nothing.
    await record(suite, 20, { "read campaign": "answered" });
    strictEqual((await openAlerts(suite)).length, 1);
    await record(suite, 25, { "create schedule": "answered" });
    deepStrictEqual(await openAlerts(suite), []);
  }),
);
