/** Divides test files into batches for two lanes. Pure. */
import { type Group, groupOf } from "./groups.ts";

export interface Batch {
  readonly group: Group;
  readonly files: readonly string[];
  readonly seconds: number;
}

/** A process costs about a second to start, so small files share one. */
const BATCH_SECONDS = 15;
const USUAL_SECONDS: Readonly<Record<string, number>> = {
  end_to_end: 6,
  security: 4,
  database: 2,
  unit: 0.3,
};
/** Measured on two cores. Long files start first, or one of them would run alone at the end. */
const LONG_FILES: Readonly<Record<string, number>> = {
  "tests/browser/dashboard_test.ts": 80,
  "tests/simulation/simulation_test.ts": 80,
  "tests/end_to_end/reconcile_crash_test.ts": 24,
  "tests/end_to_end/doctor_test.ts": 23,
  "tests/end_to_end/health_test.ts": 22,
  "tests/end_to_end/import_events_test.ts": 21,
  "tests/end_to_end/preflight_test.ts": 20,
  "tests/security/leaks_test.ts": 20,
  "tests/end_to_end/watchers_crash_test.ts": 17,
  "tests/end_to_end/gaps_test.ts": 17,
  "tests/end_to_end/start_test.ts": 15,
  "tests/security/hostile_calls_test.ts": 14,
  "tests/end_to_end/webhook_test.ts": 12,
  "tests/security/fuzz_test.ts": 12,
  "tests/end_to_end/scheduler_test.ts": 11,
};

/** Tests without a database run first, while the server starts; then the longest batch first. */
export function batchesOf(files: readonly string[]): readonly Batch[] {
  const batches: Batch[] = [];
  for (const [group, members] of byGroup(files)) {
    let open: string[] = [];
    let seconds = 0;
    const close = () => {
      if (open.length > 0) batches.push({ group, files: open, seconds });
      open = [];
      seconds = 0;
    };
    for (const file of members) {
      const own = LONG_FILES[file];
      if (own !== undefined) {
        batches.push({ group, files: [file], seconds: own });
        continue;
      }
      open.push(file);
      seconds += USUAL_SECONDS[group.name] ?? 0.1;
      if (seconds >= BATCH_SECONDS) close();
    }
    close();
  }
  const needsServer = ({ group }: Batch) => Number(group.need !== "nothing");
  return batches.sort((a, b) => needsServer(a) - needsServer(b) || b.seconds - a.seconds);
}

function byGroup(files: readonly string[]): ReadonlyMap<Group, readonly string[]> {
  const groups = new Map<string, [Group, string[]]>();
  for (const file of files) {
    const group = groupOf(file);
    const entry = groups.get(group.name) ?? [group, []];
    entry[1].push(file);
    groups.set(group.name, entry);
  }
  return new Map(groups.values());
}
