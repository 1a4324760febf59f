/** Whether the cron functions run. */
import { CADENCES, isStalled, nextRun } from "../cadence.ts";
import { usePage } from "../context.ts";
import { words } from "../format.ts";
import { Content, Empty } from "../parts/states.tsx";
import { Chip, type Tone } from "../parts/status.tsx";
import { Table } from "../parts/table.tsx";
import { Time } from "../parts/time.tsx";
import { jobRuns } from "../read.ts";
import type { JobRun } from "../rows.ts";
import { duration } from "../time.ts";
import { usePolled } from "../use_polled.ts";

const POLL_MS = 15_000;
const NAMES = CADENCES.map(({ name }) => name);

const TONES: Readonly<Record<string, Tone>> = {
  succeeded: "good",
  partial: "warn",
  failed: "bad",
  lost: "bad",
  running: "wait",
  called: "wait",
  skipped: "off",
};

export function Jobs() {
  const { client, clock } = usePage();
  const polled = usePolled("jobs", () => jobRuns(client, NAMES), clock, POLL_MS);
  return (
    <Content polled={polled}>
      {(runs) => (
        <>
          <Overview runs={runs} />
          <section aria-labelledby="last-runs">
            <h2 id="last-runs">Last runs</h2>
            <Runs
              runs={[...runs.values()].flat().toSorted((a, b) =>
                b.called_at.localeCompare(a.called_at)
              )}
            />
          </section>
        </>
      )}
    </Content>
  );
}

function Overview({ runs }: { readonly runs: ReadonlyMap<string, readonly JobRun[]> }) {
  const { clock } = usePage();
  const now = clock.now();
  const isSuccess = ({ outcome, dry_run }: JobRun) =>
    !dry_run && (outcome === "succeeded" || outcome === "partial");
  return (
    <Table
      caption="Functions that run by cron"
      rows={CADENCES}
      keyOf={({ name }) => name}
      columns={[
        { title: "Function", label: "Function", cell: ({ name }) => name },
        {
          title: "State",
          label: "State",
          cell: (cadence) => {
            const own = runs.get(cadence.name) ?? [];
            const success = own.find(isSuccess)?.finished_at ?? null;
            if (own.length === 0) return <Chip tone="off">Never ran</Chip>;
            return success === null || isStalled(cadence, new Date(success), now)
              ? <Chip tone="bad">Stalled</Chip>
              : <Chip tone="good">On time</Chip>;
          },
        },
        {
          title: "Last success",
          label: "Last success",
          cell: ({ name }) => (
            <Time at={runs.get(name)?.find(isSuccess)?.finished_at ?? null} as="ago" />
          ),
        },
        {
          title: "Last run",
          label: "Last run",
          cell: ({ name }) => {
            const last = runs.get(name)?.[0];
            return last === undefined ? "–" : <Outcome run={last} />;
          },
        },
        {
          title: "Next run",
          label: "Next run",
          cell: (cadence) => <Time at={nextRun(cadence, now).toISOString()} as="clock" />,
        },
        {
          title: "Every",
          label: "Every",
          isNumber: true,
          cell: ({ every }) => duration(every * 60_000),
        },
      ]}
    />
  );
}

function Outcome({ run }: { readonly run: JobRun }) {
  return <Chip tone={TONES[run.outcome] ?? "warn"}>{words(run.outcome)}</Chip>;
}

function Runs({ runs }: { readonly runs: readonly JobRun[] }) {
  if (runs.length === 0) {
    return (
      <Empty title="No run yet">
        pg_cron calls the first one within five minutes of the first start.
      </Empty>
    );
  }
  return (
    <Table
      caption="Last runs of all functions, newest first"
      rows={runs}
      keyOf={({ run_id }) => run_id}
      columns={[
        { title: "When", label: "When", cell: (run) => <Time at={run.called_at} /> },
        { title: "Function", label: "Function", cell: (run) => run.function_name },
        { title: "Outcome", label: "Outcome", cell: (run) => <Outcome run={run} /> },
        {
          title: "Caller",
          label: "Caller",
          cell: (run) => `${words(run.caller)}${run.dry_run ? ", dry run" : ""}`,
        },
        {
          title: "Took",
          label: "Took",
          isNumber: true,
          cell: ({ started_at, finished_at }) =>
            started_at === null || finished_at === null
              ? "–"
              : duration(new Date(finished_at).getTime() - new Date(started_at).getTime()),
        },
        {
          title: "Error",
          label: "Error",
          class: "wide break",
          cell: (run) => run.error ?? <span class="quiet">none</span>,
        },
      ]}
    />
  );
}
