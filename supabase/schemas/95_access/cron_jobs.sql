-- The jobs of pg_cron.
--
-- Each command is one call of a function of the suite, so a change ships as a function and not as a new string. pg_net does
-- not wait for an answer: the next run makes up for a lost call. The minutes are spread, so that two functions seldom ask
-- Braze at once.
--
-- The heartbeat watches the functions by the same rows of private.job_periods that schedule them here.

select cron.schedule('braze-scheduler', job.schedule, $$select private.invoke_function('braze-scheduler', now())$$)
from private.job_periods as job where job.function_name = 'braze-scheduler';
select cron.schedule('braze-preflight-check', job.schedule, $$select private.invoke_function('braze-preflight-check', now())$$)
from private.job_periods as job where job.function_name = 'braze-preflight-check';
select cron.schedule('braze-reconcile', job.schedule, $$select private.invoke_function('braze-reconcile', now())$$)
from private.job_periods as job where job.function_name = 'braze-reconcile';
select cron.schedule('braze-count-audit', job.schedule, $$select private.invoke_function('braze-count-audit', now())$$)
from private.job_periods as job where job.function_name = 'braze-count-audit';
select cron.schedule('webhook-health-rollup', job.schedule, $$select private.invoke_function('webhook-health-rollup', now())$$)
from private.job_periods as job where job.function_name = 'webhook-health-rollup';
-- In SQL, without HTTP: functions that no longer run cannot report it themselves.
select cron.schedule('heartbeat', '*/5 * * * *', $$select private.heartbeat(now())$$);
select cron.schedule('ensure-partitions', '22 2 * * *', $$select private.ensure_partitions(now())$$);
select cron.schedule('prune-event-claims', '42 2 * * *', $$select private.prune_event_claims(now())$$);
-- A matchday of ten million events a day needs 500 steps of 20,000 a day; there are 720.
select cron.schedule('prune-payloads', '1-59/2 * * * *', $$select private.prune_raw_payloads(now())$$);
select cron.schedule('prune-history', '*/5 4 * * *', $$select private.prune_history(now())$$);
