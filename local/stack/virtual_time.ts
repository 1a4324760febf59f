/**
 * The time of a virtual clock for what the database dates by itself.
 *
 * `now()` of the server is the wall clock's. Without this a fixture that is written without `updated_at` would be dated years
 * after or before the matchday that the clock shows, and what depends on when a match changed would be judged wrongly.
 */
import type { Sql } from "./sql.ts";

/** Of a database that ran with a virtual clock before, nothing is left with the wall clock. */
export async function removeVirtualTime(sql: Sql): Promise<void> {
  await sql`drop schema if exists local_stack cascade`;
}

export async function addVirtualTime(sql: Sql, now: Date): Promise<void> {
  const [found] = await sql`select to_regclass('public.matches') is not null as exists`;
  if (!found?.exists) return;
  await sql.unsafe(`
    create schema local_stack;
    grant usage on schema local_stack to public;
    create table local_stack.clock (now timestamptz not null);
    grant select on local_stack.clock to public;
    insert into local_stack.clock values ('${now.toISOString()}');
    create function local_stack.date_change() returns trigger language plpgsql set search_path = '' as $$
    begin
      if new.updated_at = pg_catalog.now() then
        new.updated_at := (select clock.now from local_stack.clock as clock);
      end if;
      return new;
    end;
    $$;
    -- After keep_updated_at: triggers run in order of their names.
    create trigger virtual_time before insert or update on public.matches
    for each row execute function local_stack.date_change();
  `).simple();
}

export async function setVirtualTime(sql: Sql, now: Date): Promise<void> {
  const [found] = await sql`select to_regclass('local_stack.clock') is not null as exists`;
  if (found?.exists) await sql`update local_stack.clock set now = ${now}`;
}
