-- Records what the fixture sync changes, and when.

create function private.record_match_change()
returns trigger
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
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
  -- A sync that writes the same row again changes nothing.
  if v_changes is not null then
    insert into public.match_changes (match_id, changed_at, kind, changes)
    values (new.id, new.updated_at, case tg_op when 'INSERT' then 'added' else 'changed' end, v_changes);
  end if;
  return null;
end;
$$;

comment on function private.record_match_change() is
  'Trigger of matches: keeps what was added or changed in match_changes.';
revoke all on function private.record_match_change() from public, anon, authenticated, service_role;

create trigger record_match_addition
after insert on public.matches
for each row execute function private.record_match_change();
create trigger record_match_change
after update on public.matches
for each row when (old.* is distinct from new.*) execute function private.record_match_change();
