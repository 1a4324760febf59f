/** Every call that changed Braze or may have. */
import { words } from "../format.ts";
import { Empty } from "../parts/states.tsx";
import { Chip, type Tone } from "../parts/status.tsx";
import { Table } from "../parts/table.tsx";
import { Time } from "../parts/time.tsx";
import type { Attempt } from "../rows.ts";
import { duration } from "../time.ts";

const TONES: Readonly<Record<string, Tone>> = { succeeded: "good", failed: "bad", unknown: "warn" };

export function Attempts({ attempts }: { readonly attempts: readonly Attempt[] }) {
  return (
    <section aria-labelledby="attempts">
      <h2 id="attempts">Attempts</h2>
      {attempts.length === 0 ? <Empty title="No call to Braze yet" /> : (
        <Table
          caption="Calls that changed Braze for this match, oldest first"
          rows={attempts}
          keyOf={({ id }) => id}
          columns={[
            { title: "When", label: "When", cell: (row) => <Time at={row.opened_at} /> },
            { title: "Call", label: "Call", cell: (row) => words(row.kind) },
            { title: "For", label: "For", cell: (row) => words(row.reason) },
            {
              title: "Generation",
              label: "Generation",
              isNumber: true,
              cell: (row) => row.generation ?? "–",
            },
            {
              title: "Outcome",
              label: "Outcome",
              cell: (row) => (
                <>
                  <Chip tone={TONES[row.outcome ?? ""] ?? "wait"}>
                    {row.outcome === null ? "In progress" : words(row.outcome)}
                  </Chip>
                  {row.resolved_as === null
                    ? null
                    : <span class="sub">resolved: {words(row.resolved_as).toLowerCase()}</span>}
                </>
              ),
            },
            {
              title: "HTTP",
              label: "HTTP",
              isNumber: true,
              cell: (row) => row.http_status ?? "–",
            },
            {
              title: "Took",
              label: "Took",
              isNumber: true,
              cell: (row) =>
                row.closed_at === null ? "–" : duration(
                  new Date(row.closed_at).getTime() - new Date(row.opened_at).getTime(),
                ),
            },
            {
              title: "Schedule, or what was said",
              label: "Schedule",
              class: "wide break",
              cell: (row) => row.detail ?? row.braze_schedule_id ?? "–",
            },
          ]}
        />
      )}
    </section>
  );
}
