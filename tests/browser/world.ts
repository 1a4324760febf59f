/** The demo's matchday, lived through to the afternoon of its Saturday, with the dashboard beside it. */
import { createCounter } from "../../local/demo/counter.ts";
import { matchday, START } from "../../local/demo/matchday.ts";
import { type DashboardServer, startDashboard } from "../../local/dashboard.ts";
import { SEED } from "../../local/project.ts";
import type { Stack } from "../../local/stack.ts";
import { withStack } from "../support/database.ts";

/** Three pushes of the day are out, one is due in 25 minutes. */
export const NOW = new Date("2024-12-07T16:05:00Z");
const USERS = 2_000;

export interface World {
  readonly stack: Stack;
  /** As an operator, as a user who is none, and with nobody signed in. */
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
      await matchday(stack, createCounter(), () => {}, NOW);
      await rollUpTheDay(stack);
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

/** By hand: its own time is at night. */
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
