/** Helpers for tests of braze-reconcile over the whole stack: Braze's API and dashboard, and the results. */
import { strictEqual } from "node:assert/strict";
import { addMinutes } from "date-fns";
import type { Stack } from "../../local/stack/stack.ts";
import type { SwitchesPatch } from "../../local/braze_sandbox/switches.ts";
import { type Answer, call } from "./suite.ts";

export const DELETE = "/campaigns/trigger/schedule/delete";
export const CREATE = "/campaigns/trigger/schedule/create";
export const UPDATE = "/campaigns/trigger/schedule/update";
export const STATISTICS = "/sends/data_series";
export const LISTING = "/messages/scheduled_broadcasts";

/** The modes of Braze's list: each schedule, one entry per campaign, or nothing created through the API. */
export const LISTING_MODES = ["per_schedule", "per_campaign", "omit"] as const;
export type ListingMode = typeof LISTING_MODES[number];
export const BLIND_MODES = LISTING_MODES.filter((mode) => mode !== "per_schedule");

export function withListing(
  listingMode: ListingMode,
  switches: SwitchesPatch = {},
): { readonly users: { readonly count: number }; readonly switches: SwitchesPatch } {
  return { users: { count: 60 }, switches: { listingMode, ...switches } };
}

// deno-lint-ignore no-explicit-any -- a test reads what it expects and fails if it is not there
export async function reconcile(stack: Stack, body: unknown = {}): Promise<any> {
  const answer: Answer = await call(stack, "braze-reconcile", body);
  strictEqual(answer.status, 200, JSON.stringify(answer.body));
  strictEqual(answer.body.outcome === "failed", false, JSON.stringify(answer.body));
  return answer.body;
}

export async function later(stack: Stack, minutes: number): Promise<void> {
  await stack.advanceTo(addMinutes(stack.timeline.now(), minutes));
}

export function set({ sandbox }: Stack, switches: SwitchesPatch): void {
  sandbox.model.switchboard.set(switches);
}

/** What a person does in Braze's dashboard. */
export async function inDashboard(
  { ready }: Stack,
  action: "dashboard/create" | "dashboard/cancel" | "campaign",
  body: unknown,
): Promise<{ readonly schedule_id: string }> {
  const response = await fetch(`${ready.braze_url}/_sandbox/${action}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`Cannot ${action}: ${await response.text()}`);
  return await response.json();
}

/** A second schedule of a match, created by hand. */
export async function duplicateByHand(
  stack: Stack,
  matchId: number,
  sendAt = "2024-12-07T14:00:00Z",
): Promise<string> {
  const { schedule_id } = await inDashboard(stack, "dashboard/create", {
    send_at: sendAt,
    trigger_properties: { match_id: String(matchId) },
  });
  return schedule_id;
}

/** The states of all schedules that were ever requested from Braze, by id. */
export function statesOf({ sandbox }: Stack): Record<string, string> {
  return Object.fromEntries(sandbox.model.schedules.all.map(({ id, state }) => [id, state]));
}

export interface AlertLine {
  readonly fingerprint: string;
  readonly severity: string;
  readonly occurrences: number;
  readonly is_open: boolean;
}

export async function alertsOf({ sql }: Stack, rule: string): Promise<AlertLine[]> {
  const rows = await sql<AlertLine[]>`
    select fingerprint, severity, occurrences, resolved_at is null as is_open
    from public.alerts where rule = ${rule} order by fingerprint, id`;
  return rows.map((row) => ({ ...row }));
}

// deno-lint-ignore no-explicit-any -- as above
export async function logsOf({ sql }: Stack, action: string): Promise<any[]> {
  const rows = await sql`
    select action, reason, match_id::int, details, logged_at
    from public.scheduler_logs where action = ${action} order by id`;
  return rows.map((row) => ({ ...row }));
}
