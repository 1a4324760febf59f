/** A sandbox on a frozen clock, and helpers for its tests. */
import { ok } from "node:assert/strict";
import { createSandbox, type Sandbox } from "../../../../local/braze_sandbox/sandbox.ts";
import type { SwitchesPatch } from "../../../../local/braze_sandbox/switches.ts";
import { FakeTimeline } from "./fake_timeline.ts";

export const CAMPAIGN_ID = "0f3b7c1e-1111-4c2a-9a00-5d5e6f7a8b90";
export const API_KEY = "test-key";
export const START = "2024-12-07T06:00:00Z";

const CREATE = "/campaigns/trigger/schedule/create";

export const TEAMS = [
  { value: "Everton", weight: 2 },
  { value: "Liverpool", weight: 5 },
  { value: "Fulham", weight: 1 },
];

export const LIVERPOOL_FANS = teamAudience("Liverpool");

export function teamAudience(team: string): unknown {
  return {
    OR: ["Team 1", "Team 2", "Team 3"].map((attribute) => ({
      custom_attribute: {
        custom_attribute_name: attribute,
        comparison: "equals",
        value: team,
      },
    })),
  };
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  // deno-lint-ignore no-explicit-any -- bodies of many shapes, each asserted where it is read
  readonly body: any;
}

export interface World {
  readonly sandbox: Sandbox;
  readonly timeline: FakeTimeline;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Answered>;
  get(path: string): Promise<Answered>;
  patch(path: string, body: unknown): Promise<Answered>;
  /** Creates a schedule that is expected to be accepted, and gives its id. */
  schedule(overrides?: Record<string, unknown>): Promise<string>;
}

export function world(
  switches: SwitchesPatch = {},
  options: { count?: number; seed?: number; deliveriesAtOnce?: number } = {},
): World {
  const timeline = new FakeTimeline(START);
  const sandbox = createSandbox({
    timeline,
    seed: options.seed ?? 1,
    apiKey: API_KEY,
    campaignId: CAMPAIGN_ID,
    users: { count: options.count ?? 300, seed: 7, teams: TEAMS },
    switches,
    deliverTo: {
      url: "http://receiver.test/functions/v1/braze-webhook",
      headers: {
        currents: { authorization: "Bearer hook" },
        webhook: { "x-webhook-secret": "hook" },
      },
    },
    deliveriesAtOnce: options.deliveriesAtOnce ?? 4,
    gateUrl: "http://receiver.test/functions/v1/braze-send-gate",
  });
  const call = async (method: string, path: string, init: RequestInit): Promise<Answered> => {
    const response = await sandbox.handle(
      new Request(`http://braze.test${path}`, { method, ...init }),
    );
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.includes("json") === true;
    return {
      status: response.status,
      headers: response.headers,
      body: isJson ? JSON.parse(text) : text,
    };
  };
  const authorization = `Bearer ${API_KEY}`;
  const made: World = {
    sandbox,
    timeline,
    post: (path, body, headers = {}) =>
      call("POST", path, {
        body: typeof body === "string" ? body : JSON.stringify(body),
        headers: { authorization, "content-type": "application/json", ...headers },
      }),
    get: (path) => call("GET", path, { headers: { authorization } }),
    patch: (path, body) => call("PATCH", path, { body: JSON.stringify(body) }),
    async schedule(overrides = {}) {
      const { status, body } = await made.post(CREATE, order(overrides));
      ok(status === 201, `${status} ${JSON.stringify(body)}`);
      return body.schedule_id;
    },
  };
  return made;
}

export function order(overrides: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    campaign_id: CAMPAIGN_ID,
    broadcast: false,
    audience: LIVERPOOL_FANS,
    trigger_properties: { match_id: 1001, ledger_id: "led-1", generation: 1 },
    schedule: { time: "2024-12-07T11:30:00Z" },
    ...overrides,
  };
}

interface WireEvent {
  readonly event_type: string;
  readonly id: string;
  readonly time: number;
  readonly user: Record<string, string>;
  readonly properties: Record<string, string>;
}

/** Every Currents event in every batch that was posted, copies included. */
export function postedEvents({ timeline }: World): WireEvent[] {
  return timeline.posted
    .filter(({ headers }) => headers.has("braze-currents-version"))
    .flatMap(({ body }) => JSON.parse(body).events);
}

export function count<T>(items: readonly T[], holds: (item: T) => boolean): number {
  return items.filter(holds).length;
}
