-- Create the fixture list: which match is played when, and whom each team's fans are.
--
-- Both tables are written by the project's own fixture sync, never by the suite.

create table public.teams (
  name text primary key,
  braze_attribute_value text not null,
  notify boolean not null default true,
  braze_segment_id text,
  audience_size integer,
  audience_measured_at timestamptz,
  constraint braze_attribute_value_is_not_empty check (braze_attribute_value <> ''),
  constraint audience_size_is_not_negative check (audience_size >= 0),
  constraint audience_size_has_its_time check ((audience_size is null) = (audience_measured_at is null))
);
comment on table public.teams is
  'One row for each team: the value its fans carry in Braze, and how many they were when last measured.';
comment on column public.teams.notify is 'False: fans of this team get no push for its matches.';
comment on column public.teams.braze_segment_id is 'The Braze segment whose size stands for the audience of this team.';

create table public.matches (
  id bigint primary key,
  competition text not null,
  home_team text not null,
  away_team text not null,
  kickoff_at timestamptz not null,
  status text not null default 'scheduled',
  trigger_properties jsonb not null default '{}',
  updated_at timestamptz not null default now(),
  constraint status_is_known check (status in ('scheduled', 'postponed', 'cancelled', 'finished')),
  constraint a_team_does_not_play_itself check (home_team <> away_team),
  constraint trigger_properties_is_an_object check (jsonb_typeof(trigger_properties) = 'object')
);
comment on table public.matches is 'One row for each football match. The suite schedules one push for each.';
comment on column public.matches.trigger_properties is
  'Merged into what Braze gets (localised names and the like). A change makes a new schedule, since Braze cannot update it.';

-- The scheduler asks for the matches of a window of time.
create index matches_kickoff_at_idx on public.matches (kickoff_at);

alter table public.teams enable row level security;
alter table public.matches enable row level security;
grant select, insert, update, delete on public.teams, public.matches to service_role;
