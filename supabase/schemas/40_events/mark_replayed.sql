-- Records which rejects were replayed.

create function public.mark_replayed(p_digests text[], p_now timestamptz)
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
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
revoke all on function public.mark_replayed(text[], timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.mark_replayed(text[], timestamptz) to service_role;
