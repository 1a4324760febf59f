/**
 * The ceiling: one set-based insert a request with `pg` into the very table of the suite, with all its indexes and
 * constraints. It attributes by the echo alone, looks nothing up, learns nothing and counts nothing.
 */
import pg from "pg";
import { CONNECTIONS, readArguments, readEvents, serve } from "./serve.ts";

const INSERT = `
  insert into public.notification_sends (
    sent_at, event_id, event_type, channel, external_user_id, device_id, match_id, ledger_id, generation, campaign_id,
    dispatch_id, send_id, received_at, time_is_send_time, correlation_method, confidence, candidate_count, raw_payload)
  select told.sent_at, told.event_id, 'send', 'push', told.external_user_id, told.device_id, told.match_id,
    told.ledger_id, told.generation, told.campaign_id, told.dispatch_id, told.send_id, now(), true, 'ledger_id', 'high',
    1, told.raw_payload
  from jsonb_to_recordset($1::jsonb) as told (
    sent_at timestamptz, event_id text, external_user_id text, device_id text, match_id bigint, ledger_id uuid,
    generation integer, campaign_id text, dispatch_id text, send_id text, raw_payload jsonb)
  order by told.sent_at, told.event_id
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
