/** The seven functions as they are served, and callers that send requests to each of them. */
import { deepStrictEqual } from "node:assert/strict";
import type { Stack } from "../../local/stack/stack.ts";
import { withSuite } from "../support/suite.ts";
import { contentsOf } from "./digest.ts";
import { type HttpRequest, inWords, sendRequest } from "./send_request.ts";

/** How each function is guarded: as pg_cron's and people's, as Braze's, or as a single push's. */
export const GUARDED: Readonly<Record<string, "timed" | "webhook" | "gate">> = {
  "braze-count-audit": "timed",
  "braze-preflight-check": "timed",
  "braze-reconcile": "timed",
  "braze-scheduler": "timed",
  "braze-send-gate": "gate",
  "braze-webhook": "webhook",
  "webhook-health-rollup": "timed",
};
export const NAMES = Object.keys(GUARDED);

export const LEGACY_KEY =
  "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoic2VydmljZV9yb2xlIn0.bGVnYWN5IHNlcnZpY2Uga2V5";
export const LEGACY_ANON_KEY = "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoiYW5vbiJ9.bGVnYWN5IGFub24ga2V5";
export const WEBHOOK = {
  next: "webhook-secret-that-is-being-rotated-in",
  former: "webhook-secret-that-is-rotated-out-soon",
  gone: "webhook-secret-that-was-rotated-out-once",
};
export const SIGNING = {
  former: `whsec_${btoa("the signing key before the rotation")}`,
  next: `whsec_${btoa("the signing key after the rotation.")}`,
  gone: `whsec_${btoa("a signing key that is not in use now")}`,
};

export const GATE = {
  next: "gate-secret-that-is-being-rotated-in",
  former: "gate-secret-that-is-rotated-out-soon",
  gone: "gate-secret-that-was-rotated-out-once",
};

export interface Row {
  readonly caller: string;
  readonly shows: (functionName: string) => HttpRequest | Promise<HttpRequest>;
  readonly timed: string;
  readonly webhook: string;
  /** By default the answer of the other functions to a refused caller, and `NOT_ALLOWED` to one that they let in. */
  readonly gate?: string;
}

export const NO = "401 no_credential";
export const BAD = "401 bad_credential";
export const NOT_ALLOWED = "403 not_allowed";
export const SEVERAL_CREDENTIALS = "401 several_credentials";

/** The answers to a caller that is let in; a replay gets an answer, but is not let in. */
const LET_IN = ["200", "202"];

/** Calls row by row, and checks that a refused caller changes nothing. */
export async function compare(
  stack: Stack,
  rows: readonly Row[],
  names: readonly string[] = NAMES,
): Promise<void> {
  const received: Record<string, Record<string, string>> = {};
  const expected: Record<string, Record<string, string>> = {};
  for (const row of rows) {
    const answers: Record<string, string> = {};
    for (const name of names) {
      const isGate = GUARDED[name] === "gate";
      const shown = { ...isGate ? { method: "GET" } : {}, ...await row.shows(name) };
      const before = await contentsOf(stack.sql);
      answers[name] = inWords(await sendRequest(`${stack.ready.functions_url}/${name}`, shown));
      if (LET_IN.includes(answers[name])) await stack.functions.idle();
      else deepStrictEqual(await contentsOf(stack.sql), before, `${row.caller} changed something`);
    }
    received[row.caller] = answers;
    expected[row.caller] = Object.fromEntries(names.map((name) => [name, answerOf(row, name)]));
  }
  deepStrictEqual(received, expected);
}

function answerOf(row: Row, name: string): string {
  const guard = GUARDED[name]!;
  if (guard !== "gate") return row[guard];
  return row.gate ?? (LET_IN.includes(row.timed) ? NOT_ALLOWED : row.timed);
}

export function withGuardedSuite(test: (stack: Stack) => Promise<void>): () => Promise<void> {
  return () =>
    withSuite({
      sandbox: { users: { count: 20 } },
      env: {
        SUPABASE_SERVICE_ROLE_KEY: LEGACY_KEY,
        SUPABASE_ANON_KEY: LEGACY_ANON_KEY,
        BRAZE_WEBHOOK_SECRETS: `${WEBHOOK.next},${WEBHOOK.former}`,
        CRON_SIGNING_SECRETS: `${SIGNING.next},${SIGNING.former}`,
        SEND_GATE_SECRETS: `${GATE.next},${GATE.former}`,
      },
    }, async (stack) => {
      await signWith(stack, SIGNING.former);
      await test(stack);
    });
}

export async function signWith({ sql }: Stack, secret: string): Promise<void> {
  await sql`
    select vault.update_secret(id, ${secret}) from vault.secrets where name = 'cron_signing_secret'`;
}
