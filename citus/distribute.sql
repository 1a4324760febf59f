-- Spreads the events over the workers of a Citus cluster; everything else stays on the coordinator.
--
-- Run it on the coordinator, as the owner of the tables, once the workers are added, and again after each migration:
--
--   select citus_set_coordinator_host('<coordinator>', 5432);
--   select citus_add_node('<worker>', 5432);   -- each worker has this database, with the extension citus
--
-- docs/scaling.md says what it is for, and what does not work there.

-- The functions run as their caller, who must be able to log in on the workers: allow this role in pg_hba.conf there, for
-- connections from the coordinator alone. It has no password, so nobody else can sign in as it.
alter role service_role login;

-- The number of a row that a statement about events adds to a local table is taken by the caller.
grant usage on all sequences in schema public, private to service_role;

-- A plan is made for the shards of the values at hand: one for all values does not exist.
do $$
declare
  v_function regprocedure;
begin
  for v_function in
    select proc.oid
    from pg_catalog.pg_proc as proc
    where proc.pronamespace in ('public'::regnamespace, 'private'::regnamespace)
      and 'plan_cache_mode=force_generic_plan' = any (proc.proconfig) and proc.prosrc like '%notification_sends%'
  loop
    execute pg_catalog.format('alter function %s set plan_cache_mode = auto', v_function);
  end loop;
end;
$$;

-- By time, which no statement changes, and which is a part of the key. Later partitions are spread too.
select create_distributed_table('public.notification_sends', 'sent_at', colocate_with => 'none')
where not exists (
  select from pg_catalog.pg_dist_partition as spread where spread.logicalrelid = 'public.notification_sends'::regclass
);
