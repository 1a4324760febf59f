-- Why a verb of a person is refused for a match, as it stands now.
--
-- The one place of these rules: each verb asks here, with its ledger row locked, and the verdict of a match lists by them what
-- a person can do.

create function private.verb_refusals(
  p_match_ids bigint[],
  p_verbs text[],
  p_accept_double_push boolean,
  p_freeze_seconds integer,
  p_lead_seconds integer,
  p_now timestamptz
)
returns table (match_id bigint, verb text, refused text)
language plpgsql
stable
security invoker
set search_path = ''
set jit = off
as $$
-- The columns of its answer are named like those that it reads.
#variable_conflict use_column
begin
  return query
  select asked.match_id, wanted.verb, case wanted.verb
    when 'cancel' then case
      when ledger.id is null then 'no push of it is scheduled: set matches.push to false'
      when ledger.status = 'sent' then 'its push is sent already (' || ledger.sent_evidence || ')'
      when ledger.status = 'cancelled' then 'its push is cancelled already (' || ledger.cancel_reason || ')'
      when ledger.send_at_utc <= p_now and not exists (
        select 1 from public.braze_schedules as schedule
        where schedule.ledger_id = ledger.id and private.can_be_live(schedule.state)
          and greatest(schedule.send_at_utc, schedule.moving_to_utc) > p_now
      ) then 'its push was due at ' || private.minute_text(ledger.send_at_utc) || ': use mark_sent or mark_not_sent'
    end
    when 'reschedule' then case
      when ledger.id is null then 'it never had a schedule: the scheduler makes one by itself'
      when ledger.status = 'sent' then 'its push is sent: use push_again if it is played again'
      when ledger.status = 'pending' then 'it has a schedule: use declare_gone if Braze does not hold it'
      when hold.is_open then 'another schedule of it went out, and its push is held: use release'
      when ledger.cancel_reason = 'plan' then 'the plan cancelled it: correct matches, and it is scheduled by itself'
      when not (match.status = 'scheduled' and match.push) then 'matches say that no push is wanted'
      when attempts.are_under_way then 'a call to Braze about it is under way'
      when due.at < frozen.until
        then 'its push is due at ' || private.minute_text(due.at) || ', which leaves no time to schedule another'
      -- Nothing was done about it yet: another one would be a second push for certain.
      when exists (
        select 1 from public.braze_schedules as schedule
        where schedule.ledger_id = ledger.id and schedule.state = 'live'
          and greatest(schedule.send_at_utc, schedule.moving_to_utc) > p_now
      ) then 'its schedule is not deleted yet: use undo to keep it, or wait for the next run of the scheduler'
      when not p_accept_double_push then private.could_double(ledger.id, p_freeze_seconds, p_now)
        || ' (accept_double_push overrides this)'
    end
    when 'push_again' then case
      when ledger.id is null then 'it was not pushed yet: the scheduler does that by itself'
      when not (match.status = 'scheduled' and match.push) then 'matches say that no push is wanted'
      when ledger.status = 'cancelled' then 'it was not pushed: use reschedule'
      when ledger.status = 'pending' then 'its push is not known to be sent: use mark_sent first, or declare_gone'
      when attempts.are_under_way then 'a call to Braze about it is under way'
      when due.at < frozen.until
        then 'its push is due at ' || private.minute_text(due.at) || ', which leaves no time to schedule another'
      when not p_accept_double_push and due.at <= ledger.send_at_utc + interval '12 hours'
        then 'its kick-off moved by less than 12 hours, so it is not played again (accept_double_push overrides this)'
      when not p_accept_double_push then private.could_double(ledger.id, p_freeze_seconds, p_now)
        || ' (accept_double_push overrides this)'
    end
    when 'declare_gone' then case
      when ledger.id is null then 'there is no ledger row of this match'
      when attempts.are_under_way then 'a call to Braze about it is under way'
      when exists (
        select 1 from public.braze_schedules as schedule
        where schedule.ledger_id = ledger.id and schedule.state in ('unknown', 'deleting')
      ) then case
        -- What may be there is the only push that the match can have: the send gate would turn it away.
        when ledger.status = 'pending' and (match.id is null or (match.status = 'scheduled' and match.push))
          and current.state in ('unknown', 'deleting') and current.send_at_utc > p_now and current.send_at_utc < frozen.until
          then 'its push is due at ' || private.minute_text(current.send_at_utc)
            || ', which leaves no time to schedule another: if Braze holds it, it goes out'
        when p_accept_double_push then null
        when exists (
          select 1 from public.braze_schedules as schedule
          where schedule.ledger_id = ledger.id and schedule.state in ('unknown', 'deleting')
            and schedule.listed_at is not null and schedule.missed_at is null
            and schedule.listed_at > p_now - interval '15 minutes'
        ) then 'Braze listed it in the last 15 minutes (accept_double_push overrides this)'
        when exists (
          select 1 from public.braze_schedules as schedule
          where schedule.ledger_id = ledger.id and schedule.state in ('unknown', 'deleting')
            and least(schedule.send_at_utc, schedule.moving_to_utc) <= p_now
            and private.can_still_send(schedule.send_at_utc, schedule.moving_to_utc, p_now)
        ) then 'its time has come, so it may have been sent (accept_double_push overrides this)'
      end
      when ledger.status = 'sent' then 'it is sent already'
      when ledger.status = 'cancelled' and ledger.cancel_reason <> 'dashboard'
        then 'its push is cancelled, and not in doubt: reschedule makes another'
      when current.state in ('deleted', 'failed') and ledger.status = 'pending'
        then 'its schedule is deleted already, so the scheduler makes another'
      when current.send_at_utc <= p_now
        then 'its push was due at ' || private.minute_text(current.send_at_utc) || ': use mark_sent or mark_not_sent'
      when least(current.send_at_utc, current.moving_to_utc) < frozen.until + interval '30 minutes' then 'its push is due at '
        || private.minute_text(current.send_at_utc)
        || ', which leaves no time to schedule another'
      -- Whatever a person accepts: the next list would take it back.
      when current.missed_at is null and exists (
        select 1
        from private.listed_schedules as listed
        where listed.braze_schedule_id = current.braze_schedule_id and listed.shown_until is null
      ) then 'the last list of Braze shows its schedule: delete it in Braze first'
      when current.absent_at is null
        and (current.missed_at is null or current.missed_at > p_now - interval '4 minutes')
        and not p_accept_double_push
        then 'Braze may still hold its schedule: look in the dashboard, and repeat with accept_double_push'
    end
    when 'release' then case
      when not hold.is_open then 'it is not held'
      when ledger.status = 'sent' then 'its push is sent already (' || ledger.sent_evidence || '): use resolve'
      -- The send gate turns away what comes after kick-off.
      when match.kickoff_at <= p_now then 'its match has begun, so nobody gets its push any more: use resolve'
      when due.at < frozen.until and not coalesce(private.can_be_live(current.state), false)
        then 'its schedule is deleted, and no time is left to make another: use resolve'
    end
    when 'confirm_removals' then case
      when held.ledger_id is null then 'nothing of this match is held'
      when held.confirmed_at is not null then 'it is confirmed already'
      when coalesce(greatest(current.send_at_utc, current.moving_to_utc) <= p_now, true)
        then 'its push was due at ' || private.minute_text(ledger.send_at_utc) || ', so nothing of it can be changed any more'
    end
    when 'mark_sent' then case
      when ledger.id is null then 'there is no ledger row of this match'
      when ledger.status = 'sent' and ledger.sent_evidence = 'operator' then 'it is marked as sent already'
      when ledger.status = 'sent' then 'it is sent already (' || ledger.sent_evidence || ')'
      when ledger.send_at_utc > p_now then 'its push is not due before ' || private.minute_text(ledger.send_at_utc)
    end
    when 'mark_not_sent' then case
      when ledger.id is null then 'there is no ledger row of this match'
      when ledger.status = 'sent' and ledger.sent_evidence = 'operator' then 'a person marked it as sent: use undo'
      when ledger.status = 'sent' then 'it is sent (' || ledger.sent_evidence || ')'
      when ledger.status = 'cancelled' then 'its push is cancelled already (' || ledger.cancel_reason || ')'
      when ledger.send_at_utc > p_now then 'its push is not due before ' || private.minute_text(ledger.send_at_utc)
      -- The send gate turns away what counts as not sent: the rest of its users would not get it.
      when ledger.send_at_utc > p_now - interval '15 minutes' then 'its push was due at '
        || private.minute_text(ledger.send_at_utc) || ' and may be going out: wait a quarter of an hour'
    end
    when 'undo' then case
      when latest.id is null then 'there is no ledger row of this match'
      when done.ledger_id <> latest.id then 'it has caused a call to Braze: use cancel'
      else private.undo_refusal(latest, done, p_now)
    end
    else 'there is no such verb'
  end
  from pg_catalog.unnest(p_match_ids) as asked (match_id)
  cross join pg_catalog.unnest(p_verbs) as wanted (verb)
  left join public.matches as match on match.id = asked.match_id
  left join public.schedule_ledger as ledger on ledger.match_id = asked.match_id and ledger.replaced_at is null
  left join public.braze_schedules as current
    on current.ledger_id = ledger.id and current.generation = ledger.generation
  left join private.held_changes as held on held.ledger_id = ledger.id
  cross join lateral (
    select exists (
      select 1 from private.schedule_holds as held_for where held_for.ledger_id = ledger.id and held_for.released_at is null
    ) as is_open
  ) as hold
  -- The scheduler makes another one until the freeze window, and replaces one until half an hour before it.
  cross join lateral (
    select p_now + pg_catalog.make_interval(secs => p_freeze_seconds) as until
  ) as frozen
  cross join lateral (
    select exists (
      select 1 from public.schedule_attempts as attempt
      where attempt.ledger_id = ledger.id and attempt.outcome is null
    ) as are_under_way
  ) as attempts
  cross join lateral (
    select match.kickoff_at - pg_catalog.make_interval(secs => p_lead_seconds) as at
  ) as due
  -- push_again leaves a match without a current intent until the scheduler makes the next one.
  left join lateral (
    select intent.*
    from public.schedule_ledger as intent
    where intent.match_id = asked.match_id
    order by intent.intent desc
    limit 1
  ) as latest_row on wanted.verb = 'undo'
  left join public.schedule_ledger as latest on latest.id = latest_row.id
  left join lateral private.last_done(asked.match_id) as done on wanted.verb = 'undo';
end;
$$;

comment on function private.verb_refusals(bigint[], text[], boolean, integer, integer, timestamptz) is
  'Why each of these verbs is refused for each of these matches; null: it is accepted. The freeze window matters to reschedule, push_again, declare_gone and release, the lead to all of these but declare_gone.';
revoke all on function private.verb_refusals(bigint[], text[], boolean, integer, integer, timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.verb_refusals(bigint[], text[], boolean, integer, integer, timestamptz) to authenticated, service_role;
