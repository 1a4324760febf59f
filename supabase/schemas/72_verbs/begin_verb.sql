-- How each verb of a person about a match begins: with its ledger row locked, so that the reason to refuse it holds.

create function private.begin_verb(
  p_match_id bigint,
  p_verb text,
  p_now timestamptz,
  p_accept_double_push boolean default false,
  p_freeze_seconds integer default null,
  p_lead_seconds integer default null
)
returns text
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
begin
  perform 1
  from public.schedule_ledger as held
  where held.match_id = p_match_id and held.replaced_at is null
  for no key update;
  return (
    select answer.refused
    from private.verb_refusals(
      array[p_match_id], array[p_verb], p_accept_double_push, p_freeze_seconds, p_lead_seconds, p_now
    ) as answer
  );
end;
$$;

comment on function private.begin_verb(bigint, text, timestamptz, boolean, integer, integer) is
  'Locks the ledger row of a match and returns why the verb is refused; null: it is accepted.';
revoke all on function private.begin_verb(bigint, text, timestamptz, boolean, integer, integer) from public, anon, authenticated, service_role;
grant execute on function private.begin_verb(bigint, text, timestamptz, boolean, integer, integer) to service_role;
