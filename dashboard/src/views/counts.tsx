/** Planned pushes against what Braze lists: one day at a time. */
import { useState } from "preact/hooks";
import { usePage } from "../context.ts";
import { count, plural, signed } from "../format.ts";
import { Chart } from "../parts/chart.tsx";
import { MatchLink } from "../parts/match_link.tsx";
import { Content, Empty } from "../parts/states.tsx";
import { Chip } from "../parts/status.tsx";
import { Table } from "../parts/table.tsx";
import { Time } from "../parts/time.tsx";
import { audits } from "../read.ts";
import type { Audit } from "../rows.ts";
import { dateIn, dayName } from "../time.ts";
import { usePolled } from "../use_polled.ts";
import type { Tone } from "../verdict.ts";

const POLL_MS = 60_000;
const DAYS_SHOWN = 14;

/** How the result of a comparison looks. */
export const RESULTS: Readonly<Record<string, readonly [Tone, string]>> = {
  in_sync: ["good", "The same"],
  mismatch: ["bad", "They differ"],
  unknown: ["off", "Not known"],
};

export function Counts() {
  const { client, clock } = usePage();
  const polled = usePolled(
    "counts",
    () => audits(client, new Date(clock.now().getTime() - DAYS_SHOWN * 86_400_000)),
    clock,
    POLL_MS,
  );
  return (
    <>
      <p class="intro">
        The pushes that are planned, against those that Braze lists; compared once an hour.
      </p>
      <Content polled={polled}>
        {(rows) =>
          rows.length === 0
            ? (
              <Empty title="Not compared yet">
                It is done once an hour; <a href="#/jobs">Jobs</a> shows whether it runs.
              </Empty>
            )
            : <Days rows={rows} />}
      </Content>
    </>
  );
}

function Days({ rows }: { readonly rows: readonly Audit[] }) {
  const { zone } = usePage();
  const [asked, setAsked] = useState<string | null>(null);
  const dateOf = ({ checked_at }: Audit) => dateIn(new Date(checked_at), zone);
  const dates = [...new Set(rows.map(dateOf))];
  const place = Math.max(0, dates.indexOf(asked ?? ""));
  const date = dates[place]!;
  const ofDay = rows.filter((row) => dateOf(row) === date);
  const step = (to: number, name: string, text: string) => (
    <button
      type="button"
      disabled={dates[to] === undefined}
      onClick={() => setAsked(dates[to] ?? null)}
      aria-label={name}
    >
      {text}
    </button>
  );
  return (
    <>
      {rows.some(({ status }) => status === "unknown") ? <WhyNotKnown /> : null}
      <div class="day">
        {step(place + 1, "The day before", "‹")}
        {step(place - 1, "The day after", "›")}
        <strong class="day-name">{dayName(date)}</strong>
      </div>
      <OneDay rows={ofDay} />
    </>
  );
}

/** Once for all rows: it is no fault, and nothing to be done about. */
function WhyNotKnown() {
  return (
    <p class="notice">
      <strong>Not known</strong>{" "}
      means that Braze's list could not be counted: it was not read, was empty, or names the
      campaign's next send only, as Braze documents it. Each push is proved by its own events all
      the same.
    </p>
  );
}

function OneDay({ rows }: { readonly rows: readonly Audit[] }) {
  const oldestFirst = rows.toReversed();
  const apart = rows.filter(({ status }) => status === "mismatch").length;
  const isCounted = rows.some(({ braze_actual }) => braze_actual !== null);
  const [last] = rows;
  return (
    <>
      {rows.length < 2 || !isCounted ? null : (
        <Chart
          title="Pushes to come"
          kind="line"
          times={oldestFirst.map(({ checked_at }) => new Date(checked_at).getTime())}
          series={[
            {
              name: "planned",
              colour: "one",
              values: oldestFirst.map((row) => row.ledger_pending),
            },
            { name: "in Braze", colour: "two", values: oldestFirst.map((row) => row.braze_actual) },
          ]}
          summary={`Compared ${
            plural(rows.length, "time")
          }, ${apart} with a difference; last: ${last?.ledger_pending} planned, ${
            last?.braze_actual ?? "not known"
          } in Braze`}
        />
      )}
      <Table
        caption="Comparisons of the day, newest first"
        class="short"
        rows={rows}
        keyOf={({ id }) => id}
        rowClass={({ status }) => status === "mismatch" ? "marked" : ""}
        columns={[
          { title: "At", label: "At", cell: (row) => <Time at={row.checked_at} as="clock" /> },
          {
            title: "Result",
            label: "Result",
            cell: ({ status }) => {
              const [tone, text] = RESULTS[status] ?? ["warn", status];
              return <Chip tone={tone}>{text}</Chip>;
            },
          },
          {
            title: "Planned",
            label: "Planned",
            isNumber: true,
            cell: (row) => count(row.ledger_pending),
          },
          {
            title: "In Braze",
            label: "In Braze",
            isNumber: true,
            cell: (row) => count(row.braze_actual),
          },
          {
            title: "Difference",
            label: "Difference",
            isNumber: true,
            cell: (row) => signed(row.delta),
          },
          {
            title: "Missing in Braze",
            label: "Missing in Braze",
            cell: (row) => <Matches rows={row.missing_in_braze} />,
          },
          {
            title: "Only in Braze",
            label: "Only in Braze",
            cell: (row) => <Matches rows={row.extra_in_braze} />,
          },
        ]}
      />
    </>
  );
}

/** [{match_id, schedule_id}]; equal counts can hide one of each. */
function Matches({ rows }: { readonly rows: unknown }) {
  if (!Array.isArray(rows)) return <span class="quiet">–</span>;
  if (rows.length === 0) return <span class="quiet">none</span>;
  return rows.map((row: { match_id: number | null; schedule_id: string | null }, index) => (
    <span key={index} class="inline" title={row.schedule_id ?? undefined}>
      {row.match_id === null ? "a schedule of no match" : <MatchLink matchId={row.match_id} />}
    </span>
  ));
}
