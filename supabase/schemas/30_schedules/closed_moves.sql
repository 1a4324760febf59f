-- Moves of a match after its push about which a person has chosen: it is not asked again.

create function private.closed_moves(p_match_id bigint)
returns jsonb
language plpgsql
stable
security invoker
set search_path = ''
set jit = off
as $$
begin
  return (
    select coalesce(pg_catalog.jsonb_agg(distinct harm.details ->> 'would_send_at'), '[]')
    from public.alerts as harm
    where harm.rule = 'sent_for_old_date' and harm.match_id = p_match_id and harm.resolved_at is not null
      and harm.details ->> 'would_send_at' is not null
  );
end;
$$;

comment on function private.closed_moves(bigint) is
  'The times of pushes that a match would have had after its push, of which a person closed the harm.';
revoke all on function private.closed_moves(bigint) from public, anon, authenticated, service_role;
grant execute on function private.closed_moves(bigint) to service_role;
