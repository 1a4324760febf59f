/** Events as the webhook hands them to the database: judged already. */
import { CAMPAIGN, NOW, type Suite } from "./fixtures.ts";

export interface StoredEvent {
  readonly event_id: string;
  readonly sent_at: Date;
  readonly [column: string]: unknown;
}

/** A push event of the campaign that could not be attributed, unless overridden. */
export function event(
  id: string,
  fields: Readonly<Record<string, unknown>> & { readonly sent_at?: Date } = {},
): StoredEvent {
  return {
    event_id: id,
    sent_at: NOW,
    time_is_send_time: true,
    claim: null,
    event_type: "send",
    channel: "push",
    external_user_id: "user-1",
    device_id: "device-1",
    match_id: null,
    ledger_id: null,
    generation: null,
    braze_schedule_id: null,
    campaign_id: CAMPAIGN,
    dispatch_id: null,
    send_id: null,
    correlation_method: "no_candidate",
    confidence: "none",
    time_diff_ms: null,
    candidate_count: 0,
    candidate_match_ids: null,
    raw_payload: { id },
    ...fields,
  };
}

export interface Receipt {
  readonly received: number;
  readonly recorded: number;
  readonly duplicates: number;
  readonly rejected: number;
  readonly high: number;
  readonly medium: number;
  readonly low: number;
  readonly unattributed: number;
  readonly registered: readonly Record<string, unknown>[];
}

export interface Batch {
  readonly events?: readonly StoredEvent[];
  readonly rejects?: readonly Record<string, unknown>[];
  readonly identifiers?: readonly Record<string, unknown>[];
  readonly proofs?: readonly Record<string, unknown>[];
  readonly now?: Date;
}

export function ingest({ call }: Suite, batch: Batch): Promise<Receipt> {
  return call("ingest_events", {
    p_events: batch.events ?? [],
    p_rejects: batch.rejects ?? [],
    p_identifiers: batch.identifiers ?? [],
    p_proofs: batch.proofs ?? [],
    p_run_id: crypto.randomUUID(),
    p_now: batch.now ?? NOW,
  });
}

export function reject(body: string, reason = "Not JSON"): Record<string, unknown> {
  return { body_base64: btoa(body), reason, content_type: "text/plain" };
}
