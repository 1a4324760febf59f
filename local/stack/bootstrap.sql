-- Bootstrap: the roles, schemas and functions that a hosted Supabase project has before its first migration.
--
-- Runs at every start in every database, so each statement can run again. Roles belong to the whole server, all other
-- objects to one database.

do $$
begin
  if pg_catalog.to_regrole('anon') is null then
    create role anon nologin noinherit;
    create role authenticated nologin noinherit;
    create role service_role nologin noinherit bypassrls;
    create role authenticator login noinherit;
    grant anon, authenticated, service_role to authenticator;
    -- The time-outs of hosted projects; PostgREST applies them when it switches to a role.
    alter role anon set statement_timeout = '3s';
    alter role authenticated set statement_timeout = '8s';
    alter role authenticator set statement_timeout = '8s';
    alter role authenticator set lock_timeout = '8s';
  end if;
exception
  -- Two databases of one server may run this at the same moment.
  when duplicate_object or unique_violation then null;
end;
$$;

create schema if not exists extensions;
grant usage on schema extensions to anon, authenticated, service_role;
create extension if not exists pgcrypto with schema extensions;

create schema if not exists vault;
create extension if not exists supabase_vault with schema vault;

grant usage on schema public to anon, authenticated, service_role;
revoke create on schema public from public;

-- Tables and sequences are granted to no role, as in projects since October 2026. Projects differ in whether functions
-- are, so this takes the stricter setting for each role: anon and authenticated, which anyone can use, hold execute
-- until it is revoked by name, and service_role lacks it until it is granted.
alter default privileges in schema public grant execute on functions to anon, authenticated;

create schema if not exists auth;
grant usage on schema auth to anon, authenticated, service_role;

create or replace function auth.jwt() returns jsonb
language sql stable
as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')
  )::jsonb
$$;

create or replace function auth.uid() returns uuid
language sql stable
as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim.sub', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
  )::uuid
$$;

create or replace function auth.role() returns text
language sql stable
as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim.role', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role'
  )
$$;

create or replace function auth.email() returns text
language sql stable
as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim.email', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'email'
  )
$$;
