-- Records what a person does to a match.

create function private.note_action(
  p_action text,
  p_row public.schedule_ledger,
  p_reason text,
  p_actor_kind text,
  p_actor_id text,
  p_before jsonb,
  p_details jsonb,
  p_run_id uuid,
  p_now timestamptz,
  p_undoes bigint default null
)
returns void
language sql
volatile
security invoker
set search_path = ''
set jit = off
as $$
  insert into public.operator_actions
    (acted_at, action, match_id, ledger_id, generation, actor_kind, actor_id, reason, before, details, run_id, undoes)
  values (
    p_now, p_action, (p_row).match_id, (p_row).id, (p_row).generation, p_actor_kind, p_actor_id, p_reason, p_before, p_details,
    p_run_id, p_undoes
  );
$$;

comment on function private.note_action(text, public.schedule_ledger, text, text, text, jsonb, jsonb, uuid, timestamptz, bigint) is
  'Records who did what to a match, and why.';
revoke all on function private.note_action(text, public.schedule_ledger, text, text, text, jsonb, jsonb, uuid, timestamptz, bigint) from public, anon, authenticated, service_role;
grant execute on function private.note_action(text, public.schedule_ledger, text, text, text, jsonb, jsonb, uuid, timestamptz, bigint) to service_role;
