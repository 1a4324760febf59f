-- Create what everything else stands on: extensions, the unexposed schema, and closed defaults.
--
-- PostgREST serves `public` only. `private` holds what no API caller may name: partitions, settings, helpers.

create schema if not exists extensions;
create extension if not exists pgcrypto with schema extensions;
create extension if not exists pg_net with schema extensions;
create extension if not exists pg_cron with schema pg_catalog;

-- Hosted projects come with the Vault and its schema; elsewhere the extension makes both.
create extension if not exists supabase_vault;

create schema private;
comment on schema private is
  'What no API caller may name: partitions of notification_sends, settings, and helpers of public functions.';
revoke all on schema private from public;
grant usage on schema private to service_role;

-- Fail closed: a function that forgets its grants can be called by nobody but its owner.
alter default privileges in schema public revoke execute on functions from public, anon, authenticated, service_role;
alter default privileges in schema private revoke execute on functions from public, anon, authenticated, service_role;
alter default privileges revoke execute on functions from public;
alter default privileges in schema public revoke all on tables from anon, authenticated, service_role;
alter default privileges in schema public revoke all on sequences from anon, authenticated, service_role;
