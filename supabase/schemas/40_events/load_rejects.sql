-- Rejects to be replayed after a fix.

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
set jit = off
as $$
  with kept as (
    select reject.digest, reject.body, reject.content_type, reject.first_received_at
    from public.webhook_rejects as reject
    where reject.replayed_at is null
      and (p_reason_like is null or reject.reason like p_reason_like)
      -- The order by digest is arbitrary and stable while new rejects arrive.
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
revoke all on function public.load_rejects(integer, integer, text, text) from public, anon, authenticated, service_role;
grant execute on function public.load_rejects(integer, integer, text, text) to service_role;
