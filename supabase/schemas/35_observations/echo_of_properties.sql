-- Our own ids in the trigger properties of a listed schedule. What is no id counts as not there.

create function private.echo_of_properties(
  p_properties jsonb,
  out match_id bigint,
  out ledger_id uuid,
  out generation integer
)
language sql
immutable
security invoker
set search_path = ''
as $$
  select
    case
      when p_properties ->> 'match_id' ~ '^(0|[1-9][0-9]{0,14})$' then (p_properties ->> 'match_id')::bigint
    end,
    case
      when p_properties ->> 'ledger_id' ~* '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$'
        then (p_properties ->> 'ledger_id')::uuid
    end,
    case
      when p_properties ->> 'generation' ~ '^[1-9][0-9]{0,5}$' then (p_properties ->> 'generation')::integer
    end;
$$;

comment on function private.echo_of_properties(jsonb) is
  'Match id, ledger id and generation in trigger properties; each is null where it is absent or no id.';
revoke all on function private.echo_of_properties(jsonb) from public, anon, authenticated, service_role;
grant execute on function private.echo_of_properties(jsonb) to service_role;
