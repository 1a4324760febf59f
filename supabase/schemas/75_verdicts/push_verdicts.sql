-- Judges each push by what is stored about it: did it go out, will it, and why.
--
-- The one truth that page, status, chat and timeline speak. Order decides: what is proved comes before what is wanted, what
-- is wanted before what Braze holds. Nothing is called off, or not wanted, as long as Braze may send it all the same.

create function private.push_verdicts(p_match_ids bigint[], p_earlier_ids uuid[], p_now timestamptz)
returns table (match_id bigint, is_earlier boolean, verdict text, why text, told jsonb)
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
  with judged as (
    select fact.*, said.time, coalesce(
      -- What went out, or is going out.
      case
        when not said.is_proved then null
        when fact.sent_evidence = 'operator' then array[
          'confirmed_manually',
          'A person confirmed it: ' || coalesce(fact.act_reason, 'no reason is stored') || '. No event proves it',
          'Nothing more is sent; an event that proves it replaces the confirmation'
        ]
        when fact.sent_evidence = 'webhook' and fact.users = 0 and fact.aborted > 0 then array[
          'did_not_go', said.all_aborted || '; only the webhook of the campaign ran', said.by_hand
        ]
        when p_now < greatest(fact.ledger_send_at + interval '10 minutes', fact.last_sent_at + interval '5 minutes') then array[
          'going_out', said.proof || ' so far', 'More events may come within the next minutes'
        ]
        else array['went_out', said.proof || said.of_date, 'Nothing more is sent']
      end,
      -- What is not to go out.
      case
        when fact.off is null and (fact.cancel_reason is distinct from 'operator' or fact.act is not distinct from 'mark_not_sent')
          then null
        when fact.may_send and not fact.is_turned_away and fact.send_at <= p_now
          and (fact.status = 'pending' or private.can_still_send(fact.last_send_at, null, p_now)) then array[
          'in_doubt', said.off || ', and nothing shows whether its push of ' || said.due || ' went out all the same',
          'mark_sent or mark_not_sent, when Braze''s dashboard tells which'
        ]
        when fact.may_send and not fact.is_turned_away and fact.send_at > p_now then array[
          'in_doubt',
          said.off || ', but Braze may still send its push: ' || case
            when fact.is_removal_held then 'too many were called off at once, so its removal waits for a person'
            when fact.state in ('deleting', 'unknown') then 'its delete is not confirmed' || said.change_answer
            when fact.state = 'deleted' then 'it was deleted so late that some users may get it'
            when fact.state = 'live' and fact.status = 'cancelled' then 'its schedule is not deleted yet' || said.change_answer
            else 'its schedule is not deleted yet'
          end,
          case when fact.is_removal_held then 'It goes out at ' || said.due || ', unless confirm_removals takes it off'
          else 'The next run of braze-scheduler deletes it in Braze' end
        ]
        else array[
          case when fact.off in ('postponed', 'cancelled') then 'called_off' else 'not_wanted' end,
          said.off || case
            when fact.status = 'sent' then '. ' || said.old_date
            when fact.may_send and fact.is_turned_away and fact.send_at > p_now
              then '. Braze still has its schedule' || said.change_answer || ', and the send gate turns the push away'
            else ''
          end,
          'No push is sent'
        ]
      end,
      -- It was pushed for another date.
      case
        when fact.status is distinct from 'sent' then null
        when fact.is_move_closed then array[
          'not_wanted', said.old_date || ', and a person decided that it gets no second push', 'No push is sent'
        ]
        when fact.due_at > p_now then array[
          'will_not_go', said.old_date, 'Nobody is pushed at ' || said.due || ' unless push_again makes another push'
        ]
        else array['did_not_go', said.old_date || '. No other was made for the new date', said.by_hand]
      end,
      -- A person said that it did not go out.
      case
        when fact.cancel_reason is distinct from 'operator' then null
        when fact.due_at > p_now then array[
          'will_not_go',
          'A person stated of its earlier push that it did not go out: ' || coalesce(fact.act_reason, 'no reason is stored'),
          'Nobody is pushed at ' || said.due || ' unless reschedule makes another push'
        ]
        else array[
          'did_not_go', 'A person stated it: ' || coalesce(fact.act_reason, 'no reason is stored'),
          'An event that proves the opposite replaces this'
        ]
      end,
      -- Its time has passed.
      case
        when said.time > p_now then null
        when fact.users = 0 and fact.aborted > 0 and p_now >= said.time + interval '10 minutes' then array[
          'did_not_go', said.all_aborted, said.by_hand
        ]
        when fact.missed_because is not null then array[
          'did_not_go', 'No push went out at ' || said.due || ', since ' || fact.missed_because, said.by_hand
        ]
        when not fact.may_send and fact.ledger_id is null and fact.was_entered_late then array[
          'not_wanted', 'The match was entered after the time of its push', 'No push is sent'
        ]
        when not fact.may_send and not fact.kickoff_confirmed then array[
          'in_doubt', 'Its kick-off is not confirmed, so no push was scheduled',
          'A schedule is made when the fixture list confirms the kick-off'
        ]
        when not fact.may_send then array[
          'did_not_go',
          case
            when fact.unknown_team is not null then said.unknown_team
            when fact.ledger_id is null then 'No schedule was ever made'
            when fact.held_for is not null then said.held
            when fact.cancel_reason = 'dashboard' then 'Its schedule was gone from Braze before its time'
            when fact.state = 'failed' then said.refused
            else 'Its schedule was deleted, and no other was made'
          end,
          said.by_hand
        ]
        when fact.held_for is not null then array[
          'in_doubt', said.held || '. Nothing shows what became of it', said.look_if_sent
        ]
        when fact.state = 'live' and fact.doubt is null and fact.moving_to is null
          and coalesce(fact.campaign_state, 'running') = 'running' and p_now < fact.send_at + interval '10 minutes' then array[
          'going_out', 'Its time was ' || said.due || ', and Braze had its schedule', 'The first events come within minutes'
        ]
        else array[
          'in_doubt',
          'Its time was ' || said.due || ', and nothing shows that it was sent' || case
            when fact.campaign_state <> 'running' then ': the campaign is ' || fact.campaign_state || ' in Braze'
            when fact.state = 'unknown' then ': Braze never confirmed its schedule' || said.create_answer
            when fact.state = 'deleting' then ': it was to be deleted, and Braze did not confirm that' || said.change_answer
            when fact.doubt is not null then ': ' || said.doubt
            when fact.moving_to is not null then ': Braze did not confirm its move' || said.change_answer
            else ''
          end,
          said.look_if_sent
        ]
      end,
      -- It is still ahead, and Braze has nothing that could send it.
      case
        when fact.may_send then null
        when fact.cancel_reason = 'dashboard' then array[
          'will_not_go', 'Its schedule is gone from Braze: somebody deleted it there', said.unless || 'reschedule makes another'
        ]
        when fact.held_for is not null then array['will_not_go', said.held, said.unless || 'release lets another be made']
        when not fact.kickoff_confirmed then array[
          'in_doubt', 'Its kick-off is not confirmed, so no push is scheduled yet',
          'A schedule is made when the fixture list confirms the kick-off'
        ]
        when fact.unknown_team is not null then array[
          'will_not_go', said.unknown_team,
          said.unless || 'the team is added, or its name corrected'
        ]
        when fact.state = 'failed' then array[
          'will_not_go', said.refused,
          case when p_now < fact.create_ends_at then 'braze-scheduler tries again every 5 minutes until '
            || private.minute_text(fact.create_ends_at) else said.by_hand end
        ]
        when fact.create_ends_at <= p_now then array[
          'will_not_go', 'No schedule was made in time', said.by_hand
        ]
        when fact.plan_begins_at > p_now then array[
          'scheduled', 'Braze gets its schedule when it is nearer',
          'braze-scheduler makes the schedule from ' || private.minute_text(fact.plan_begins_at) || ' on'
        ]
        when fact.scheduler_succeeded_at is null or fact.scheduler_succeeded_at < p_now - interval '10 minutes' then array[
          'in_doubt',
          'Braze has no schedule of it yet, and braze-scheduler has not succeeded '
            || coalesce('since ' || private.minute_text(fact.scheduler_succeeded_at), 'yet'),
          'Its next successful run makes the schedule'
        ]
        when fact.known_since < fact.scheduler_succeeded_at - interval '10 minutes' then array[
          'in_doubt', 'Braze has no schedule of it, although braze-scheduler has run since', said.look_in_alerts
        ]
        else array['scheduled', 'Braze has no schedule of it yet', 'The next run of braze-scheduler makes it, within 5 minutes']
      end,
      -- It is still ahead, and Braze has a schedule or may have one.
      case
        when fact.held_for is not null then array['will_not_go', said.held, said.unless || 'release lets it go out']
        when fact.campaign_state <> 'running' then array[
          'will_not_go', 'The campaign is ' || fact.campaign_state || ' in Braze',
          said.unless || 'the campaign is started in Braze'
        ]
        when fact.is_under_way and fact.state in ('creating', 'live') then array[
          'scheduled', 'Braze is being asked for it now', 'Its answer comes within a minute'
        ]
        when fact.state in ('creating', 'unknown') then array[
          'in_doubt', 'Braze did not confirm its schedule, so it may have one or not' || said.create_answer, said.look_if_there
        ]
        when fact.state = 'deleting' then array[
          'in_doubt', 'Its schedule is to be replaced, and Braze has not confirmed the delete' || said.change_answer,
          'braze-scheduler tries again every 5 minutes, and then makes another'
        ]
        when fact.state in ('failed', 'deleted') then array[
          'in_doubt', 'Another schedule of it may still be in Braze, so no new one is made', said.look_if_there
        ]
        when fact.doubt is not null then array[
          'in_doubt', pg_catalog.upper(pg_catalog.left(said.doubt, 1)) || pg_catalog.substr(said.doubt, 2), said.look_if_there
        ]
        when fact.missed_at is not null then array[
          'in_doubt', 'Braze''s list lacks its schedule since ' || private.minute_text(fact.missed_at),
          'The next look at Braze decides whether it is gone'
        ]
        when fact.moving_to is not null then array[
          'in_doubt',
          'Braze did not confirm its move, so it is sent at ' || said.due || ' or at ' || private.minute_text(fact.last_send_at)
            || said.change_answer,
          said.look_if_there
        ]
        when fact.send_at <> fact.due_at and fact.kickoff_confirmed and fact.change_refused then array[
          'in_doubt',
          'Braze refused to move it to ' || private.minute_text(fact.due_at) || said.change_answer || '; it stands at ' || said.due,
          'braze-scheduler tries again every 5 minutes; if it cannot, the push goes out at ' || said.due
        ]
        when fact.send_at not between fact.due_at - interval '12 hours' and fact.due_at + interval '12 hours'
          and fact.send_at < p_now + fact.freeze then array[
          'in_doubt',
          'Its kick-off moved too late to move the push: it goes out at ' || said.due || ', for the old date',
          'cancel takes it off'
        ]
        else array[
          'scheduled',
          case
            when fact.send_at = fact.due_at or not fact.kickoff_confirmed then 'Braze has its schedule' || said.seen
              || case when fact.kickoff_confirmed then '' else '. Its kick-off is not confirmed any more' end
            when fact.send_at < p_now + fact.freeze then 'Braze has its schedule' || said.seen
              || '. Its kick-off moved too late to move the push'
            else 'Braze has its schedule' || said.seen || '. Its kick-off moved, and the push moves with it to '
              || private.minute_text(fact.due_at)
          end || coalesce('. Its schedule ' || fact.other_generation || ' may be sent as well', ''),
          'Braze sends it at ' || case
            when fact.send_at < p_now + fact.freeze or not fact.kickoff_confirmed then said.due
            else private.minute_text(fact.due_at)
          end
        ]
      end
    ) as told
    from private.push_facts(p_match_ids, p_earlier_ids, p_now) as fact
    cross join lateral (
      select
        case
          when fact.is_earlier or (fact.status = 'sent' and fact.due_at <= fact.ledger_send_at + interval '12 hours')
            then fact.ledger_send_at
          when fact.status = 'pending' and fact.state not in ('failed', 'deleted') then fact.send_at
          else fact.due_at
        end as time,
        coalesce(fact.status = 'sent' and (fact.is_earlier or fact.due_at <= fact.ledger_send_at + interval '12 hours'), false)
          as is_proved
    ) as due
    cross join lateral (
      select
        due.time,
        due.is_proved,
        private.minute_text(due.time) as due,
        case
          when fact.users > 0 then private.counted_text(fact.users, 'user', 'users') || ' got it'
            || coalesce(', the first at ' || private.minute_text(fact.first_sent_at), '')
          when fact.sent_evidence = 'statistics' then 'Braze reports ' || private.counted_text(fact.reported, 'push', 'pushes')
            || ' of it; no event of them came'
          when fact.sent_evidence = 'webhook' then 'The webhook of the campaign ran; no push event shows a push'
          else 'A push event proves it'
        end || case fact.off
          when 'push_off' then ', although no push was wanted'
          when 'no_audience' then ', although neither team is to be notified'
          else coalesce(', although the match was ' || fact.off, '')
        end as proof,
        case when fact.is_earlier then '. That was for its earlier date; the match is played at '
          || private.minute_text(fact.kickoff_at) else '' end as of_date,
        'Nobody was pushed: Braze aborted it for ' || private.counted_text(fact.aborted, 'user', 'users') || coalesce(' (' || (
          select pg_catalog.string_agg(
            reason.key || case when reason.value::bigint = fact.aborted then '' else ' ' || private.count_text(reason.value::bigint) end,
            ', ' order by reason.value::bigint desc, reason.key
          )
          from pg_catalog.jsonb_each_text(fact.abort_reasons) as reason
        ) || ')', '') as all_aborted,
        case
          when fact.off in ('postponed', 'cancelled') then 'The match is ' || fact.off
          when fact.off = 'finished' then 'The fixture list says that the match is finished'
          when fact.off = 'push_off' then 'The fixture list says that no push is wanted'
          when fact.off = 'no_audience' then 'The table teams says that the fans of neither team are to be notified'
          else 'A person took the push off: ' || coalesce(fact.act_reason, 'no reason is stored')
        end as off,
        'Its push went out at ' || private.minute_text(fact.ledger_send_at) || ', for an earlier date' as old_date,
        'Its schedule ' || fact.held_for || ', which had been replaced, was sent to '
          || private.counted_text(fact.held_users, 'user', 'users') || ', so the current one is held' as held,
        'Braze refused its schedule: ' || coalesce(fact.create_answer, 'it gave no reason') as refused,
        'The team ' || fact.unknown_team || ' is not in the table teams, so nobody can be selected' as unknown_team,
        coalesce(' (' || fact.create_answer || ')', '') as create_answer,
        coalesce(' (' || fact.change_answer || ')', '') as change_answer,
        private.doubt_text(fact.doubt) as doubt,
        coalesce(', last listed at ' || private.minute_text(fact.listed_at), '') as seen,
        'Nobody is pushed at ' || private.minute_text(due.time) || ' unless ' as unless,
        'Nothing more happens by itself' || case when fact.off_since is null
          then ': send it by hand in Braze if users still need it' else '' end as by_hand,
        'Look in Braze whether it was sent, then mark_sent or mark_not_sent' as look_if_sent,
        'Look in Braze whether its schedule is there; if it is not, declare_gone' as look_if_there,
        'Its open alerts say what is missing' as look_in_alerts
    ) as said
  ),
  -- What was called off after its time was wanted at its time: both are said.
  told as (
    select judged.*, pg_catalog.rtrim(judged.told[2], '.') || case
      when judged.told[1] in ('did_not_go', 'in_doubt') and not judged.is_earlier and judged.time <= p_now
        then coalesce('. The match is ' || judged.off_since || ' since then', '')
      else ''
    end || '.' as sentence
    from judged
  ),
  answers as (
    select
      answer.match_id, answer.verb, min(asked.number) as number,
      pg_catalog.bool_or(answer.refused is null and not asked.accepts_risk) as is_allowed,
      pg_catalog.bool_or(answer.refused is null) as is_possible
    from private.send_timing() as timing
    cross join (
      values
        (1, array['release', 'confirm_removals', 'undo', 'mark_sent', 'mark_not_sent'], false),
        (2, array['reschedule', 'declare_gone', 'push_again'], false),
        (2, array['reschedule', 'declare_gone', 'push_again'], true),
        (3, array['cancel'], false)
    ) as asked (number, verbs, accepts_risk)
    cross join lateral private.verb_refusals(
      p_match_ids, asked.verbs, asked.accepts_risk, extract(epoch from timing.freeze)::integer,
      extract(epoch from timing.send_lead)::integer, p_now
    ) as answer
    group by answer.match_id, answer.verb
  ),
  verbs as (
    select
      answer.match_id,
      coalesce(pg_catalog.jsonb_agg(answer.verb order by answer.number, answer.verb) filter (where answer.is_allowed), '[]')
        as allowed,
      coalesce(pg_catalog.jsonb_agg(answer.verb order by answer.number, answer.verb) filter (
        where answer.is_possible and not answer.is_allowed
      ), '[]') as risky
    from answers as answer
    group by answer.match_id
  )
  select
    judged.match_id, judged.is_earlier, judged.told[1], judged.sentence,
    pg_catalog.jsonb_build_object(
      'match_id', judged.match_id,
      'home_team', judged.home_team,
      'away_team', judged.away_team,
      'competition', judged.competition,
      'kickoff_at', judged.kickoff_at,
      'send_at', judged.time,
      'status', judged.status,
      'intent', judged.intent,
      'generation', judged.generation,
      'verdict', judged.told[1],
      'why', judged.sentence,
      'once', pg_catalog.jsonb_build_object(
        'answer', case
          when judged.double_users > 0 then 'no'
          when judged.double_users = 0 and judged.users > 0 then 'yes'
          else 'unknown'
        end,
        'users', judged.double_users
      ),
      'to_everyone', case
        when judged.told[1] not in ('went_out', 'did_not_go') or (judged.users = 0 and judged.sent_evidence is not null)
          or judged.expected_min is null
          then pg_catalog.jsonb_build_object('answer', 'not_measured', 'by', null)
        when judged.users < judged.expected_min
          then pg_catalog.jsonb_build_object('answer', 'short', 'by', judged.expected_min - judged.users)
        when judged.users > judged.expected_max
          then pg_catalog.jsonb_build_object('answer', 'more', 'by', judged.users - judged.expected_max)
        else pg_catalog.jsonb_build_object('answer', 'within', 'by', null)
      end || pg_catalog.jsonb_build_object(
        'reached', judged.users, 'expected_min', judged.expected_min, 'expected_max', judged.expected_max
      ),
      'counts', pg_catalog.jsonb_build_object(
        'sent', judged.users, 'bounced', judged.bounced, 'aborted', judged.aborted, 'opened', judged.opened,
        'abort_reasons', judged.abort_reasons
      ),
      'next', pg_catalog.jsonb_build_object(
        'text', pg_catalog.rtrim(judged.told[3], '.') || '.',
        'at', case
          when judged.told[1] in ('scheduled', 'will_not_go', 'in_doubt') and judged.time > p_now then judged.time
        end,
        'verbs', case when judged.is_earlier then '[]' else verbs.allowed end,
        'verbs_with_risk', case when judged.is_earlier then '[]' else verbs.risky end
      ),
      'alerts', judged.alerts
    )
  from told as judged
  left join verbs on verbs.match_id = judged.match_id;
end;
$$;

comment on function private.push_verdicts(bigint[], uuid[], timestamptz) is
  'The verdict of the current push of each match, and of each earlier push of p_earlier_ids. told: the object that public.match_verdict documents.';
revoke all on function private.push_verdicts(bigint[], uuid[], timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.push_verdicts(bigint[], uuid[], timestamptz) to authenticated, service_role;
