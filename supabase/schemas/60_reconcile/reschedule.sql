-- A match whose push was taken off by a person, here or in Braze's dashboard, is to have one after all.

create function public.reschedule(
  p_match_id bigint,
  p_reason text,
  p_actor_kind text,
  p_run_id uuid,
  p_dry_run boolean,
  p_now timestamptz,
  p_accept_double_push boolean,
  p_freeze_seconds integer,
  p_lead_seconds integer,
  p_actor_id text default null
)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  v_row public.schedule_ledger;
  v_refused text;
  v_send_at timestamptz;
  v_is_wanted boolean;
begin
  select * into v_row from public.schedule_ledger as ledger
  where ledger.match_id = p_match_id and ledger.replaced_at is null for no key update;
  select match.kickoff_at - pg_catalog.make_interval(secs => p_lead_seconds), match.status = 'scheduled' and match.push
  into v_send_at, v_is_wanted
  from public.matches as match where match.id = p_match_id;
  v_refused := case
    when v_row.id is null then 'it never had a schedule: the scheduler makes one by itself'
    when v_row.status = 'sent' then 'its push is sent: use push_again if it is played again'
    when v_row.status = 'pending' then 'it has a schedule: use declare_gone if Braze does not hold it'
    when v_row.cancel_reason = 'plan' then 'the plan cancelled it: correct matches, and it is scheduled by itself'
    when not v_is_wanted then 'matches say that no push is wanted'
    when exists (
      select 1 from public.schedule_attempts as attempt
      where attempt.ledger_id = v_row.id and attempt.outcome is null
    ) then 'a call to Braze about it is under way'
    when v_send_at < p_now + pg_catalog.make_interval(secs => p_freeze_seconds)
      then 'its push is due at ' || private.due_text(v_send_at) || ', which leaves no time to schedule another'
    when not p_accept_double_push then private.could_double(v_row.id, p_freeze_seconds, p_now)
      || ' (accept_double_push overrides this)'
  end;
  if v_refused is not null or p_dry_run then
    return private.answer_verb(p_match_id, v_refused);
  end if;

  perform private.note_action(
    'reschedule', v_row, p_reason, p_actor_kind, p_actor_id,
    pg_catalog.jsonb_build_object(
      'status', v_row.status, 'cancel_reason', v_row.cancel_reason, 'notes', v_row.notes,
      'schedules', private.settle_unclear(v_row.id, p_now)
    ),
    pg_catalog.jsonb_build_object('accept_double_push', p_accept_double_push), p_run_id, p_now
  );
  -- What the plan cancelled, the plan takes back.
  update public.schedule_ledger as ledger
  set cancel_reason = 'plan', notes = 'To be scheduled again: ' || p_reason, updated_at = p_now
  where ledger.id = v_row.id;
  return private.answer_verb(p_match_id, null);
end;
$$;

comment on function public.reschedule(bigint, text, text, uuid, boolean, timestamptz, boolean, integer, integer, text) is
  'A person wants the push of a match after all that a person had cancelled: the next run of the scheduler makes the next generation. Returns {match_id, done, refused}. A dry run changes nothing.';
revoke all on function public.reschedule(bigint, text, text, uuid, boolean, timestamptz, boolean, integer, integer, text) from public, anon, authenticated, service_role;
grant execute on function public.reschedule(bigint, text, text, uuid, boolean, timestamptz, boolean, integer, integer, text) to service_role;
