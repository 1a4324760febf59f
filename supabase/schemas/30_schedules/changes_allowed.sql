-- How many removals and remakes one run may carry out.
--
-- In SQL alone: the scheduler plans by it, and the send gate answers by it before the scheduler has run.

create function private.changes_allowed(p_pending bigint, p_max integer, p_share numeric)
returns integer
language sql
immutable
security invoker
set search_path = ''
as $$
  select least(p_max, greatest(1, pg_catalog.floor(p_pending * p_share)))::integer;
$$;

comment on function private.changes_allowed(bigint, integer, numeric) is
  'The smaller of a number and a share of the pending schedules; one is always allowed.';
revoke all on function private.changes_allowed(bigint, integer, numeric) from public, anon, authenticated, service_role;
grant execute on function private.changes_allowed(bigint, integer, numeric) to authenticated, service_role;
