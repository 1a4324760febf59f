-- Premier League, matchday 15 of 2024-25: the fixtures of the demo. Kick-offs in UTC.
--
-- Everton–Liverpool was postponed on the morning of the match; here it is still to be played.

insert into public.teams (name, braze_attribute_value)
values
  ('Arsenal', 'Arsenal'),
  ('Aston Villa', 'Aston Villa'),
  ('Bournemouth', 'Bournemouth'),
  ('Brentford', 'Brentford'),
  ('Brighton', 'Brighton'),
  ('Chelsea', 'Chelsea'),
  ('Crystal Palace', 'Crystal Palace'),
  ('Everton', 'Everton'),
  ('Fulham', 'Fulham'),
  ('Ipswich', 'Ipswich'),
  ('Leicester', 'Leicester'),
  ('Liverpool', 'Liverpool'),
  ('Manchester City', 'Manchester City'),
  ('Manchester United', 'Manchester United'),
  ('Newcastle', 'Newcastle'),
  ('Nottingham Forest', 'Nottingham Forest'),
  ('Southampton', 'Southampton'),
  ('Tottenham', 'Tottenham'),
  ('West Ham', 'West Ham'),
  ('Wolves', 'Wolves')
on conflict (name) do nothing;

insert into public.matches (id, competition, home_team, away_team, kickoff_at)
values
  (1001, 'Premier League', 'Everton', 'Liverpool', '2024-12-07T12:30:00Z'),
  (1002, 'Premier League', 'Aston Villa', 'Southampton', '2024-12-07T15:00:00Z'),
  (1003, 'Premier League', 'Brentford', 'Newcastle', '2024-12-07T15:00:00Z'),
  (1004, 'Premier League', 'Crystal Palace', 'Manchester City', '2024-12-07T15:00:00Z'),
  (1005, 'Premier League', 'Manchester United', 'Nottingham Forest', '2024-12-07T17:30:00Z'),
  (1006, 'Premier League', 'Fulham', 'Arsenal', '2024-12-08T14:00:00Z'),
  (1007, 'Premier League', 'Ipswich', 'Bournemouth', '2024-12-08T14:00:00Z'),
  (1008, 'Premier League', 'Leicester', 'Brighton', '2024-12-08T14:00:00Z'),
  (1009, 'Premier League', 'Tottenham', 'Chelsea', '2024-12-08T16:30:00Z'),
  (1010, 'Premier League', 'West Ham', 'Wolves', '2024-12-09T20:00:00Z')
on conflict (id) do nothing;
