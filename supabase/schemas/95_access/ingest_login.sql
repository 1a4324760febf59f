-- The login of the webhook's direct connection (INGEST_DATABASE_URL).
--
-- It acts as service_role, with its time-out: a connection as postgres would have neither. It has no password, so it cannot
-- sign in until a person sets one. Roles belong to the whole server, and another database of it may have made this one.

do $$
begin
  if pg_catalog.to_regrole('braze_ingest') is null then
    create role braze_ingest login noinherit connection limit 200;
  end if;
  grant service_role to braze_ingest;
  alter role braze_ingest set role = 'service_role';
  alter role braze_ingest set statement_timeout = '8s';
  alter role braze_ingest set lock_timeout = '8s';
  alter role braze_ingest set idle_in_transaction_session_timeout = '10s';
  comment on role braze_ingest is 'The login of braze-webhook''s direct connection to the database.';
exception
  -- Two databases of one server may run this at the same moment.
  when duplicate_object or unique_violation or internal_error then null;
end;
$$;
