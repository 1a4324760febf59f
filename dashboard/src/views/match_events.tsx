/** The events of a match by minute, and unattributed events that may belong to it. */
import { count, plural, words } from "../format.ts";
import { Chart } from "../parts/chart.tsx";
import { MatchLink } from "../parts/match_link.tsx";
import { Empty } from "../parts/states.tsx";
import { Table } from "../parts/table.tsx";
import { Time } from "../parts/time.tsx";
import type { EventMinute, MatchEvents, Verdict } from "../rows.ts";

const WHY: Readonly<Record<string, string>> = {
  contradiction: "Its ids name different matches",
  tie: "Several matches fit",
  no_candidate: "No match fits",
  no_evidence: "It names no match",
  unknown_match: "It names a match that is not known",
};

const MINUTE_MS = 60_000;
/** More columns would be thinner than a line. */
const COLUMNS_MAX = 240;

export function MatchEventsPart({ events, verdict }: {
  readonly events: MatchEvents;
  readonly verdict: Verdict;
}) {
  const { minutes, candidates } = events;
  return (
    <>
      <section aria-labelledby="events">
        <h2 id="events">Events by minute</h2>
        {minutes.length === 0
          ? (
            <Empty title="No event yet">
              {verdict.verdict === "scheduled" || verdict.verdict === "going_out"
                ? "Events arrive when the push is sent."
                : "Braze sent none that belongs to this match."}
            </Empty>
          )
          : <Curve minutes={minutes} />}
      </section>
      {candidates.length === 0 ? null : (
        <section aria-labelledby="candidates">
          <h2 id="candidates">Events that may belong to this match, or to another</h2>
          <Table
            caption="Events that may belong to this match"
            rows={candidates}
            keyOf={(row) =>
              `${row.event_type} ${row.channel} ${row.correlation_method} ${row.candidate_match_ids}`}
            columns={[
              {
                title: "Kind",
                label: "Kind",
                cell: (row) => words(`${row.channel} ${row.event_type}`),
              },
              {
                title: "Events",
                label: "Events",
                isNumber: true,
                cell: (row) => count(row.events),
              },
              {
                title: "Why",
                label: "Why",
                cell: (row) => WHY[row.correlation_method] ?? words(row.correlation_method),
              },
              { title: "First", label: "First", cell: (row) => <Time at={row.first_at} /> },
              { title: "Last", label: "Last", cell: (row) => <Time at={row.last_at} /> },
              {
                title: "Matches in question",
                label: "Matches in question",
                cell: (row) =>
                  row.candidate_match_ids.map((id) => (
                    <span key={id} class="inline">
                      <MatchLink matchId={id} />
                    </span>
                  )),
              },
            ]}
          />
        </section>
      )}
    </>
  );
}

function Curve({ minutes }: { readonly minutes: readonly EventMinute[] }) {
  const { times, stepMs, sums } = sumsByStep(minutes);
  const total = minutes.reduce((sum, { sends, opens, others }) => sum + sends + opens + others, 0);
  const busiest = minutes.reduce((best, each) => each.sends > best.sends ? each : best);
  return (
    <Chart
      title={stepMs === MINUTE_MS ? "Events a minute" : `Events in ${stepMs / MINUTE_MS} minutes`}
      kind="columns"
      times={times}
      stepMs={stepMs}
      series={[
        { name: "sends", colour: "one", values: sums.map(({ sends }) => sends) },
        { name: "opens", colour: "two", values: sums.map(({ opens }) => opens) },
        { name: "others", colour: "three", values: sums.map(({ others }) => others) },
      ]}
      summary={`${plural(total, "event")}; most sends at ${busiest.minute.slice(11, 16)} UTC: ${
        count(busiest.sends)
      }`}
    />
  );
}

/** Includes minutes without events; joins several minutes into one step when there are many. */
export function sumsByStep(minutes: readonly EventMinute[]) {
  const at = (each: EventMinute | undefined) => new Date(each?.minute ?? 0).getTime();
  const first = at(minutes[0]);
  const steps = (at(minutes.at(-1)) - first) / MINUTE_MS + 1;
  const stepMs = Math.ceil(steps / COLUMNS_MAX) * MINUTE_MS;
  const sums = Array.from(
    { length: Math.ceil(steps * MINUTE_MS / stepMs) },
    () => ({ sends: 0, opens: 0, others: 0 }),
  );
  for (const each of minutes) {
    const sum = sums[Math.floor((at(each) - first) / stepMs)]!;
    sum.sends += each.sends;
    sum.opens += each.opens;
    sum.others += each.others;
  }
  return { stepMs, sums, times: sums.map((_, index) => first + index * stepMs) };
}
