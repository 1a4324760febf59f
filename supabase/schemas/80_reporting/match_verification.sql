-- Expected against actual, and a verdict, for each schedule that was due.

create view public.match_verification
with (security_invoker = true)
as
select
  ledger.match_id,
  match.competition,
  match.home_team,
  match.away_team,
  ledger.send_at_utc,
  ledger.status,
  ledger.sent_evidence,
  ledger.generation,
  ledger.expected_send_count as expected_users,
  ledger.expected_send_count_min as expected_users_min,
  ledger.expected_send_count_max as expected_users_max,
  ledger.expected_source,
  counted.actual_users,
  counted.events,
  counted.sends,
  counted.webhook_sends,
  counted.opens,
  counted.bounces,
  counted.aborts,
  counted.aborts_by_type,
  counted.low_confidence,
  ledger.braze_reported_count as braze_reported_sends,
  counted.actual_users - ledger.expected_send_count as delta,
  ledger.braze_reported_count - counted.sends as missing_sends,
  case
    when ledger.status = 'cancelled' and counted.actual_users > 0 then 'sent_although_cancelled'
    when ledger.status = 'cancelled' then 'cancelled'
    when counted.events = 0 and counted.actual_users = 0 and ledger.braze_reported_count > 0 then 'webhooks_missing'
    when counted.events = 0 and counted.actual_users = 0 then 'no_evidence'
    when counted.actual_users = 0 then 'no_push_sent'
    when ledger.braze_reported_count > counted.sends and counted.sends > 0 then 'webhooks_missing'
    when coalesce(ledger.expected_send_count_max, ledger.expected_send_count) is null then 'no_expectation'
    when counted.actual_users + counted.aborts < coalesce(ledger.expected_send_count_min, ledger.expected_send_count)
      then 'fewer_than_expected'
    when counted.actual_users > coalesce(ledger.expected_send_count_max, ledger.expected_send_count)
      then 'more_than_expected'
    else 'as_expected'
  end as verdict
from public.schedule_ledger as ledger
join public.matches as match on match.id = ledger.match_id
cross join lateral private.count_match_events(ledger.id, least(ledger.created_at, ledger.send_at_utc) - interval '1 day')
  as told
cross join lateral (
  select
    -- Where the events are pruned, the stored count applies.
    case told.events when 0 then coalesce(ledger.actual_send_count, 0) else told.users end as actual_users,
    told.events, told.sends, told.webhook_sends, told.opens, told.bounces, told.aborts, told.aborts_by_type, told.low_confidence
) as counted
where ledger.send_at_utc <= now();
comment on view public.match_verification is
  'Each schedule that was due, expected against actual: users, events, what Braze reports, and a verdict. Filter by match or by send_at_utc: it counts events when it is read.';
comment on column public.match_verification.actual_users is 'Users with a push Send event, tied to the match with high or medium confidence.';
comment on column public.match_verification.low_confidence is 'Events tied to the match with low confidence: in none of the other numbers but events.';
comment on column public.match_verification.delta is 'actual_users less expected_users.';
comment on column public.match_verification.missing_sends is 'What Braze reports less the push Send events held: above 0, webhooks are missing.';

revoke all on table public.match_verification from public, anon, authenticated, service_role;
grant select on table public.match_verification to service_role;
