-- Create public.match_changes: what the fixture sync changed, and when it says so.

create table public.match_changes (
  id bigint generated always as identity primary key,
  match_id bigint not null,
  changed_at timestamptz not null,
  kind text not null,
  changes jsonb not null,
  constraint kind_is_known check (kind in ('added', 'changed'))
);
comment on table public.match_changes is
  'One row for each change of a fixture that matters here. Kept by a trigger on matches; nobody else writes it.';
comment on column public.match_changes.changed_at is 'matches.updated_at after the change: the fixture sync''s own time.';
comment on column public.match_changes.changes is '{column: {from, to}} of a change, {column: value} of a match that was added.';

create index match_changes_match_id_idx on public.match_changes (match_id, changed_at);

alter table public.match_changes enable row level security;
-- The trigger writes with the rights of whoever writes matches.
grant select, insert on public.match_changes to service_role;

create function private.record_match_change()
returns trigger
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  v_after jsonb := pg_catalog.to_jsonb(new) - 'id' - 'updated_at';
  v_changes jsonb := v_after;
begin
  if tg_op = 'UPDATE' then
    select pg_catalog.jsonb_object_agg(
      before.key, pg_catalog.jsonb_build_object('from', before.value, 'to', v_after -> before.key)
    )
    into v_changes
    from pg_catalog.jsonb_each(pg_catalog.to_jsonb(old) - 'id' - 'updated_at') as before
    where before.value is distinct from v_after -> before.key;
  end if;
  -- A sync that writes everything again each minute changes nothing.
  if v_changes is not null then
    insert into public.match_changes (match_id, changed_at, kind, changes)
    values (new.id, new.updated_at, case tg_op when 'INSERT' then 'added' else 'changed' end, v_changes);
  end if;
  return null;
end;
$$;

comment on function private.record_match_change() is 'Trigger of matches: keeps what was added or changed in match_changes.';

revoke execute on function private.record_match_change() from public;

create trigger record_match_addition
after insert on public.matches
for each row execute function private.record_match_change();

create trigger record_match_change
after update on public.matches
for each row when (old.* is distinct from new.*) execute function private.record_match_change();
