-- Schedule what runs by itself.
--
-- Each command is one call of our own function, so that a change ships as a function and not as a new string.
-- pg_net is fire and forget: a lost call is made good by the next run, which plans from what it finds.

select cron.schedule('braze-scheduler', '*/15 * * * *', $$select private.invoke_function('braze-scheduler', now())$$);
select cron.schedule('ensure-partitions', '20 2 * * *', $$select private.ensure_partitions(now())$$);
select cron.schedule('prune-event-claims', '40 2 * * *', $$select private.prune_event_claims(now())$$);
