import { NOW, type Suite } from "./fixtures.ts";

export const ALERT = {
  fingerprint: "create_unknown:1001:1",
  rule: "create_unknown",
  severity: "warning",
  audience: "admin",
  title: "A create was not heard of again",
  details: {},
  match_id: 1001,
};

export interface Claimed {
  readonly claim: string;
  readonly alert_id: number;
  readonly kind: string;
  readonly severity: string;
  readonly attempts: number;
  readonly [name: string]: unknown;
}

export function raise({ call }: Suite, changes: Partial<typeof ALERT> = {}, now = NOW) {
  return call("raise_alerts", { p_alerts: [{ ...ALERT, ...changes }], p_now: now });
}

export function resolve({ call }: Suite, now: Date) {
  return call("sync_alerts", { p_rules: ["create_unknown"], p_alerts: [], p_now: now });
}

export function claim(
  { call }: Suite,
  now = NOW,
  changes: Record<string, unknown> = {},
): Promise<Claimed[]> {
  return call("claim_alert_deliveries", {
    p_channel: "webhook",
    p_limit: 100,
    p_claim_seconds: 60,
    p_attempts_max: 3,
    p_now: now,
    ...changes,
  });
}

export function record(
  { call }: Suite,
  claimed: readonly Claimed[],
  outcome: Record<string, unknown>,
  now = NOW,
): Promise<number> {
  return call("record_alert_delivery", {
    p_claim: claimed[0]?.claim,
    p_messages: claimed.map(({ alert_id, kind, severity }) => ({ alert_id, kind, severity })),
    p_now: now,
    ...outcome,
  });
}

export const TAKEN = { p_outcome: "delivered", p_channel: "webhook" };
export const kinds = (claimed: readonly Claimed[]) => claimed.map(({ kind }) => kind);

export async function deliverAll(suite: Suite, now = NOW): Promise<string[]> {
  const claimed = await claim(suite, now);
  if (claimed.length > 0) await record(suite, claimed, TAKEN, now);
  return kinds(claimed);
}
