/** Every call that changed Braze or may have. */
import { words } from "../format.ts";
import { Empty } from "../parts/states.tsx";
import { Chip } from "../parts/status.tsx";
import { Table } from "../parts/table.tsx";
import { Time } from "../parts/time.tsx";
import type { Attempt } from "../rows.ts";
import { duration } from "../time.ts";
import type { Tone } from "../verdict.ts";

const TONES: Readonly<Record<string, Tone>> = { succeeded: "good", failed: "bad", unknown: "warn" };

const CALLS: Readonly<Record<string, string>> = {
  send_id: "Get a send id",
  create: "Schedule it",
  update: "Change its time",
  delete: "Delete it",
};
const FOR: Readonly<Record<string, string>> = {
  plan: "The fixture list",
  duplicate: "A second schedule",
  orphan: "A schedule without a match",
  operator: "A person",
};

export function Attempts({ attempts }: { readonly attempts: readonly Attempt[] }) {
  return (
    <section aria-labelledby="attempts">
      <h2 id="attempts">Calls to Braze</h2>
      {attempts.length === 0 ? <Empty title="No call to Braze yet" /> : (
        <Table
          caption="Calls that changed Braze for this match, oldest first"
          rows={attempts}
          keyOf={({ id }) => id}
          columns={[
            { title: "When", label: "When", cell: (row) => <Time at={row.opened_at} /> },
            { title: "Call", label: "Call", cell: (row) => CALLS[row.kind] ?? words(row.kind) },
            {
              title: "Because of",
              label: "Because of",
              cell: (row) => FOR[row.reason] ?? words(row.reason),
            },
            {
              title: "Schedule",
              label: "Schedule",
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
              title: "Answer",
              label: "Answer",
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
              title: "Id in Braze, or what Braze said",
              label: "Id in Braze, or what Braze said",
              class: "wide break",
              cell: (row) => row.detail ?? row.braze_schedule_id ?? "–",
            },
          ]}
        />
      )}
    </section>
  );
}
