/** Webhook health by day. */
import { usePage } from "../context.ts";
import { count, percent, plural, signed } from "../format.ts";
import { Chart } from "../parts/chart.tsx";
import { Content, Empty } from "../parts/states.tsx";
import { Table } from "../parts/table.tsx";
import { health } from "../read.ts";
import type { Health as HealthRow } from "../rows.ts";
import { duration, inZone } from "../time.ts";
import { usePolled } from "../use_polled.ts";

const POLL_MS = 120_000;
const DAY_MS = 86_400_000;

export function Health() {
  const { client, clock } = usePage();
  const polled = usePolled("health", () => health(client), clock, POLL_MS);
  return (
    <>
      <p class="intro">
        How well Braze's events arrived, for the pushes of each UTC day: for how many pushes, how
        late, and how surely they belong to a match. Summed up once a day.
      </p>
      <Content polled={polled}>
        {(rows) =>
          rows.length === 0
            ? (
              <Empty title="No day is summed up yet">
                The sum of a day is made once, at 03:35 UTC.
              </Empty>
            )
            : <Days rows={rows} />}
      </Content>
    </>
  );
}

function Days({ rows }: { readonly rows: readonly HealthRow[] }) {
  const oldestFirst = rows.toReversed();
  const times = oldestFirst.map(({ date }) => new Date(date).getTime());
  const delay = (value: number | null) => value === null ? "–" : duration(value);
  const [last] = rows;
  return (
    <>
      {/* One day is no line. */}
      {rows.length < 2 ? null : (
        <Chart
          title="Delay of Braze's events"
          kind="line"
          times={times}
          stepMs={DAY_MS}
          format={duration}
          series={[
            {
              name: "median",
              colour: "one",
              values: oldestFirst.map((row) => row.p50_webhook_delay_ms),
            },
            {
              name: "95 %",
              colour: "two",
              values: oldestFirst.map((row) => row.p95_webhook_delay_ms),
            },
          ]}
          summary={`${plural(rows.length, "day")}; last: median ${
            delay(last?.p50_webhook_delay_ms ?? null)
          }, 95 % within ${delay(last?.p95_webhook_delay_ms ?? null)}`}
        />
      )}
      <Table
        caption="Days, newest first"
        rows={rows}
        keyOf={({ date }) => date}
        columns={[
          { title: "Day (UTC)", label: "Day (UTC)", cell: ({ date }) => day(date) },
          {
            title: "With events",
            label: "With events",
            isNumber: true,
            cell: (row) => (
              <>
                {percent(share(row.webhooks_received, row.total_schedules_sent))}
                <span class="sub">{row.webhooks_received} of {row.total_schedules_sent}</span>
              </>
            ),
          },
          {
            title: "Delay of half / 95 % / 99 %",
            label: "Delay of half / 95 % / 99 %",
            isNumber: true,
            cell: (row) =>
              `${delay(row.p50_webhook_delay_ms)} / ${delay(row.p95_webhook_delay_ms)} / ${
                delay(row.p99_webhook_delay_ms)
              }`,
          },
          {
            title: "Sends",
            label: "Sends",
            isNumber: true,
            cell: (row) => count(row.push_sends),
          },
          {
            title: "Braze says",
            label: "Braze says",
            isNumber: true,
            cell: (row) => (
              <>
                {count(row.braze_reported_sends)}
                {row.delta === null || row.delta === 0
                  ? null
                  : <span class="sub warn-text">{signed(row.delta)}</span>}
              </>
            ),
          },
          {
            title: "Duplicates",
            label: "Duplicates",
            isNumber: true,
            cell: (row) => count(row.duplicates),
          },
          {
            title: "Not understood",
            label: "Not understood",
            isNumber: true,
            cell: (row) => count(row.rejects),
          },
          {
            title: "By time only",
            label: "By time only",
            isNumber: true,
            cell: (row) => percent(row.low_confidence_share),
          },
          {
            title: "Of no match",
            label: "Of no match",
            isNumber: true,
            cell: (row) => count(row.unattributed),
          },
        ]}
      />
    </>
  );
}

function share(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

export function day(date: string): string {
  return inZone(new Date(`${date}T12:00:00Z`), "UTC", {
    weekday: "short",
    day: "numeric",
    month: "short",
    year: "numeric",
  }).replaceAll(",", "");
}
