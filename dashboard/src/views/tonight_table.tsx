/** One row for each match: what became of its push, once, and to how many. */
import { usePage } from "../context.ts";
import { MatchLink } from "../parts/match_link.tsx";
import { hasNumbers, Once, ToEveryone } from "../parts/numbers.tsx";
import { Chip, SEVERITY_TONES, VerdictChip } from "../parts/status.tsx";
import { Table } from "../parts/table.tsx";
import { Time } from "../parts/time.tsx";
import type { OpenAlert, Verdict } from "../rows.ts";
import { hashOf } from "../route.ts";
import { isWanted } from "../verdict.ts";

const ALERTS_MAX = 2;

export function TonightTable({ verdicts }: { readonly verdicts: readonly Verdict[] }) {
  return (
    <Table
      caption="Matches of the day, worst first"
      class="night"
      rows={verdicts}
      keyOf={({ match_id }) => match_id}
      rowClass={(row) =>
        `${isWanted(row) ? "" : "dim"} ${hasNumbers(row) ? "" : "without-numbers"}`}
      columns={[
        {
          title: "Match",
          label: "Match",
          class: "match",
          cell: ({ match_id, home_team, away_team, competition }) => (
            <>
              <MatchLink matchId={match_id}>{`${home_team} – ${away_team}`}</MatchLink>
              <span class="sub">{match_id} · {competition}</span>
            </>
          ),
        },
        {
          title: "Push",
          label: "Push",
          class: "push",
          cell: ({ send_at, kickoff_at }) => (
            <>
              <Time at={send_at} as="clock" />
              <span class="sub">
                kick-off <Time at={kickoff_at} as="clock" />
              </span>
            </>
          ),
        },
        {
          title: "Verdict",
          label: "Verdict",
          class: "verdict",
          cell: (row) => (
            <>
              <VerdictChip verdict={row} />
              <span class="sub">{row.why}</span>
            </>
          ),
        },
        { title: "Once", label: "Once", class: "once", cell: (row) => <Once verdict={row} /> },
        {
          title: "To everyone",
          label: "To everyone",
          class: "everyone",
          cell: (row) => <ToEveryone verdict={row} />,
        },
        {
          title: "Alerts",
          label: "Alerts",
          class: "alerts",
          cell: ({ alerts }) => <OpenAlerts alerts={alerts} />,
        },
      ]}
    />
  );
}

function OpenAlerts({ alerts }: { readonly alerts: readonly OpenAlert[] }) {
  const { route } = usePage();
  if (alerts.length === 0) return <span class="quiet">none</span>;
  return (
    <ul class="plain">
      {alerts.slice(0, ALERTS_MAX).map(({ fingerprint, severity, rule, title }) => (
        <li key={fingerprint}>
          <Chip tone={SEVERITY_TONES[severity]} title={title}>{rule.replaceAll("_", " ")}</Chip>
        </li>
      ))}
      {alerts.length <= ALERTS_MAX ? null : (
        <li>
          <a href={hashOf({ view: "alerts", zone: route.zone })}>
            and {alerts.length - ALERTS_MAX} more
          </a>
        </li>
      )}
    </ul>
  );
}
