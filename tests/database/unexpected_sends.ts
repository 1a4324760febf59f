import { ingest, proving } from "./events.ts";
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
    events: [
      proving(crypto.randomUUID(), { ledger_id, generation }, { sent_at: SENT_AT }),
    ],
    now,
  });
}

export async function alerts({ sql }: Suite) {
  const rows = await sql`
    select fingerprint, kind, severity, title, occurrences, match_id::int, resolved_at is null as is_open
    from public.alerts order by id`;
  return rows.map((row) => ({ ...row }));
}

/** The state after a confirmed delete whose schedule Braze sent nevertheless. */
export async function markDeleted({ sql }: Suite, { ledger_id }: OpenedCreate) {
  await sql`update public.braze_schedules set state = 'deleted' where ledger_id = ${ledger_id}`;
  await sql`
    insert into public.schedule_attempts
      (id, run_id, kind, reason, match_id, ledger_id, generation, request, opened_at, closed_at, outcome)
    select gen_random_uuid(), run_id, 'delete', 'plan', match_id, ledger_id, generation, '{}', opened_at, opened_at, 'succeeded'
    from public.schedule_attempts where ledger_id = ${ledger_id} and kind = 'create'`;
}
