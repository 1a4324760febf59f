-- Whether Braze accepts our key and answers, as the runs of all functions find out.
--
-- A refusal is told at once, by the name of the permission. Illness is told after the second run that had to leave work to
-- the next one: a single bad minute mends itself.

create function private.judge_answers(p_now timestamptz)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_alerts jsonb;
begin
  with last as (
    select distinct on (answer.operation) answer.*
    from private.braze_answers as answer
    -- Without an answer, the one before counts.
    order by answer.operation, answer.ill_runs > 0, answer.updated_at desc
  ),
  -- The key itself is refused, and so is what no run has asked for yet.
  overall (nothing_is_allowed) as (
    select count(*) filter (where last.refused_at is not null) >= 2 and count(*) filter (
      where last.refused_at is null and last.answered_at >= (
        select min(refused.refused_at) from last as refused where refused.refused_at is not null
      )
    ) = 0
    from last
  ),
  told (fingerprint, rule, severity, title, details) as (
    select
      'braze_refused:' || pg_catalog.replace(last.operation, ' ', '_'),
      'braze_refused',
      case
        when overall.nothing_is_allowed or last.operation in ('create schedule', 'update schedule', 'delete schedule') then 'critical'
        else 'warning'
      end,
      'Braze answers ' || last.refused_status || ' to "' || last.operation || '": the key lacks the permission '
        || last.permission || ', or is no longer valid',
      pg_catalog.jsonb_build_object(
        'operation', last.operation, 'permission', last.permission, 'http_status', last.refused_status,
        'function_name', last.function_name, 'since', last.refused_at, 'detail', last.detail
      )
    from last
    cross join overall
    where last.refused_at is not null
    union all
    select
      'braze_unavailable:' || pg_catalog.replace(ill.operation, ' ', '_'),
      'braze_unavailable',
      case when ill.operation in ('create schedule', 'update schedule', 'delete schedule') then 'critical' else 'warning' end,
      'Braze has not carried out "' || ill.operation || '" in ' || ill.ill_runs || ' runs of ' || ill.function_name
        || ' in a row: ' || ill.ill_reason,
      pg_catalog.jsonb_build_object(
        'operation', ill.operation, 'function_name', ill.function_name, 'runs', ill.ill_runs, 'since', ill.ill_since,
        'reason', ill.ill_reason, 'detail', ill.detail
      )
    from (
      select distinct on (answer.operation) answer.*
      from private.braze_answers as answer
      where answer.ill_runs >= 2
      order by answer.operation, answer.ill_runs desc, answer.function_name
    ) as ill
  )
  select coalesce(pg_catalog.jsonb_agg(
    pg_catalog.to_jsonb(told) || jsonb '{"audience": "admin", "match_id": null}' order by told.fingerprint
  ), '[]')
  into v_alerts
  from told;

  return public.sync_alerts(array['braze_refused', 'braze_unavailable'], v_alerts, p_now);
end;
$$;

comment on function private.judge_answers(timestamptz) is
  'Alerts braze_refused and braze_unavailable, and resolves them; returns {raised, resolved}.';
revoke all on function private.judge_answers(timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.judge_answers(timestamptz) to service_role;

create function public.record_braze_answers(p_function text, p_answers jsonb, p_now timestamptz)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
begin
  insert into private.braze_answers as known
    (function_name, operation, permission, answered_at, refused_at, refused_status, ill_since, ill_runs, ill_reason, detail, updated_at)
  select
    p_function, answer.operation, answer.permission,
    case answer.kind when 'answered' then p_now end,
    case answer.kind when 'refused' then p_now end,
    case answer.kind when 'refused' then answer.http_status end,
    case answer.kind when 'ill' then p_now end,
    case answer.kind when 'ill' then 1 else 0 end,
    case answer.kind when 'ill' then answer.reason end,
    answer.detail,
    p_now
  from pg_catalog.jsonb_to_recordset(p_answers) as answer (
    operation text, permission text, kind text, http_status integer, reason text, detail text
  )
  order by answer.operation
  on conflict (function_name, operation) do update
  set permission = excluded.permission,
    answered_at = coalesce(excluded.answered_at, known.answered_at),
    -- An ill answer shows nothing about a permission.
    refused_at = case
      when excluded.refused_at is not null then coalesce(known.refused_at, excluded.refused_at)
      when excluded.ill_runs > 0 then known.refused_at
    end,
    refused_status = case
      when excluded.refused_at is not null then excluded.refused_status
      when excluded.ill_runs > 0 then known.refused_status
    end,
    ill_since = case when excluded.ill_runs > 0 then coalesce(known.ill_since, excluded.ill_since) end,
    ill_runs = case when excluded.ill_runs > 0 then known.ill_runs + 1 else 0 end,
    ill_reason = excluded.ill_reason,
    detail = excluded.detail,
    updated_at = excluded.updated_at;
  return private.judge_answers(p_now);
end;
$$;

comment on function public.record_braze_answers(text, jsonb, timestamptz) is
  'Stores how Braze answered the last call of each operation in a run [{operation, permission, kind: answered, refused or ill, http_status, reason, detail}], and judges the alerts about it.';
revoke all on function public.record_braze_answers(text, jsonb, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.record_braze_answers(text, jsonb, timestamptz) to service_role;
