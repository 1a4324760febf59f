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
    time_kind: "send",
    claim: null,
    event_type: "send",
    channel: "push",
    external_user_id: "user-1",
    braze_user_id: null,
    device_id: "device-1",
    campaign_id: CAMPAIGN,
    canvas_id: null,
    braze_schedule_id: null,
    send_id: null,
    dispatch_id: null,
    echoed_ledger_id: null,
    echoed_match_id: null,
    echoed_generation: null,
    echoed_attempt_id: null,
    has_foreign_extras: false,
    match_id: null,
    ledger_id: null,
    generation: null,
    correlation_method: "no_candidate",
    confidence: "none",
    timing: null,
    proof: null,
    time_diff_ms: null,
    candidate_count: 0,
    candidate_match_ids: null,
    identifiers: [],
    raw_payload: { id },
    ...fields,
  };
}

/** A push event that proves a schedule. */
export function proving(
  id: string,
  { match_id = 1001, ledger_id, generation }: {
    readonly match_id?: number;
    readonly ledger_id: string;
    readonly generation: number | null;
  },
  fields: Readonly<Record<string, unknown>> & { readonly sent_at?: Date } = {},
): StoredEvent {
  return event(id, {
    match_id,
    ledger_id,
    generation,
    correlation_method: "ledger_id",
    confidence: "high",
    timing: "in_window",
    proof: "push",
    candidate_count: 1,
    ...fields,
  });
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
  readonly registered: number;
}

export interface Batch {
  readonly events?: readonly StoredEvent[];
  readonly rejects?: readonly Record<string, unknown>[];
  readonly now?: Date;
}

export function ingest({ call }: Suite, batch: Batch): Promise<Receipt> {
  return call("ingest_events", {
    p_events: batch.events ?? [],
    p_rejects: batch.rejects ?? [],
    p_run_id: crypto.randomUUID(),
    p_now: batch.now ?? NOW,
  });
}

export function reject(body: string, reason = "Not JSON"): Record<string, unknown> {
  return { body_base64: btoa(body), reason, content_type: "text/plain" };
}

/** The arguments of ingest_identified_events() for events of one kind. */
export function columnsOf(
  kind: Readonly<Record<string, unknown>>,
  events: readonly StoredEvent[],
  now: Date,
) {
  const column = (name: string) => events.map((event) => event[name] ?? null);
  return {
    p_kinds: [{
      event_type: "send",
      channel: "push",
      time_kind: "send",
      campaign_id: CAMPAIGN,
      proof: "push",
      echoed_ledger_id: kind.ledger_id,
      echoed_generation: String(kind.generation),
      ...kind,
    }],
    p_kind: events.map(() => 1),
    p_event_id: column("event_id"),
    p_sent_at: events.map((event) => event.sent_at.toISOString()),
    p_claim: column("claim"),
    p_external_user_id: column("external_user_id"),
    p_braze_user_id: column("braze_user_id"),
    p_device_id: column("device_id"),
    p_payload: column("raw_payload"),
    p_copies: null,
    p_window_seconds: 86_400,
    p_run_id: crypto.randomUUID(),
    p_now: now,
  };
}
