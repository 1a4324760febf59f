-- What every function and every table of ours must have.

begin;
create extension if not exists pgtap with schema extensions;
select plan(5);

create temporary view our_functions as
select proc.*
from pg_catalog.pg_proc as proc
where proc.pronamespace in ('public'::regnamespace, 'private'::regnamespace);

select cmp_ok((select count(*) from our_functions), '>=', 24::bigint, 'There are functions to look at');
select is_empty(
  $$
    select oid::regprocedure from our_functions
    where ('search_path=""' = any (proconfig)) is not true
  $$,
  'Every function has an empty search_path'
);
select is_empty(
  $$ select oid::regprocedure from our_functions where prosecdef $$,
  'Every function runs with the rights of its caller'
);
select is_empty(
  $$
    select oid::regprocedure from our_functions
    where coalesce(pg_catalog.obj_description(oid, 'pg_proc'), '') = ''
  $$,
  'Every function has a comment'
);
select is_empty(
  $$
    select class.oid::regclass
    from pg_catalog.pg_class as class
    where class.relnamespace in ('public'::regnamespace, 'private'::regnamespace)
      and class.relkind in ('r', 'p', 'v', 'm') and not class.relispartition
      and coalesce(pg_catalog.obj_description(class.oid, 'pg_class'), '') = ''
  $$,
  'Every table has a comment'
);

select * from finish();
rollback;
