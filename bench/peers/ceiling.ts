/**
 * The ceiling: one set-based insert per request with `pg` into the suite's own table, with all its indexes and
 * constraints. It attributes by the echo only, and neither looks up nor registers identifiers nor counts.
 */
import pg from "pg";
import { CONNECTIONS, readArguments, readEvents, serve } from "./serve.ts";

const INSERT = `
  insert into public.notification_sends (
    sent_at, event_id, event_type, channel, external_user_id, device_id, match_id, ledger_id, generation, campaign_id,
    dispatch_id, send_id, received_at, time_kind, correlation_method, confidence, candidate_count, raw_payload)
  select event.sent_at, event.event_id, 'send', 'push', event.external_user_id, event.device_id, event.match_id,
    event.ledger_id, event.generation, event.campaign_id, event.dispatch_id, event.send_id, now(), 'send', 'ledger_id', 'high',
    1, event.raw_payload
  from jsonb_to_recordset($1::jsonb) as event (
    sent_at timestamptz, event_id text, external_user_id text, device_id text, match_id bigint, ledger_id uuid,
    generation integer, campaign_id text, dispatch_id text, send_id text, raw_payload jsonb)
  order by event.sent_at, event.event_id
  on conflict (sent_at, event_id) do nothing`;

const { port, databaseUrl } = readArguments();
const pool = new pg.Pool({ connectionString: databaseUrl, max: CONNECTIONS });

serve(port, async (request) => {
  const rows = (await readEvents(request)).map((event) => {
    const { user, properties } = event;
    return {
      sent_at: new Date(event.time * 1_000),
      event_id: event.id,
      external_user_id: user.external_user_id,
      device_id: user.device_id,
      campaign_id: properties.campaign_id,
      dispatch_id: properties.dispatch_id,
      send_id: properties.send_id,
      ...JSON.parse(String(properties.message_extras)),
      raw_payload: event,
    };
  });
  await pool.query({ name: "insert-all", text: INSERT, values: [JSON.stringify(rows)] });
}, () => pool.end());
