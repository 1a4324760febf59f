-- Why Braze may have lost a schedule, in words.

create function private.doubt_text(p_doubt text)
returns text
language sql
immutable
security invoker
set search_path = ''
as $$
  select case p_doubt
    when 'campaign_restarted' then 'the campaign was stopped and started again, and Braze may have dropped its schedule'
    when 'list_empty' then 'Braze''s list showed the campaign''s schedules and shows none now'
    when 'next_send_later' then 'the next send that Braze lists is later than its push'
    when 'missing_with_many' then 'Braze''s list lacks its schedule, and many others'
  end;
$$;

comment on function private.doubt_text(text) is 'braze_schedules.doubt, as alerts and verdicts say it.';
revoke all on function private.doubt_text(text) from public, anon, authenticated, service_role;
grant execute on function private.doubt_text(text) to authenticated, service_role;
