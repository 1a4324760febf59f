/** Count audits: ledger compared with Braze. */
import { usePage } from "../context.ts";
import { count, plural, signed } from "../format.ts";
import { Chart } from "../parts/chart.tsx";
import { MatchLink } from "../parts/match_link.tsx";
import { Content, Empty } from "../parts/states.tsx";
import { Chip, type Tone } from "../parts/status.tsx";
import { Table } from "../parts/table.tsx";
import { Time } from "../parts/time.tsx";
import { audits } from "../read.ts";
import type { Audit } from "../rows.ts";
import { usePolled } from "../use_polled.ts";

const POLL_MS = 60_000;
const DAYS_SHOWN = 14;

const STATUS: Readonly<Record<string, readonly [Tone, string]>> = {
  in_sync: ["good", "In sync"],
  mismatch: ["bad", "Mismatch"],
  unknown: ["warn", "Not known"],
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
        What the ledger wants to send, against what Braze lists, once an hour. The last {DAYS_SHOWN}
        {" "}
        days.
      </p>
      <Content polled={polled}>
        {(rows) =>
          rows.length === 0
            ? (
              <Empty title="No audit yet">
                braze-count-audit runs once an hour; <a href="#/jobs">Jobs</a>{" "}
                shows whether it does.
              </Empty>
            )
            : <Audits rows={rows} />}
      </Content>
    </>
  );
}

function Audits({ rows }: { readonly rows: readonly Audit[] }) {
  const oldestFirst = rows.toReversed();
  const apart = rows.filter(({ status }) => status === "mismatch").length;
  const [last] = rows;
  return (
    <>
      <Chart
        title="Pending schedules"
        kind="line"
        times={oldestFirst.map(({ checked_at }) => new Date(checked_at).getTime())}
        series={[
          { name: "ledger", colour: "one", values: oldestFirst.map((row) => row.ledger_pending) },
          { name: "Braze", colour: "two", values: oldestFirst.map((row) => row.braze_actual) },
        ]}
        summary={`${
          plural(rows.length, "audit")
        }, ${apart} with a mismatch; last: ledger ${last?.ledger_pending}, Braze ${
          last?.braze_actual ?? "not known"
        }`}
      />
      <Table
        caption="Audits, newest first"
        rows={rows}
        keyOf={({ id }) => id}
        rowClass={({ status }) => status === "mismatch" ? "marked" : ""}
        columns={[
          { title: "When", label: "When", cell: (row) => <Time at={row.checked_at} /> },
          {
            title: "Verdict",
            label: "Verdict",
            cell: ({ status }) => {
              const [tone, text] = STATUS[status] ?? ["warn", status];
              return <Chip tone={tone}>{text}</Chip>;
            },
          },
          {
            title: "Ledger",
            label: "Ledger",
            isNumber: true,
            cell: (row) => count(row.ledger_pending),
          },
          {
            title: "Braze",
            label: "Braze",
            isNumber: true,
            cell: (row) => count(row.braze_actual),
          },
          { title: "Delta", label: "Delta", isNumber: true, cell: (row) => signed(row.delta) },
          {
            title: "Missing in Braze",
            label: "Missing in Braze",
            cell: (row) => <Set rows={row.missing_in_braze} />,
          },
          {
            title: "Extra in Braze",
            label: "Extra in Braze",
            cell: (row) => <Set rows={row.extra_in_braze} />,
          },
          { title: "List", label: "List", cell: (row) => row.listing_mode.replaceAll("_", " ") },
        ]}
      />
    </>
  );
}

/** [{match_id, schedule_id}]; equal counts can hide one of each. */
function Set({ rows }: { readonly rows: unknown }) {
  if (!Array.isArray(rows)) return <span class="quiet">–</span>;
  if (rows.length === 0) return <span class="quiet">none</span>;
  return rows.map((row: { match_id: number | null; schedule_id: string | null }, index) => (
    <span key={index} class="inline" title={row.schedule_id ?? undefined}>
      {row.match_id === null ? "a schedule of no match" : <MatchLink matchId={row.match_id} />}
    </span>
  ));
}
