/** CPU time of this process and its children by what they are, from /proc. Linux only. */

/** Microseconds by kind of process. */
export type CpuTimes = ReadonlyMap<ProcessKind, number>;
export type ProcessKind =
  | "driver"
  | "gateway"
  | "function"
  | "peer"
  | "PostgREST"
  | "Postgres"
  | "other";

/** The clock of /proc ticks a hundred times a second on every Linux that Deno runs on. */
const TICK_US = 10_000;

const KINDS: readonly (readonly [RegExp, ProcessKind])[] = [
  [/servers\/functions\.ts/, "function"],
  [/servers\/gateway\.ts/, "gateway"],
  [/\/peers\//, "peer"],
  [/postgrest/, "PostgREST"],
  [/postgres/, "Postgres"],
];

interface Process {
  readonly parent: number;
  readonly ticks: number;
  /** Of children that have ended. */
  readonly endedTicks: number;
  readonly command: string;
}

export function cpuTimes(): CpuTimes {
  const processes = new Map<number, Process>();
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^[0-9]+$/.test(name)) continue;
    const process = readProcess(name);
    if (process !== undefined) processes.set(Number(name), process);
  }
  const times = new Map<ProcessKind, number>();
  for (const [pid, process] of processes) {
    if (!isOurs(pid, processes)) continue;
    const kind = pid === Deno.pid ? "driver" : kindOf(process.command);
    // A backend that ended is counted with the server that started it.
    const ended = kind === "Postgres" ? process.endedTicks : 0;
    times.set(kind, (times.get(kind) ?? 0) + (process.ticks + ended) * TICK_US);
  }
  return times;
}

/** What was used between two readings. */
export function cpuBetween(before: CpuTimes, after: CpuTimes): CpuTimes {
  return new Map([...after].map(([kind, time]) => [kind, time - (before.get(kind) ?? 0)]));
}

function readProcess(pid: string): Process | undefined {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    const command = Deno.readTextFileSync(`/proc/${pid}/cmdline`).replaceAll("\0", " ");
    // The name of the program, in brackets, may hold blanks.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ").map(Number);
    const [, parent = 0] = fields;
    const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = fields.slice(11, 15);
    return { parent, ticks: user + system, endedTicks: endedUser + endedSystem, command };
  } catch {
    // It has ended meanwhile.
    return undefined;
  }
}

function isOurs(pid: number, processes: ReadonlyMap<number, Process>): boolean {
  for (let at = pid; at > 1; at = processes.get(at)?.parent ?? 0) {
    if (at === Deno.pid) return true;
  }
  return false;
}

function kindOf(command: string): ProcessKind {
  return KINDS.find(([pattern]) => pattern.test(command))?.[1] ?? "other";
}
