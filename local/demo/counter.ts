/** Adds up the counts in the functions' log lines. */

export interface Counter {
  /** Takes in one line; returns the text to print, or null. */
  read(line: string): string | null;
  readonly created: number;
  readonly duplicates: number;
  readonly received: number;
}

interface LogLine {
  readonly level?: string;
  readonly event?: string;
  readonly detail?: string;
  readonly error?: string;
  readonly received?: number;
  readonly duplicates?: number;
  readonly done?: { readonly created?: number; readonly recreated?: number };
}

export function createCounter(): Counter {
  let created = 0;
  let duplicates = 0;
  let received = 0;
  return {
    read(line) {
      const said = parse(line);
      if (said === null) return line;
      if (said.event === "webhook_ingested") {
        duplicates += said.duplicates ?? 0;
        received += said.received ?? 0;
      }
      if (said.event === "run_ended") {
        created += (said.done?.created ?? 0) + (said.done?.recreated ?? 0);
      }
      return said.level === "info" ? null : said.detail ?? said.error ?? line;
    },
    get created() {
      return created;
    },
    get duplicates() {
      return duplicates;
    },
    get received() {
      return received;
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
