/** Open and past alerts. */
import { usePage } from "../context.ts";
import { count, words } from "../format.ts";
import { MatchLink } from "../parts/match_link.tsx";
import { Content, Empty } from "../parts/states.tsx";
import { Chip, SEVERITY_TONES } from "../parts/status.tsx";
import { Table } from "../parts/table.tsx";
import { Time } from "../parts/time.tsx";
import { alerts } from "../read.ts";
import { hashOf } from "../route.ts";
import type { AlertRow, Severity } from "../rows.ts";
import { usePolled } from "../use_polled.ts";

const POLL_MS = 15_000;
const ORDER: readonly string[] = ["critical", "warning", "info"];

export function Alerts() {
  const { client, clock, route } = usePage();
  const { show } = route;
  const polled = usePolled(`alerts ${show}`, () => alerts(client, show), clock, POLL_MS);
  return (
    <>
      <nav class="tabs" aria-label="Which alerts">
        {(["open", "past"] as const).map((each) => (
          <a
            key={each}
            href={hashOf({ view: "alerts", show: each, zone: route.zone })}
            aria-current={each === show ? "page" : undefined}
          >
            {words(each)}
          </a>
        ))}
      </nav>
      <Content polled={polled}>
        {(rows) =>
          rows.length === 0
            ? (
              <Empty title={show === "open" ? "No open alert" : "No alert has been resolved yet"}>
                {show === "open" ? "No check has found a fault." : undefined}
              </Empty>
            )
            : <List rows={rows} show={show} />}
      </Content>
    </>
  );
}

function List(
  { rows, show }: { readonly rows: readonly AlertRow[]; readonly show: "open" | "past" },
) {
  const sorted = show === "past"
    ? rows
    : rows.toSorted((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity));
  return (
    <Table
      caption={show === "open" ? "Open alerts, most severe first" : "Past alerts, newest first"}
      rows={sorted}
      keyOf={({ id }) => id}
      columns={[
        { title: "What", label: "What", class: "wide", cell: (row) => row.title },
        {
          title: "Severity",
          label: "Severity",
          cell: ({ severity }) => (
            <Chip tone={SEVERITY_TONES[severity as Severity] ?? "warn"}>{words(severity)}</Chip>
          ),
        },
        { title: "Rule", label: "Rule", cell: (row) => row.rule.replaceAll("_", " ") },
        {
          title: "Match",
          label: "Match",
          cell: ({ match_id }) => match_id === null ? "–" : <MatchLink matchId={match_id} />,
        },
        { title: "For", label: "For", cell: (row) => row.audience },
        {
          title: "First seen",
          label: "First seen",
          cell: (row) => <Time at={row.first_seen_at} />,
        },
        show === "open"
          ? {
            title: "Last seen",
            label: "Last seen",
            cell: (row) => <Time at={row.last_seen_at} />,
          }
          : { title: "Resolved", label: "Resolved", cell: (row) => <Time at={row.resolved_at} /> },
        {
          title: "Seen",
          label: "Times seen",
          isNumber: true,
          cell: (row) => count(row.occurrences),
        },
        {
          title: "Told",
          label: "Told",
          cell: (row) =>
            row.delivered_at !== null
              ? <span title={`as ${row.delivered_severity}`}>{row.delivered_as}</span>
              : row.delivery_error === null
              ? <span class="quiet">not yet</span>
              : <Chip tone="warn" title={row.delivery_error}>failed</Chip>,
        },
      ]}
    />
  );
}
