-- Let private.store_rejects keep a body under a digest that it is told, when less is kept than came.
--
-- So the same bytes, should they come again, meet what an erasure has left of them.

create or replace function private.store_rejects(p_rejects jsonb, p_now timestamptz)
returns void
language sql
volatile
security invoker
set search_path = ''
as $$
  insert into public.webhook_rejects as known
    (digest, body, reason, content_type, first_received_at, last_received_at, occurrences)
  select
    digest, (pg_catalog.array_agg(told.body))[1], min(told.reason), min(told.content_type), p_now, p_now, count(*)
  from (
    select
      coalesce(
        pg_catalog.decode(reject.digest, 'hex'), pg_catalog.sha256(pg_catalog.decode(reject.body_base64, 'base64'))
      ) as digest,
      pg_catalog.decode(reject.body_base64, 'base64') as body,
      reject.reason,
      reject.content_type
    from pg_catalog.jsonb_to_recordset(p_rejects) as reject (body_base64 text, digest text, reason text, content_type text)
  ) as told
  group by digest
  order by digest
  on conflict (digest) do update
  set last_received_at = excluded.last_received_at,
    occurrences = known.occurrences + excluded.occurrences,
    reason = excluded.reason;
$$;

comment on function private.store_rejects(jsonb, timestamptz) is
  'Keeps [{body_base64, reason, content_type}]; the same content counts up instead of adding a row. Where told, the digest that the body is kept under.';
