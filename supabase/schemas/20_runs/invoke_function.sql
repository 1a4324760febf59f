-- pg_cron calls an edge function, signed and for one scheduled time only.
--
-- Everyone who can connect to the database can read pg_net's queue, so no key travels in it: only a signature over id, time
-- and body (Standard Webhooks), valid for five minutes, for one function, once.

create function private.invoke_function(p_function text, p_now timestamptz)
returns bigint
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_url text;
  v_secret text;
  v_scheduled_at timestamptz := pg_catalog.date_trunc('minute', p_now, 'UTC');
  v_scheduled_at_text text := pg_catalog.to_char(v_scheduled_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"');
  v_invocation_id text := 'cron_' || p_function || '_' || v_scheduled_at_text;
  -- floor, since a cast would round into the future.
  v_timestamp bigint := pg_catalog.floor(extract(epoch from p_now))::bigint;
  v_body jsonb := pg_catalog.jsonb_build_object('function', p_function, 'scheduled_at', v_scheduled_at_text);
  v_request_id bigint;
begin
  -- Pasted values may end in a line break.
  select pg_catalog.btrim(secret.decrypted_secret, E' \t\r\n') into v_url from vault.decrypted_secrets as secret where secret.name = 'project_url';
  select pg_catalog.btrim(secret.decrypted_secret, E' \t\r\n') into v_secret
  from vault.decrypted_secrets as secret
  where secret.name = 'cron_signing_secret';
  if v_url is null or v_secret is null then
    raise exception 'Cannot invoke %: the Vault must hold project_url and cron_signing_secret', p_function;
  end if;

  insert into public.job_runs (function_name, scheduled_at, invocation_id, caller, outcome, called_at)
  values (p_function, v_scheduled_at, v_invocation_id, 'cron', 'called', p_now)
  on conflict (function_name, scheduled_at) do nothing;
  if not found then
    -- pg_cron ran this scheduled time twice; the second call is skipped.
    return null;
  end if;

  v_request_id := net.http_post(
    url := v_url || '/functions/v1/' || p_function,
    body := v_body,
    headers := pg_catalog.jsonb_build_object(
      'Content-Type', 'application/json',
      'webhook-id', v_invocation_id,
      'webhook-timestamp', v_timestamp::text,
      'webhook-signature', 'v1,' || pg_catalog.encode(
        extensions.hmac(
          pg_catalog.convert_to(v_invocation_id || '.' || v_timestamp || '.' || v_body::text, 'UTF8'),
          pg_catalog.decode(pg_catalog.regexp_replace(v_secret, '^whsec_', ''), 'base64'),
          'sha256'
        ),
        'base64'
      )
    ),
    -- The function answers as soon as it has claimed its run: a slow call would hold up pg_net for everyone.
    timeout_milliseconds := 10000
  );
  update public.job_runs as run set request_id = v_request_id where run.invocation_id = v_invocation_id;
  return v_request_id;
end;
$$;

comment on function private.invoke_function(text, timestamptz) is
  'Posts {function, scheduled_at} to an edge function through pg_net and records the run; null when that scheduled time was called before.';
revoke all on function private.invoke_function(text, timestamptz) from public, anon, authenticated, service_role;
