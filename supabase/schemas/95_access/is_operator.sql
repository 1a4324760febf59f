-- The claim by which the functions and the policies recognise an operator.

create function public.is_operator()
returns boolean
language sql
stable
security invoker
set search_path = ''
set jit = off
as $$
  -- Users can write their user_metadata, never their app_metadata.
  select coalesce(
    nullif(pg_catalog.current_setting('request.jwt.claims', true), '')::jsonb #>> '{app_metadata,role}' = 'operator',
    false
  );
$$;

comment on function public.is_operator() is
  'Whether the caller''s token has app_metadata.role = operator. Policies and the dashboard use it.';
revoke all on function public.is_operator() from public, anon, authenticated, service_role;
grant execute on function public.is_operator() to authenticated, service_role;
