-- A person has checked that the schedule whose create got no answer does not exist.
--
-- Without the send gate only a person can decide that: Braze has no endpoint for it. The next run makes the next
-- generation; if the released one is sent all the same, that is detected and alerted.

create function public.release_create(p_match_id bigint, p_reason text, p_now timestamptz)
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  v_row public.schedule_ledger;
begin
  select * into v_row from public.schedule_ledger as ledger
  where ledger.match_id = p_match_id and ledger.replaced_at is null for no key update;
  if not private.release_generation(v_row.id, v_row.generation, p_now) then
    return false;
  end if;

  insert into public.scheduler_logs (logged_at, function_name, action, reason, match_id, details)
  values (
    p_now, 'release_create', 'create_released', p_reason, p_match_id,
    pg_catalog.jsonb_build_object('generation', v_row.generation)
  );
  return true;
end;
$$;

comment on function public.release_create(bigint, text, timestamptz) is
  'Resolves an unknown create as released, so that the next run schedules the match again; false where there is none.';
revoke all on function public.release_create(bigint, text, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.release_create(bigint, text, timestamptz) to service_role;
