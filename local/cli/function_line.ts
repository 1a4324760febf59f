/** What of a function's log line matters to somebody who watches a terminal. Pure. */

interface LogLine {
  readonly level?: string;
  readonly function?: string;
  readonly event?: string;
  readonly detail?: string;
  readonly error?: string;
  readonly done?: Readonly<Record<string, unknown>>;
}

/** A problem, or what a run has done in Braze; null for the rest. */
export function whatMatters(functionName: string, line: string): string | null {
  const entry = parse(line);
  if (entry === null) return `${functionName}: ${line}`;
  const name = entry.function ?? functionName;
  if (entry.level !== "info") return `${name}: ${entry.detail ?? entry.error ?? line}`;
  if (entry.event !== "run_ended") return null;
  const done = Object.entries(entry.done ?? {}).filter(([, count]) =>
    typeof count === "number" && count > 0
  );
  return done.length === 0
    ? null
    : `${name}: ${done.map(([what, count]) => `${count} ${what.replaceAll("_", " ")}`).join(", ")}`;
}

function parse(line: string): LogLine | null {
  try {
    const entry: unknown = JSON.parse(line);
    return typeof entry === "object" ? entry : null;
  } catch {
    return null;
  }
}
