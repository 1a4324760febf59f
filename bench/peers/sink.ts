/** The table for the floor and the queues' workers, with the minimum of columns for an event. */
import type { Pool } from "pg";
import type { Event } from "./serve.ts";

const INSERT = `
  insert into public.events (event_id, event_type, external_user_id, campaign_id, dispatch_id, send_id, sent_at, raw)
  select item.event ->> 'id', item.event ->> 'event_type', item.event #>> '{user,external_user_id}',
    item.event #>> '{properties,campaign_id}', item.event #>> '{properties,dispatch_id}',
    item.event #>> '{properties,send_id}', to_timestamp((item.event ->> 'time')::double precision), item.event
  from jsonb_array_elements($1::jsonb) as item (event)
  -- In key order, since two such statements could otherwise deadlock.
  order by item.event ->> 'id'
  on conflict (event_id) do nothing`;

export async function createSink(pool: Pool): Promise<void> {
  await pool.query(`
    create table if not exists public.events (
      event_id text primary key, event_type text not null, external_user_id text, campaign_id text,
      dispatch_id text, send_id text, sent_at timestamptz not null, raw jsonb not null)`);
}

export async function insertAll(pool: Pool, events: readonly Event[]): Promise<void> {
  await pool.query({ name: "insert-all", text: INSERT, values: [JSON.stringify(events)] });
}

export async function insertOne(pool: Pool, event: Event): Promise<void> {
  await pool.query({
    name: "insert-one",
    text: `
      insert into public.events (event_id, event_type, external_user_id, campaign_id, dispatch_id, send_id, sent_at, raw)
      values ($1, $2, $3, $4, $5, $6, to_timestamp($7::double precision), $8)
      on conflict (event_id) do nothing`,
    values: [
      event.id,
      event.event_type,
      event.user.external_user_id,
      event.properties.campaign_id,
      event.properties.dispatch_id,
      event.properties.send_id,
      event.time,
      JSON.stringify(event),
    ],
  });
}
