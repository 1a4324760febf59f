/** Whether what runs by itself does run, and buttons to run it now. */
import { useState } from "preact/hooks";
import { reconcile, runPreflight } from "../act.ts";
import { CADENCES, isStalled, nextRun } from "../cadence.ts";
import { usePage } from "../context.ts";
import { words } from "../format.ts";
import { Action } from "../parts/action.tsx";
import { Content, Empty } from "../parts/states.tsx";
import { Chip } from "../parts/status.tsx";
import { Table } from "../parts/table.tsx";
import { Time } from "../parts/time.tsx";
import { jobRuns } from "../read.ts";
import type { JobRun } from "../rows.ts";
import { duration } from "../time.ts";
import { usePolled } from "../use_polled.ts";
import type { Tone } from "../verdict.ts";

const POLL_MS = 15_000;
const RUNS_AT_FIRST = 12;
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
          <Buttons reload={polled.reload} />
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
  const successOf = (name: string) => {
    const at =
      runs.get(name)?.find(({ dry_run, outcome }) =>
        !dry_run && (outcome === "succeeded" || outcome === "partial")
      )?.finished_at ?? null;
    return at === null ? null : new Date(at);
  };
  return (
    <Table
      caption="What runs by itself"
      class="short"
      rows={CADENCES}
      keyOf={({ name }) => name}
      columns={[
        {
          title: "Job",
          label: "Job",
          cell: ({ name, title }) => (
            <>
              {title}
              <span class="sub">{name}</span>
            </>
          ),
        },
        {
          title: "State",
          label: "State",
          cell: (cadence) => {
            const success = successOf(cadence.name);
            if ((runs.get(cadence.name) ?? []).length === 0) {
              return <Chip tone="off">Never ran</Chip>;
            }
            return success === null || isStalled(cadence, success, now)
              ? <Chip tone="bad">Late</Chip>
              : <Chip tone="good">On time</Chip>;
          },
        },
        {
          title: "Last success",
          label: "Last success",
          cell: ({ name, every }) => (
            <>
              <Time at={successOf(name)?.toISOString() ?? null} as="ago" />
              <span class="sub">runs every {duration(every * 60_000)}</span>
            </>
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
          cell: (cadence) => <Time at={nextRun(cadence, now).toISOString()} as="short" />,
        },
      ]}
    />
  );
}

function Outcome({ run }: { readonly run: JobRun }) {
  return <Chip tone={TONES[run.outcome] ?? "warn"}>{words(run.outcome)}</Chip>;
}

function Runs({ runs }: { readonly runs: readonly JobRun[] }) {
  const [isWhole, setWhole] = useState(false);
  if (runs.length === 0) {
    return (
      <Empty title="No run yet">
        cron calls the first one within five minutes of the first start.
      </Empty>
    );
  }
  return (
    <>
      <Table
        caption="Last runs, newest first"
        class="short"
        rows={isWhole ? runs : runs.slice(0, RUNS_AT_FIRST)}
        keyOf={({ run_id }) => run_id}
        columns={[
          { title: "When", label: "When", cell: (run) => <Time at={run.called_at} /> },
          {
            title: "Job",
            label: "Job",
            cell: ({ function_name: name }) =>
              CADENCES.find((cadence) => cadence.name === name)?.title ?? name,
          },
          { title: "Outcome", label: "Outcome", cell: (run) => <Outcome run={run} /> },
          {
            title: "Called by",
            label: "Called by",
            cell: (run) => `${run.caller.replaceAll("_", " ")}${run.dry_run ? ", only a try" : ""}`,
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
      {isWhole || runs.length <= RUNS_AT_FIRST ? null : (
        <p>
          <button type="button" onClick={() => setWhole(true)}>Show all {runs.length}</button>
        </p>
      )}
    </>
  );
}

function Buttons({ reload }: { readonly reload: () => Promise<void> }) {
  const { client } = usePage();
  return (
    <section aria-labelledby="run-now">
      <h2 id="run-now">Run now</h2>
      <div class="actions">
        <Action
          name="Check the next pushes"
          question="Looks in Braze for every push that is due within the next minutes. It changes no schedule there; a push whose schedule is surely gone is told."
          confirm="Check"
          act={() => runPreflight(client)}
          after={reload}
        />
        <Action
          name="Try a comparison with Braze"
          question="Compares plan, Braze and events of all matches, and says what it would do. Nothing is changed."
          confirm="Try it"
          act={() => reconcile(client, true)}
          after={reload}
        />
        <Action
          name="Compare with Braze"
          question="Compares plan, Braze and events of all matches, and brings in line what is proved. Old schedules of the suite that Braze still lists are deleted, up to a limit. Try it first."
          confirm="Compare"
          act={() => reconcile(client, false)}
          after={reload}
        />
      </div>
    </section>
  );
}
