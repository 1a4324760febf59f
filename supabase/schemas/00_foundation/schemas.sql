-- Extensions, and the schema that the API does not expose.
--
-- PostgREST serves `public` only. `private` holds what no API caller can name: partitions, settings, helpers. Default
-- privileges stay as the project has them: each object of the suite revokes and grants its own.

create schema if not exists extensions;
create extension if not exists pgcrypto with schema extensions;
create extension if not exists pg_net with schema extensions;
create extension if not exists pg_cron with schema pg_catalog;
-- Hosted projects come with the Vault and its schema; elsewhere the extension makes both.
create extension if not exists supabase_vault;

create schema private;
comment on schema private is
  'Not exposed by the API: partitions of notification_sends, settings, and helpers of public functions.';
revoke all on schema private from public;
-- The functions that operators call look into it with their rights.
grant usage on schema private to authenticated, service_role;
