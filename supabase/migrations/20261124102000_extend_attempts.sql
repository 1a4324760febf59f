-- Let more kinds of evidence settle an attempt whose outcome was unknown, and find such attempts at once.

alter table public.schedule_attempts
  drop constraint settled_as_is_known,
  add constraint settled_as_is_known check (settled_as in (
    'adopted', 'proved_by_events', 'proved_by_statistics', 'listed', 'absent', 'superseded', 'released'
  )),
  add column missed_at timestamptz;
comment on column public.schedule_attempts.settled_as is
  'How an unknown outcome became known later. listed: Braze''s list showed it. superseded: a later call did it for certain. released: too long past to matter.';
comment on column public.schedule_attempts.missed_at is
  'Of the delete of a schedule that is none of ours: when a per-schedule listing first lacked it.';

create index schedule_attempts_unsettled_idx on public.schedule_attempts (opened_at)
  where outcome = 'unknown' and settled_at is null;
