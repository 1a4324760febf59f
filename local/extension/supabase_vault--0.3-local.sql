-- Stub of supabase_vault 0.3 with the same table, view and functions. It stores secrets in plain text, since they are
-- generated for one machine and have no value elsewhere.

create table vault.secrets (
  id uuid primary key default gen_random_uuid(),
  name text,
  description text not null default '',
  secret text not null,
  key_id uuid,
  nonce bytea default decode(replace(gen_random_uuid()::text, '-', ''), 'hex'),
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz not null default current_timestamp
);
comment on table vault.secrets is 'Secrets by name. Encrypted in the real extension, plain text in this stub.';

create unique index on vault.secrets using btree (name) where name is not null;

create view vault.decrypted_secrets as
select
  secret.id,
  secret.name,
  secret.description,
  secret.secret,
  secret.secret as decrypted_secret,
  secret.key_id,
  secret.nonce,
  secret.created_at,
  secret.updated_at
from vault.secrets as secret;

create function vault.create_secret(
  new_secret text,
  new_name text = null,
  new_description text = '',
  new_key_id uuid = null
) returns uuid
security definer
language sql
set search_path = ''
as $$
  insert into vault.secrets (secret, name, description)
  values (new_secret, new_name, new_description)
  returning id
$$;

create function vault.update_secret(
  secret_id uuid,
  new_secret text = null,
  new_name text = null,
  new_description text = null,
  new_key_id uuid = null
) returns void
security definer
language sql
set search_path = ''
as $$
  update vault.secrets as secret
  set secret = coalesce(new_secret, secret.secret),
      name = coalesce(new_name, secret.name),
      description = coalesce(new_description, secret.description),
      updated_at = now()
  where secret.id = secret_id
$$;

revoke all on function
  vault.create_secret(text, text, text, uuid),
  vault.update_secret(uuid, text, text, text, uuid)
from public;
