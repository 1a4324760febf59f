-- Refuse fixtures that no run could read: one such row would stop the plan of all the others.
--
-- Not validated: rows from before may stand, but nobody can write another one.

alter table public.matches
  -- What JSON carries without loss, and what an echo in an event can name.
  add constraint id_is_a_safe_number check (id between 0 and 9007199254740991) not valid,
  add constraint kickoff_is_in_this_century check (
    kickoff_at >= timestamptz '2000-01-01 00:00Z' and kickoff_at < timestamptz '2100-01-01 00:00Z'
  ) not valid,
  -- As deep as what comes in of Braze: JSON nested by thousands exhausts the stack of whoever compares it.
  add constraint trigger_properties_are_not_nested_deep check (
    not pg_catalog.jsonb_path_exists(trigger_properties, '$.**{65 to last}')
  ) not valid;

alter table public.teams
  add constraint braze_attribute_value_is_not_blank check (braze_attribute_value ~ '[^[:space:]]') not valid;
