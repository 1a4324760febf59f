import { event, ingest } from "./events.ts";
import { minutes, type OpenedCreate, type Suite } from "./fixtures.ts";

/** Matches send 540 minutes after NOW. */
export const SENT_AT = minutes(541);

export function prove(
  suite: Suite,
  { ledger_id }: OpenedCreate,
  generation: number,
  now = SENT_AT,
) {
  return ingest(suite, {
    events: [event(`event-${generation}`, {
      sent_at: SENT_AT,
      match_id: 1001,
      ledger_id,
      generation,
      correlation_method: "ledger_id",
      confidence: "high",
    })],
    proofs: [{ ledger_id, generation, proof: "push", dispatch_id: null, send_id: null }],
    now,
  });
}

export async function alerts({ sql }: Suite) {
  const rows = await sql`
    select fingerprint, severity, title, occurrences, match_id::int, resolved_at is null as is_open
    from public.alerts order by id`;
  return rows.map((row) => ({ ...row }));
}

/** The state after a confirmed delete whose schedule Braze sent nevertheless. */
export async function markDeleted({ sql }: Suite, { ledger_id }: OpenedCreate) {
  await sql`update public.braze_schedules set state = 'deleted' where ledger_id = ${ledger_id}`;
}
