/** One row per match: times, status, counts, confidence. */
import { usePage } from "../context.ts";
import { count, range } from "../format.ts";
import { Confidence } from "../parts/confidence.tsx";
import { MatchLink } from "../parts/match_link.tsx";
import { type TimeAxis, timeAxis } from "../parts/scale.ts";
import { Chip, preflightState, sendState, SEVERITY_TONES } from "../parts/status.tsx";
import { type Column, Table } from "../parts/table.tsx";
import type { MatchdayMatch } from "../rows.ts";
import { clockTime, utc } from "../time.ts";

export function MatchdayTable({ matches }: { readonly matches: readonly MatchdayMatch[] }) {
  const { clock } = usePage();
  const now = clock.now();
  const axis = timeAxis(
    matches.flatMap(({ send_at, kickoff_at }) =>
      [send_at, kickoff_at].filter((at) => at !== null).map((at) => new Date(at).getTime())
    ),
  );
  const columns: Column<MatchdayMatch>[] = [
    {
      title: "Match",
      label: "Match",
      class: "match",
      cell: (match) => (
        <>
          <MatchLink matchId={match.match_id}>
            {`${match.home_team} – ${match.away_team}`}
          </MatchLink>
          {match.match_status === "scheduled" || match.match_status === "finished"
            ? null
            : <span class="sub">{match.match_status}</span>}
        </>
      ),
    },
    {
      title: <Ticks axis={axis} />,
      label: "Push and kick-off",
      class: "track-cell",
      cell: (match) => <Track match={match} axis={axis} now={now} />,
    },
    {
      title: "Status",
      label: "Status",
      cell: (match) => {
        const { tone, text } = sendState(match, now);
        return <Chip tone={tone}>{text}</Chip>;
      },
    },
    {
      title: "Pre-flight",
      label: "Pre-flight",
      cell: (match) => {
        if (
          match.status === null || match.status === "cancelled" && match.preflight_result === null
        ) return <span class="quiet">–</span>;
        const { tone, text } = preflightState(match.preflight_result);
        return tone === "off" ? <span class="quiet">{text}</span> : <Chip tone={tone}>{text}</Chip>;
      },
    },
    {
      title: "Expected",
      label: "Expected users",
      isNumber: true,
      cell: ({ expected, expected_min, expected_max }) =>
        range(expected_min, expected_max, expected),
    },
    {
      title: "Received",
      label: "Received",
      isNumber: true,
      cell: (match) => <Received {...match} />,
    },
    {
      title: "Braze says",
      label: "Sends that Braze reports",
      isNumber: true,
      cell: ({ braze_reported, sends }) => (
        <>
          {count(braze_reported)}
          {braze_reported !== null && braze_reported > sends
            ? <span class="sub warn-text">{count(braze_reported - sends)} without event</span>
            : null}
        </>
      ),
    },
    {
      title: "Confidence",
      label: "Confidence",
      class: "wide",
      cell: (match) => <Confidence {...match} />,
    },
    {
      title: "Alerts",
      label: "Alerts",
      cell: ({ alerts }) =>
        alerts.length === 0 ? <span class="quiet">none</span> : (
          <ul class="plain">
            {alerts.map(({ id, severity, rule, title }) => (
              <li key={id}>
                <Chip tone={SEVERITY_TONES[severity]} title={title}>
                  {rule.replaceAll("_", " ")}
                </Chip>
              </li>
            ))}
          </ul>
        ),
    },
  ];
  return (
    <Table
      caption="Matches of the day, by the time of their push"
      columns={columns}
      rows={matches}
      keyOf={({ match_id }) => match_id}
      rowClass={({ status }) => status === "cancelled" ? "dim" : ""}
    />
  );
}

/** Users once they are counted, and sends, which are up to date. */
function Received({ users, sends }: MatchdayMatch) {
  if (users === null && sends === 0) return <span class="quiet">–</span>;
  return (
    <>
      {users === null ? null : <span title="Users, as last counted">{count(users)}</span>}
      <span class="sub" title="Push Send events, one for each device">
        {count(sends)} {sends === 1 ? "send" : "sends"}
      </span>
    </>
  );
}

function Ticks({ axis }: { readonly axis: TimeAxis }) {
  const { zone } = usePage();
  return (
    <>
      <span class="visually-hidden">Push and kick-off</span>
      <span class="ticks" aria-hidden="true">
        {axis.ticks.map((tick) => (
          <span key={tick} style={{ left: `${axis.at(tick)}%` }} title={utc(new Date(tick))}>
            {clockTime(new Date(tick), zone)}
          </span>
        ))}
      </span>
    </>
  );
}

function Track({ match, axis, now }: {
  readonly match: MatchdayMatch;
  readonly axis: TimeAxis;
  readonly now: Date;
}) {
  const { zone } = usePage();
  const kickoff = new Date(match.kickoff_at);
  const send = match.send_at === null ? null : new Date(match.send_at);
  const { tone } = sendState(match, now);
  const at = (time: Date) => `${axis.at(time.getTime())}%`;
  return (
    <span class="track">
      {axis.ticks.map((tick) => (
        <span key={tick} class="tick" aria-hidden="true" style={{ left: `${axis.at(tick)}%` }} />
      ))}
      {axis.holds(now.getTime())
        ? <span class="now" aria-hidden="true" style={{ left: at(now) }} />
        : null}
      {send === null ? null : (
        <>
          <span
            class="lead"
            aria-hidden="true"
            style={{ left: at(send), width: `calc(${at(kickoff)} - ${at(send)})` }}
          />
          <span class={`dot ${tone}`} style={{ left: at(send) }} title={`Push: ${utc(send)}`} />
          <span class="time-text" style={{ left: at(send) }} title={`Push: ${utc(send)}`}>
            <span class="visually-hidden">Push at</span>
            {clockTime(send, zone)}
          </span>
        </>
      )}
      <span class="kickoff" style={{ left: at(kickoff) }} title={`Kick-off: ${utc(kickoff)}`} />
      <span
        class="time-text after"
        style={{ left: at(kickoff) }}
        title={`Kick-off: ${utc(kickoff)}`}
      >
        <span class="visually-hidden">Kick-off at</span>
        {clockTime(kickoff, zone)}
      </span>
    </span>
  );
}
