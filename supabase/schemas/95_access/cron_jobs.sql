-- The jobs of pg_cron.
--
-- Each command is one call of a function of the suite, so a change ships as a function and not as a new string. pg_net does
-- not wait for an answer: the next run makes up for a lost call. The minutes are spread, so that two functions seldom ask
-- Braze at once.

select cron.schedule('braze-scheduler', '*/15 * * * *', $$select private.invoke_function('braze-scheduler', now())$$);
select cron.schedule('braze-preflight-check', '*/5 * * * *', $$select private.invoke_function('braze-preflight-check', now())$$);
select cron.schedule('braze-reconcile', '10,40 * * * *', $$select private.invoke_function('braze-reconcile', now())$$);
select cron.schedule('braze-count-audit', '20 * * * *', $$select private.invoke_function('braze-count-audit', now())$$);
select cron.schedule('webhook-health-rollup', '35 3 * * *', $$select private.invoke_function('webhook-health-rollup', now())$$);
-- In SQL, without HTTP: functions that no longer run cannot report it themselves.
select cron.schedule('heartbeat', '*/5 * * * *', $$select private.heartbeat(now())$$);
select cron.schedule('ensure-partitions', '22 2 * * *', $$select private.ensure_partitions(now())$$);
select cron.schedule('prune-event-claims', '42 2 * * *', $$select private.prune_event_claims(now())$$);
select cron.schedule('prune-history', '*/5 4 * * *', $$select private.prune_history(now())$$);
