-- The fixture list: which match is played when, which teams the fans follow, and what changed.
--
-- The project's own fixture sync writes matches and teams, never the suite.
--
-- Names are compared byte by byte, so two spellings that look the same are refused: a composed and a decomposed accent, or
-- a blank at an end.

create table public.teams (
  name text primary key,
  braze_attribute_value text not null,
  notify boolean not null default true,
  braze_segment_id text,
  audience_size integer,
  audience_measured_at timestamptz,
  constraint name_is_nfc check (name is nfc normalized),
  constraint name_has_no_outer_blanks check (not private.text_has_outer_blanks(name)),
  constraint braze_attribute_value_is_nfc check (braze_attribute_value is nfc normalized),
  constraint braze_attribute_value_has_no_outer_blanks check (not private.text_has_outer_blanks(braze_attribute_value)),
  constraint braze_attribute_value_is_not_empty check (braze_attribute_value <> ''),
  constraint braze_attribute_value_is_not_blank check (braze_attribute_value ~ '[^[:space:]]'),
  constraint audience_size_is_not_negative check (audience_size >= 0),
  constraint audience_size_has_its_time check ((audience_size is null) = (audience_measured_at is null))
);
comment on table public.teams is
  'One row for each team: the attribute value of its fans in Braze, and their number at the last measurement.';
comment on column public.teams.notify is 'False: fans of this team get no push for its matches.';
comment on column public.teams.braze_segment_id is 'The Braze segment whose size stands for the audience of this team.';

alter table public.teams enable row level security;
revoke all on table public.teams from public, anon, authenticated, service_role;
grant select, insert, update, delete on table public.teams to service_role;

create table public.matches (
  id bigint primary key,
  competition text not null,
  home_team text not null,
  away_team text not null,
  kickoff_at timestamptz not null,
  kickoff_confirmed boolean not null default true,
  status text not null default 'scheduled',
  push boolean not null default true,
  trigger_properties jsonb not null default '{}',
  updated_at timestamptz not null default now(),
  constraint status_is_known check (status in ('scheduled', 'postponed', 'cancelled', 'finished')),
  constraint home_team_is_nfc check (home_team is nfc normalized),
  constraint home_team_has_no_outer_blanks check (not private.text_has_outer_blanks(home_team)),
  constraint away_team_is_nfc check (away_team is nfc normalized),
  constraint away_team_has_no_outer_blanks check (not private.text_has_outer_blanks(away_team)),
  constraint a_team_does_not_play_itself check (home_team <> away_team),
  constraint trigger_properties_is_an_object check (jsonb_typeof(trigger_properties) = 'object'),
  -- A row that no run could read is refused: it would stop the plan of all matches.
  -- An id that JSON carries without loss, and that an echo in an event can name.
  constraint id_is_a_safe_number check (id between 0 and 9007199254740991),
  constraint kickoff_is_in_this_century check (
    kickoff_at >= timestamptz '2000-01-01 00:00Z' and kickoff_at < timestamptz '2100-01-01 00:00Z'
  ),
  -- As deep as what Braze sends: comparing JSON nested by thousands exhausts the stack.
  constraint trigger_properties_are_not_nested_deep check (
    not pg_catalog.jsonb_path_exists(trigger_properties, '$.**{65 to last}')
  )
);
comment on table public.matches is 'One row for each football match. The suite schedules one push for each.';
comment on column public.matches.kickoff_confirmed is
  'False: the day is known and the time is not. No schedule is made; one that exists stays as it is, with an alert.';
comment on column public.matches.push is 'False: no push is wanted. A schedule that exists is deleted.';
comment on column public.matches.updated_at is
  'The fixture sync''s own time of its last change; the database''s, where the sync did not write it.';
comment on column public.matches.trigger_properties is
  'Merged into what Braze gets (localised names and the like). A change makes a new schedule, since Braze cannot update it.';

-- The scheduler reads the matches of a period.
create index matches_kickoff_at_idx on public.matches (kickoff_at);

alter table public.matches enable row level security;
revoke all on table public.matches from public, anon, authenticated, service_role;
grant select, insert, update, delete on table public.matches to service_role;

create table public.match_changes (
  id bigint generated always as identity primary key,
  match_id bigint not null,
  changed_at timestamptz not null,
  kind text not null,
  changes jsonb not null,
  constraint kind_is_known check (kind in ('added', 'changed'))
);
comment on table public.match_changes is
  'One row for each change of a fixture that matters to the suite. Only a trigger on matches writes it.';
comment on column public.match_changes.changed_at is 'matches.updated_at after the change.';
comment on column public.match_changes.changes is '{column: {from, to}} of a change, {column: value} of a match that was added.';

create index match_changes_match_id_idx on public.match_changes (match_id, changed_at);

alter table public.match_changes enable row level security;
revoke all on table public.match_changes from public, anon, authenticated, service_role;
grant select, insert on table public.match_changes to service_role;
revoke all on sequence public.match_changes_id_seq from public, anon, authenticated, service_role;
