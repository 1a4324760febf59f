-- What the stored events prove of a match.
--
-- A look-up of its own for each ledger row: where events are spread over several servers, no other table is joined to them.

create function private.first_proof(
  p_ledger_id uuid,
  p_generation integer,
  p_from timestamptz,
  p_until timestamptz,
  out proof public.send_proof,
  out generation integer,
  out timing public.send_timing,
  out dispatch_id text,
  out send_id text
)
returns record
language plpgsql
stable
security invoker
set search_path = ''
set jit = off
as $$
begin
  select event.proof, event.generation, event.timing, event.dispatch_id, event.send_id
  into proof, generation, timing, dispatch_id, send_id
  from public.notification_sends as event
  where event.ledger_id = p_ledger_id and event.proof is not null
    and coalesce(event.generation, p_generation) = p_generation
    and event.sent_at >= p_from and event.sent_at < p_until
  order by event.proof
  limit 1;
end;
$$;

comment on function private.first_proof(uuid, integer, timestamptz, timestamptz) is
  'The best proof that events of [p_from, p_until) give of a generation, or of its match without naming one; nulls where there is none.';
revoke all on function private.first_proof(uuid, integer, timestamptz, timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.first_proof(uuid, integer, timestamptz, timestamptz) to service_role;

