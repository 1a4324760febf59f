-- The complete grant matrix: a missing grant fails, and so does one too many.

begin;
create extension if not exists pgtap with schema extensions;
select plan(5);

select bag_eq(
  $$
    select class.oid::regclass::text, grantee.name, string_agg(acl.privilege_type, ' ' order by acl.privilege_type)
    from pg_catalog.pg_class as class
    cross join lateral pg_catalog.aclexplode(
      coalesce(class.relacl, pg_catalog.acldefault('r', class.relowner))
    ) as acl
    cross join lateral (
      select case acl.grantee when 0 then 'public' else acl.grantee::regrole::text end as name
    ) as grantee
    where class.relnamespace in ('public'::regnamespace, 'private'::regnamespace)
      and class.relkind in ('r', 'p', 'v', 'm', 'f')
      and acl.grantee <> class.relowner
    group by class.oid, grantee.name
  $$,
  $$
    values
      ('teams', 'service_role', 'DELETE INSERT SELECT UPDATE'),
      ('matches', 'service_role', 'DELETE INSERT SELECT UPDATE'),
      ('job_runs', 'service_role', 'INSERT SELECT UPDATE'),
      ('scheduler_logs', 'service_role', 'INSERT SELECT UPDATE'),
      ('alerts', 'service_role', 'INSERT SELECT UPDATE'),
      ('schedule_ledger', 'service_role', 'INSERT SELECT UPDATE'),
      ('braze_schedules', 'service_role', 'INSERT SELECT UPDATE'),
      ('schedule_attempts', 'service_role', 'INSERT SELECT UPDATE'),
      ('schedule_identifiers', 'service_role', 'INSERT SELECT UPDATE'),
      ('notification_sends', 'service_role', 'INSERT SELECT UPDATE'),
      ('event_claims', 'service_role', 'INSERT SELECT UPDATE'),
      ('webhook_rejects', 'service_role', 'INSERT SELECT UPDATE'),
      ('count_audit_logs', 'service_role', 'INSERT SELECT'),
      ('webhook_daily_counts', 'service_role', 'INSERT SELECT UPDATE'),
      ('webhook_health_metrics', 'service_role', 'INSERT SELECT UPDATE'),
      ('webhook_health_patterns', 'service_role', 'DELETE INSERT SELECT'),
      ('match_changes', 'service_role', 'INSERT SELECT'),
      ('operator_actions', 'service_role', 'INSERT SELECT'),
      ('match_verification', 'service_role', 'SELECT'),
      ('duplicate_trends', 'service_role', 'SELECT'),
      ('webhook_failure_patterns', 'service_role', 'SELECT'),
      ('missing_ids', 'service_role', 'SELECT'),
      ('private.event_partitions', 'service_role', 'SELECT'),
      ('private.settings', 'service_role', 'SELECT'),
      ('private.erasure_keys', 'service_role', 'SELECT'),
      ('private.erased_users', 'service_role', 'INSERT SELECT UPDATE'),
      ('private.erased_events', 'service_role', 'INSERT SELECT'),
      ('private.prune_progress', 'service_role', 'SELECT UPDATE'),
      ('alerts', 'authenticated', 'SELECT'),
      ('braze_schedules', 'authenticated', 'SELECT'),
      ('count_audit_logs', 'authenticated', 'SELECT'),
      ('duplicate_trends', 'authenticated', 'SELECT'),
      ('job_runs', 'authenticated', 'SELECT'),
      ('match_changes', 'authenticated', 'SELECT'),
      ('matches', 'authenticated', 'SELECT'),
      ('operator_actions', 'authenticated', 'SELECT'),
      ('schedule_attempts', 'authenticated', 'SELECT'),
      ('schedule_ledger', 'authenticated', 'SELECT'),
      ('scheduler_logs', 'authenticated', 'SELECT'),
      ('webhook_health_metrics', 'authenticated', 'SELECT')
  $$,
  'Each table is granted what its users need and nothing else, partitions to nobody'
);

select bag_eq(
  $$
    select attribute.attrelid::regclass::text, attribute.attname::text, attribute.attacl::text
    from pg_catalog.pg_attribute as attribute
    join pg_catalog.pg_class as class on class.oid = attribute.attrelid
    where class.relnamespace in ('public'::regnamespace, 'private'::regnamespace)
      and attribute.attacl is not null
  $$,
  $$
    select 'notification_sends'::text, readable.name::text, '{authenticated=r/' || current_user || '}'
    from unnest(array[
      'sent_at', 'event_type', 'channel', 'match_id', 'ledger_id', 'generation', 'campaign_id', 'received_at',
      'correlation_method', 'confidence', 'time_diff_ms', 'candidate_count', 'candidate_match_ids'
    ]) as readable (name)
  $$,
  'Of an event those who are signed in read what is counted; no other column has grants of its own'
);

select is_empty(
  $$
    select class.oid::regclass, acl.grantee::regrole
    from pg_catalog.pg_class as class
    cross join lateral pg_catalog.aclexplode(class.relacl) as acl
    where class.relnamespace in ('public'::regnamespace, 'private'::regnamespace)
      and class.relkind = 'S' and acl.grantee <> class.relowner
  $$,
  'No sequence is granted to anybody: identity columns need none'
);

select bag_eq(
  $$
    select proc.pronamespace::regnamespace || '.' || proc.proname, grantee.name
    from pg_catalog.pg_proc as proc
    cross join lateral pg_catalog.aclexplode(
      coalesce(proc.proacl, pg_catalog.acldefault('f', proc.proowner))
    ) as acl
    cross join lateral (
      select case acl.grantee when 0 then 'public' else acl.grantee::regrole::text end as name
    ) as grantee
    where proc.pronamespace in ('public'::regnamespace, 'private'::regnamespace)
      and acl.grantee <> proc.proowner
  $$,
  $$
    values
      ('public.claim_run', 'service_role'),
      ('public.finish_run', 'service_role'),
      ('public.load_plan_input', 'service_role'),
      ('public.open_create', 'service_role'),
      ('public.open_update', 'service_role'),
      ('public.open_delete', 'service_role'),
      ('public.open_send_id', 'service_role'),
      ('public.close_attempt', 'service_role'),
      ('public.close_abandoned_attempts', 'service_role'),
      ('public.cancel_ledger', 'service_role'),
      ('public.release_create', 'service_role'),
      ('public.supersede_gated_create', 'service_role'),
      ('public.reactivate_schedule', 'service_role'),
      ('private.all_deletes_failed', 'service_role'),
      ('private.release_generation', 'service_role'),
      ('public.load_gate_facts', 'service_role'),
      ('public.correlation_context', 'service_role'),
      ('public.ingest_events', 'service_role'),
      ('public.ingest_identified_events', 'service_role'),
      ('private.resolve_explicit_ids', 'service_role'),
      ('private.newly_known_identifiers', 'service_role'),
      ('private.claim_event_times', 'service_role'),
      ('private.can_be_live', 'service_role'),
      ('private.can_still_send', 'service_role'),
      ('private.open_change', 'service_role'),
      ('private.lock_pending', 'service_role'),
      ('public.load_affected_events', 'service_role'),
      ('public.reattribute_events', 'service_role'),
      ('public.raise_alerts', 'service_role'),
      ('public.write_logs', 'service_role'),
      ('public.sync_alerts', 'service_role'),
      ('public.record_listing', 'service_role'),
      ('public.cancel_absent', 'service_role'),
      ('public.load_preflight', 'service_role'),
      ('public.record_preflight', 'service_role'),
      ('public.load_audit', 'service_role'),
      ('public.record_audit', 'service_role'),
      ('private.is_own_send_id', 'service_role'),
      ('public.measure_webhook_health', 'service_role'),
      ('public.rollup_webhook_health', 'service_role'),
      ('public.last_health_date', 'service_role'),
      ('public.refresh_send_counts', 'service_role'),
      ('private.sending_span', 'service_role'),
      ('public.teams_to_measure', 'service_role'),
      ('public.matchday_summary', 'service_role'),
      ('public.matchday_summary', 'authenticated'),
      ('public.store_audience_sizes', 'service_role'),
      ('public.detect_double_pushes', 'service_role'),
      ('public.match_timeline', 'service_role'),
      ('public.match_timeline', 'authenticated'),
      ('public.claim_alert_deliveries', 'service_role'),
      ('public.record_alert_delivery', 'service_role'),
      ('public.judge_event_quality', 'service_role'),
      ('public.resolve_past_alerts', 'service_role'),
      ('public.load_reconciliation', 'service_role'),
      ('public.confirm_by_events', 'service_role'),
      ('public.adopt_schedule', 'service_role'),
      ('public.open_unmanaged_delete', 'service_role'),
      ('public.resolve_unknown_attempts', 'service_role'),
      ('public.confirm_by_statistics', 'service_role'),
      ('public.store_reported_counts', 'service_role'),
      ('public.load_unattributed_groups', 'service_role'),
      ('public.load_unattributed_echoes', 'service_role'),
      ('public.reattribute_single_events', 'service_role'),
      ('public.load_unattributed_sends', 'service_role'),
      ('public.attribute_by_elimination', 'service_role'),
      ('public.mark_sent', 'service_role'),
      ('public.undo_mark_sent', 'service_role'),
      ('private.resolve_unconfirmed_schedule', 'service_role'),
      ('private.resolve_unknown_attempt', 'service_role'),
      ('public.load_rejects', 'service_role'),
      ('public.mark_replayed', 'service_role'),
      ('private.alert_message', 'service_role'),
      ('private.judge_confidence', 'service_role'),
      ('private.judge_missing_webhooks', 'service_role'),
      ('private.hold_lease', 'service_role'),
      ('private.register_identifiers', 'service_role'),
      ('private.apply_outcome', 'service_role'),
      ('private.record_send_proof', 'service_role'),
      ('private.revoke_send_proof', 'service_role'),
      ('private.store_rejects', 'service_role'),
      ('public.erase_user', 'service_role'),
      ('private.keyed_digest', 'service_role'),
      ('private.digest_of_bytes', 'service_role'),
      ('private.event_pseudonym', 'service_role'),
      ('private.device_pseudonym', 'service_role'),
      ('private.json_or_null', 'service_role'),
      ('private.fields_without_personal_data', 'service_role'),
      ('private.anonymise_payload', 'service_role'),
      ('private.json_texts', 'service_role'),
      ('private.anonymise_part', 'service_role'),
      ('private.remove_from_text', 'service_role'),
      ('private.body_parts', 'service_role'),
      ('private.utf8_or_null', 'service_role'),
      ('private.anonymise_body', 'service_role'),
      ('private.anonymise_events', 'service_role'),
      ('private.anonymise_text', 'service_role'),
      ('private.anonymise_rejects', 'service_role'),
      ('private.store_events', 'service_role'),
      ('private.replace_in_list', 'service_role'),
      ('public.is_operator', 'service_role'),
      ('public.is_operator', 'authenticated'),
      ('public.match_events', 'service_role'),
      ('public.match_events', 'authenticated')
  $$,
  'Each function is granted to service_role, those of the dashboard to who is signed in too, those of cron to nobody'
);

select bag_eq(
  $$
    select acl.grantee::regrole::text, acl.privilege_type
    from pg_catalog.pg_namespace as namespace
    cross join lateral pg_catalog.aclexplode(namespace.nspacl) as acl
    where namespace.nspname = 'private' and acl.grantee <> namespace.nspowner
  $$,
  $$ values ('service_role', 'USAGE') $$,
  'The schema private is open to service_role alone'
);

select * from finish();
rollback;
