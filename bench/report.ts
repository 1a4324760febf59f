/** Formats the results of a run, for people and as JSON. */
import { Table } from "console-table-printer";
import type { Contestant } from "./contestant.ts";
import type { Machine } from "./machine.ts";
import type { Result } from "./rounds.ts";
import type { Shape } from "./shapes.ts";
import { percentilesOf, spreadOf } from "./statistics.ts";
import type { Turn } from "./turn.ts";

export interface Summary {
  readonly contestant: string;
  readonly path: string;
  readonly shape: string;
  readonly rounds: number;
  readonly events_a_round: number;
  readonly duplicates_a_round: number;
  readonly events_a_request: number;
  readonly connections: number;
  readonly event_bytes: number;
  readonly applied_a_second: {
    readonly median: number;
    readonly min: number;
    readonly max: number;
  };
  readonly acknowledged_ms: Readonly<Record<"p50" | "p95" | "p99" | "max", number>>;
  /** Microseconds of CPU for each event, by process. */
  readonly cpu_us_an_event: Readonly<Record<string, number>>;
  readonly deadlocks: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly rows_right: boolean;
  readonly wrong_rows: readonly string[];
}

export function summarize({ contestant, shape, turns }: Result): Summary {
  const [first] = turns;
  const errors: Record<string, number> = {};
  for (const [status, count] of turns.flatMap((turn) => [...turn.errors])) {
    errors[status] = (errors[status] ?? 0) + count;
  }
  return {
    contestant: contestant.name,
    path: contestant.path,
    shape: shape.name,
    rounds: turns.length,
    events_a_round: first!.events,
    duplicates_a_round: first!.events - first!.uniqueRows,
    events_a_request: first!.events * shape.copies / first!.requests,
    connections: shape.connections,
    event_bytes: Math.round(first!.bodyBytes / shape.copies / first!.events),
    applied_a_second: mapValues(
      spreadOf(turns.map(({ appliedASecond }) => appliedASecond)),
      Math.round,
    ),
    acknowledged_ms: mapValues(
      percentilesOf(turns.map(({ latenciesMs }) => latenciesMs)),
      (ms) => Math.round(ms * 100) / 100,
    ),
    cpu_us_an_event: cpuOf(turns),
    deadlocks: turns.reduce((sum, { deadlocks }) => sum + deadlocks, 0),
    errors,
    rows_right: turns.every(({ rows }) => rows.isRight),
    wrong_rows: turns.flatMap(({ rows }) => rows.examples),
  };
}

/** The mean over all rounds. */
function cpuOf(turns: readonly Turn[]): Record<string, number> {
  const events = turns.reduce((sum, turn) => sum + turn.events, 0);
  const kinds = new Set(turns.flatMap(({ cpu }) => [...cpu.keys()]));
  return Object.fromEntries([...kinds].map((kind) => {
    const used = turns.reduce((sum, { cpu }) => sum + (cpu.get(kind) ?? 0), 0);
    return [kind, Math.round(used / events)];
  }));
}

function mapValues<Key extends string>(
  values: Readonly<Record<Key, number>>,
  map: (value: number) => number,
): Record<Key, number> {
  return Object.fromEntries(
    Object.entries<number>(values).map(([key, value]) => [key, map(value)]),
  ) as Record<Key, number>;
}

export function printMachine(machine: Machine): string[] {
  const pairs = (values: Readonly<Record<string, string>>) =>
    Object.entries(values).map(([name, value]) => `${name} ${value}`).join(", ");
  return [
    `${machine.cpu}, ${machine.cores} cores, ${machine.memory_gib} GiB, Linux ${machine.kernel}`,
    `Deno ${machine.deno}, Postgres ${machine.postgres}; ${pairs(machine.packages)}`,
    `Postgres: ${pairs(machine.settings)}`,
  ];
}

export function printTurn({ name }: Contestant, round: number, turn: Turn): string {
  const troubles = [
    ...[...turn.errors].map(([status, count]) => `${count} times ${status}`),
    ...(turn.deadlocks > 0 ? [`${turn.deadlocks} deadlocks`] : []),
    ...(turn.rows.isRight ? [] : [`WRONG ROWS: ${turn.rows.examples.join(", ")}`]),
  ];
  return `${round === 0 ? "trial  " : `round ${round}`}  ${name.padEnd(20)} ${
    Math.round(turn.appliedASecond).toLocaleString("en").padStart(8)
  }/s  ${turn.events} events in ${turn.seconds.toFixed(2)} s${
    troubles.length > 0 ? `  ${troubles.join(", ")}` : ""
  }`;
}

export function printShape(shape: Shape, summaries: readonly Summary[]): string {
  const [any] = summaries;
  if (any === undefined) return `\n${shape.title}: no contestants`;
  const table = new Table({
    shouldDisableColors: true,
    columns: [
      { name: "contestant", alignment: "left" },
      { name: "events a round" },
      { name: "applied/s" },
      { name: "min–max" },
      { name: "p50 ms" },
      { name: "p95 ms" },
      { name: "p99 ms" },
      { name: "CPU µs an event", alignment: "left" },
      { name: "errors" },
      { name: "deadlocks" },
      { name: "rows", alignment: "left" },
    ],
  });
  for (const summary of summaries) {
    const { median, min, max } = summary.applied_a_second;
    const { p50, p95, p99 } = summary.acknowledged_ms;
    table.addRow({
      contestant: summary.contestant,
      "events a round": summary.events_a_round,
      "applied/s": median,
      "min–max": `${min}–${max}`,
      "p50 ms": p50,
      "p95 ms": p95,
      "p99 ms": p99,
      "CPU µs an event": Object.entries(summary.cpu_us_an_event)
        .filter(([, us]) => us > 0).map(([kind, us]) => `${kind} ${us}`).join(", "),
      errors: Object.values(summary.errors).reduce((sum, count) => sum + count, 0),
      deadlocks: summary.deadlocks,
      rows: summary.rows_right ? "exact" : "WRONG",
    });
  }
  return `\n${shape.title}: ${any.events_a_request} as sent, ${any.event_bytes} bytes an event with its envelope, ${any.connections} connections, ${any.rounds} rounds\n${table.render()}`;
}
