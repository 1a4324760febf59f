-- Create public.load_rejects and public.mark_replayed: what could not be understood is read again after a fix.

create function public.load_rejects(
  p_limit integer,
  p_bytes_max integer,
  p_reason_like text default null,
  p_after text default null
)
returns jsonb
language sql
stable
security invoker
set search_path = ''
as $$
  with kept as (
    select reject.digest, reject.body, reject.content_type, reject.first_received_at
    from public.webhook_rejects as reject
    where reject.replayed_at is null
      and (p_reason_like is null or reject.reason like p_reason_like)
      -- The order of the digests is nobody's, and stays the same while new rejects come in.
      and (p_after is null or reject.digest > pg_catalog.decode(p_after, 'hex'))
    order by reject.digest
    limit p_limit
  ),
  fitting as (
    select kept.*, sum(pg_catalog.length(kept.body)) over (order by kept.digest) - pg_catalog.length(kept.body) as bytes_before
    from kept
  )
  select pg_catalog.jsonb_build_object(
    'rejects', coalesce((
      select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
        'digest', pg_catalog.encode(digest, 'hex'),
        -- encode() breaks its lines.
        'body_base64', pg_catalog.replace(pg_catalog.encode(body, 'base64'), E'\n', ''),
        'content_type', content_type,
        'first_received_at', first_received_at
      ) order by digest)
      from fitting
      where bytes_before < p_bytes_max
    ), '[]'),
    'places', coalesce((
      select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('from', starts_at, 'until', ends_at) order by starts_at)
      from private.event_partitions
    ), '[]')
  );
$$;

comment on function public.load_rejects(integer, integer, text, text) is
  'Rejects not replayed yet, by digest from p_after on, some p_bytes_max of them; and the times for which there are partitions.';

revoke execute on function public.load_rejects(integer, integer, text, text) from public;
grant execute on function public.load_rejects(integer, integer, text, text) to service_role;

create function public.mark_replayed(p_digests text[], p_now timestamptz)
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  v_marked integer;
begin
  perform 1
  from public.webhook_rejects as reject
  where reject.digest in (select pg_catalog.decode(digest, 'hex') from pg_catalog.unnest(p_digests) as digest)
  order by reject.digest
  for update;

  update public.webhook_rejects as reject
  set replayed_at = p_now
  where reject.digest in (select pg_catalog.decode(digest, 'hex') from pg_catalog.unnest(p_digests) as digest)
    and reject.replayed_at is null;
  get diagnostics v_marked = row_count;
  return v_marked;
end;
$$;

comment on function public.mark_replayed(text[], timestamptz) is
  'Marks rejects whose events are stored now; returns how many were not marked before.';

revoke execute on function public.mark_replayed(text[], timestamptz) from public;
grant execute on function public.mark_replayed(text[], timestamptz) to service_role;
