-- Opens alerts, or counts up those that are open.

create function private.kind_of_rule(p_rule text)
returns text
language sql
immutable
security invoker
set search_path = ''
as $$
  select case
    when p_rule in (
      'unexpected_send', 'double_push', 'push_missed', 'push_unwanted', 'push_outdated', 'push_held', 'sent_early',
      'sent_late', 'sent_for_old_date', 'push_short', 'push_bounced', 'push_aborted', 'push_late',
      'push_surplus'
    ) then 'harm'
    else 'condition'
  end;
$$;

comment on function private.kind_of_rule(text) is
  'harm for the rules about something that cannot be undone, condition for all others.';
revoke all on function private.kind_of_rule(text) from public, anon, authenticated, service_role;
grant execute on function private.kind_of_rule(text) to service_role;

create function public.raise_alerts(p_alerts jsonb, p_now timestamptz)
returns integer
language sql
volatile
security invoker
set search_path = ''
set jit = off
as $$
  with told as (
    select distinct on (alert.fingerprint) alert.*
    from pg_catalog.jsonb_to_recordset(p_alerts) as alert (
      fingerprint text, rule text, severity text, audience text, title text, details jsonb, match_id bigint
    )
    order by alert.fingerprint
  ),
  raised as (
    insert into public.alerts as open
      (fingerprint, rule, kind, severity, audience, title, details, match_id, first_seen_at, last_seen_at)
    select fingerprint, rule, private.kind_of_rule(rule), severity, audience, title, details, match_id, p_now, p_now
    from told
    order by fingerprint
    on conflict (fingerprint) where resolved_at is null do update
    set last_seen_at = excluded.last_seen_at,
      occurrences = open.occurrences + 1,
      severity = excluded.severity,
      title = excluded.title,
      details = excluded.details
    returning open.occurrences
  )
  select count(*)::integer from raised where raised.occurrences = 1;
$$;

comment on function public.raise_alerts(jsonb, timestamptz) is
  'Opens an alert for each fingerprint, or counts its open one up; returns how many are new.';
revoke all on function public.raise_alerts(jsonb, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.raise_alerts(jsonb, timestamptz) to service_role;
