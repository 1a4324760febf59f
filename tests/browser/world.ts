/** The demo's matchday, run up to its Saturday afternoon, with the dashboard. */
import { matchday, START } from "../../local/demo/matchday.ts";
import { createFaultInjection } from "../../local/demo/fault_injection.ts";
import { type DashboardServer, startDashboard } from "../../local/stack/dashboard.ts";
import { SEED } from "../../local/stack/project.ts";
import type { Stack } from "../../local/stack/stack.ts";
import { withStack } from "../support/database.ts";
import { NOW } from "./now.ts";

/** The campaign has just been stopped. */
const STOPPED_AT = new Date("2024-12-07T16:18:00Z");
const USERS = 2_000;

export interface World {
  readonly stack: Stack;
  /** For an operator, for a user without the operator role, and without a session. */
  readonly pages: Readonly<Record<"operator" | "user" | "nobody", string>>;
}

export async function withWorld(run: (world: World) => Promise<void>): Promise<void> {
  const servers: Record<keyof World["pages"], DashboardServer> = {
    operator: startDashboard(),
    user: startDashboard(),
    nobody: startDashboard(),
  };
  const origins = Object.values(servers).map((server) => server.origins).join(",");
  try {
    await withStack({
      clock: START,
      seed: SEED,
      sandbox: {
        seed: 15,
        users: { count: USERS },
        switches: { listingMode: "per_schedule", schedulesReturnOnResume: true },
      },
      env: { OPERATOR_ORIGINS: origins },
    }, async (stack) => {
      await matchday(stack, { say() {}, width: Infinity }, STOPPED_AT);
      await createFaultInjection(stack).campaign("stopped");
      await stack.advanceTo(NOW);
      await rollUpTheDay(stack);
      await insertDoublePushAlert(stack);
      const project = {
        apiUrl: stack.ready.api_url,
        publishableKey: stack.ready.publishable_key,
        now: () => stack.timeline.now(),
        isVirtual: true,
      };
      servers.operator.show({ ...project, token: () => stack.operatorToken() });
      servers.user.show({ ...project, token: () => stack.operatorToken({ role: null }) });
      servers.nobody.show(project);
      await run({
        stack,
        pages: {
          operator: servers.operator.url,
          user: servers.user.url,
          nobody: servers.nobody.url,
        },
      });
    });
  } finally {
    for (const server of Object.values(servers)) await server.close();
  }
}

/** Called by hand, since its scheduled time is at night. */
async function rollUpTheDay({ ready }: Stack): Promise<void> {
  const date = NOW.toISOString().slice(0, 10);
  const response = await fetch(`${ready.functions_url}/webhook-health-rollup`, {
    method: "POST",
    headers: { apikey: ready.secret_key },
    body: JSON.stringify({ from: date, to: date }),
  });
  const answer = await response.text();
  if (!response.ok) throw new Error(`Cannot roll up ${date}: got ${response.status} ${answer}`);
}

/** The person of the demo deletes the second schedule in time, so no double push occurs: the alert is inserted by hand. */
async function insertDoublePushAlert({ sql, timeline }: Stack): Promise<void> {
  const details = { users: 2, sends: 4, sample_users: ["user-7", "user-8"] };
  await sql`
    insert into public.alerts
      (fingerprint, rule, kind, severity, audience, title, details, match_id, first_seen_at, last_seen_at)
    values ('double_push:1004', 'double_push', 'harm', 'critical', 'admin',
      private.match_title(1004) || ' was pushed more than once to 2 users', ${
    sql.json(details)
  }, 1004,
      ${timeline.now()}, ${timeline.now()})`;
  await sql`update public.schedule_ledger set double_push_users = 2 where match_id = 1004`;
}
