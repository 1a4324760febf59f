-- Create the record of what people did to the ledger by hand: who, what, why, and what stood there before.

create table public.operator_actions (
  id bigint generated always as identity primary key,
  acted_at timestamptz not null,
  action text not null,
  match_id bigint not null,
  ledger_id uuid not null references public.schedule_ledger (id),
  generation integer not null,
  actor_kind text not null,
  actor_id text,
  reason text not null,
  before jsonb not null,
  run_id uuid not null,
  undoes bigint references public.operator_actions (id),
  constraint action_is_known check (action in ('mark_sent', 'undo_mark_sent')),
  constraint actor_kind_is_known check (actor_kind in ('secret_key', 'operator')),
  constraint an_operator_has_a_name check ((actor_kind = 'operator') = (actor_id is not null)),
  constraint reason_is_given check (pg_catalog.btrim(reason) <> ''),
  constraint an_undo_names_what_it_undoes check ((action = 'undo_mark_sent') = (undoes is not null)),
  constraint an_action_is_undone_once unique (undoes)
);
comment on table public.operator_actions is
  'What people did to the ledger by hand: who, what, why. Only ever added to; an undo is a row of its own.';
comment on column public.operator_actions.actor_id is
  'The user id of an operator; null where somebody used the project''s secret key.';
comment on column public.operator_actions.before is 'What the action changed, as it was: an undo puts it back.';

create index operator_actions_ledger_id_idx on public.operator_actions (ledger_id, id);
create index operator_actions_match_id_idx on public.operator_actions (match_id, acted_at);

alter table public.operator_actions enable row level security;
grant select, insert on public.operator_actions to service_role;
