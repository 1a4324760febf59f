/** Adds up the counts in the functions' log lines. */

export interface Counter {
  /** Reads one line; returns a message for the user of the demo, or null. */
  read(line: string): string | null;
  readonly created: number;
}

interface LogLine {
  readonly level?: string;
  readonly event?: string;
  readonly detail?: string;
  readonly error?: string;
  readonly done?: { readonly created?: number; readonly recreated?: number };
}

export function createCounter(): Counter {
  let created = 0;
  return {
    read(line) {
      const entry = parse(line);
      if (entry === null) return line;
      if (entry.event === "run_ended") {
        created += (entry.done?.created ?? 0) + (entry.done?.recreated ?? 0);
      }
      return entry.level === "info" ? null : entry.detail ?? entry.error ?? line;
    },
    get created() {
      return created;
    },
  };
}

function parse(line: string): LogLine | null {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
