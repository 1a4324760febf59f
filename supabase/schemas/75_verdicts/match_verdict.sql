-- Whether the push of a match went out, or will: what every page, message and command says of it.

create function public.match_verdict(p_match_id bigint, p_now timestamptz)
returns jsonb
language plpgsql
stable
security invoker
set search_path = ''
set jit = off
as $$
begin
  return (select judged.told from private.push_verdicts(array[p_match_id], '{}', p_now) as judged);
end;
$$;

comment on function public.match_verdict(bigint, timestamptz) is
  'The current push of a match: {match_id, home_team, away_team, competition, kickoff_at, send_at, status, intent, generation, verdict, why, once: {answer, users}, to_everyone: {answer, by, reached, expected_min, expected_max}, counts: {sent, bounced, aborted, opened, abort_reasons}, next: {text, at, verbs, verbs_with_risk}, alerts}. Numbers are users. verbs_with_risk need accept_double_push. null without the match.';
revoke all on function public.match_verdict(bigint, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.match_verdict(bigint, timestamptz) to authenticated, service_role;
