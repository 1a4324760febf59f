-- Keeps every time that a schedule ever had, and has the events that depend on it judged again.
--
-- A push may go out at a time that the schedule has left, so a time is never forgotten.

create function private.note_delete()
returns trigger
language plpgsql
security invoker
set search_path = ''
set jit = off
as $$
begin
  -- What is back was not deleted: a later delete has a time of its own.
  new.deleted_at := case when new.deleted_at is null then new.updated_at end;
  return new;
end;
$$;

comment on function private.note_delete() is 'When a schedule becomes deleted: since when it is; null when it is back.';
revoke all on function private.note_delete() from public, anon, authenticated, service_role;

create trigger note_delete
before update of state, state_before_proof on public.braze_schedules
for each row
when ((new.deleted_at is null) = coalesce('deleted' in (new.state, new.state_before_proof), false))
execute function private.note_delete();

create function private.keep_schedule_times()
returns trigger
language plpgsql
security invoker
set search_path = ''
set jit = off
as $$
begin
  update private.schedule_times as known
  set left_at = new.updated_at
  where known.ledger_id = new.ledger_id and known.generation = new.generation and known.left_at is null
    and known.send_at_utc <> new.send_at_utc and known.send_at_utc is distinct from new.moving_to_utc;
  insert into private.schedule_times as known (ledger_id, generation, send_at_utc)
  select distinct new.ledger_id, new.generation, planned.at
  from (values (new.send_at_utc), (new.moving_to_utc)) as planned (at)
  where planned.at is not null
  on conflict (ledger_id, generation, send_at_utc) do update
  set left_at = null
  where known.left_at is not null;

  insert into private.rejudgements (kind, value, changed_at)
  select changed.kind, changed.value, new.updated_at
  from (
    select 'ledger' as kind, new.ledger_id::text as value
    union all
    -- An identifier is evidence only at a time of its match.
    select known.kind, known.value
    from public.schedule_identifiers as known
    where known.ledger_id = new.ledger_id and not known.ambiguous
    union all
    select 'campaign', new.campaign_id
    where tg_op = 'INSERT' and not exists (
      select 1
      from public.braze_schedules as other
      where other.campaign_id = new.campaign_id
        and (other.ledger_id, other.generation) <> (new.ledger_id, new.generation)
    )
    union all
    -- No event has been received that is dated after now.
    select 'time', known.send_at_utc::text
    from private.schedule_times as known
    where known.ledger_id = new.ledger_id and known.generation = new.generation
      and known.send_at_utc < new.updated_at + interval '15 minutes'
  ) as changed;
  return null;
end;
$$;

comment on function private.keep_schedule_times() is
  'Writes the times of a schedule into private.schedule_times, and what changed into private.rejudgements.';
revoke all on function private.keep_schedule_times() from public, anon, authenticated, service_role;

create trigger keep_times_of_new_schedule
after insert on public.braze_schedules
for each row
execute function private.keep_schedule_times();
create trigger keep_times_of_changed_schedule
after update on public.braze_schedules
for each row
-- Only what a verdict depends on: a schedule that is completed was live.
when (
  (
    new.send_at_utc, new.moving_to_utc, new.deleted_at, new.shut_out_at,
    coalesce(new.state_before_proof, new.state) in ('live', 'completed'),
    coalesce(new.state_before_proof, new.state) = 'failed'
  ) is distinct from (
    old.send_at_utc, old.moving_to_utc, old.deleted_at, old.shut_out_at,
    coalesce(old.state_before_proof, old.state) in ('live', 'completed'),
    coalesce(old.state_before_proof, old.state) = 'failed'
  )
)
execute function private.keep_schedule_times();
