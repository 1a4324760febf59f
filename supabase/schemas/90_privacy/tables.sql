-- How far raw payloads are pruned.

create table private.prune_progress (
  only_row boolean primary key default true,
  sent_at timestamptz not null default '-infinity',
  event_id text not null default '',
  constraint there_is_one_row check (only_row)
);
comment on table private.prune_progress is
  'The last event whose raw payload was emptied. Later imports of older events keep their payloads until sent_at is set back.';

alter table private.prune_progress enable row level security;
revoke all on table private.prune_progress from public, anon, authenticated, service_role;
grant select, update on table private.prune_progress to service_role;

insert into private.prune_progress default values;
