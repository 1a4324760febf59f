/** `deno task status`: shows a matchday in the terminal. */
import { StackFailure, UsageFailure } from "../lib/failure.ts";
import { helpOf, readFlags } from "../cli/flags.ts";
import { interrupted } from "../cli/interrupt.ts";
import { type ExitCode, runTask, type Writers } from "../cli/run_task.ts";
import type { Writer } from "../cli/writer.ts";
import { findTarget, TARGET_FLAGS, TARGET_NOTES } from "../cli/target.ts";
import { terminalWidth } from "../cli/terminal_width.ts";
import { describe, isCalm } from "../status/describe.ts";
import { readStatus } from "../status/read_status.ts";

const WATCH_MS = 10_000;
const CLEAR = "\x1b[2J\x1b[H";

const FLAGS = {
  ...TARGET_FLAGS,
  date: {
    value: "DAY",
    text: "a day in UTC, like 2024-12-07, by kick-off (today by the project's clock)",
  },
  watch: { text: `repeats every ${WATCH_MS / 1_000} seconds, until Ctrl-C` },
  json: {
    text:
      "one line of JSON, {date, matches: the answer of the function day_verdicts, alerts, jobs}",
  },
} as const;

const HELP = helpOf({
  task: "status",
  what:
    "Shows the verdict of each match of a day, whether the timed functions run, and the open alerts.",
  flags: FLAGS,
  notes: `${TARGET_NOTES}

received/expected: users who got the push, and how many should. Narrow terminals get fewer columns.`,
  ends: {
    good: "if all is calm",
    needsPerson:
      "if an alert is open (on these matches or anything else) or a timed function does not succeed in time",
  },
});

async function status(
  values: ReturnType<typeof readArguments>,
  { out, err }: Writers,
): Promise<ExitCode> {
  const target = await findTarget(values);
  const isTerminal = Deno.stdout.isTerminal();
  const show = async () => {
    const now = await target.suiteNow();
    const date = values.date ?? now.toISOString().slice(0, 10);
    const found = await readStatus(target, date, now);
    if (values.json) out.line(JSON.stringify({ date, ...found }));
    else {
      const colours = isTerminal && Deno.env.get("NO_COLOR") === undefined;
      const text = describe(found, { date, now, colours, width: terminalWidth(Deno.stdout) });
      out.line(values.watch && isTerminal ? `${CLEAR}${text}` : text);
    }
    return isCalm(found) ? 0 : 1;
  };
  return values.watch ? await watch(show, err) : await show();
}

/** Repeats until it is interrupted; an attempt that fails prints its error, and the next may succeed. */
async function watch(show: () => Promise<ExitCode>, err: Writer): Promise<ExitCode> {
  const stopped = interrupted();
  for (;;) {
    let last: () => ExitCode;
    try {
      const code = await show();
      last = () => code;
    } catch (error) {
      if (!(error instanceof StackFailure)) throw error;
      err.line(error.message);
      last = () => {
        throw new StackFailure("Cannot show the matchday: the last attempt failed as well");
      };
    }
    const pause = Promise.withResolvers<"again">();
    const timer = setTimeout(() => pause.resolve("again"), WATCH_MS);
    const next = await Promise.race([stopped, pause.promise]);
    clearTimeout(timer);
    if (next === "signal") return last();
  }
}

function readArguments(args: readonly string[]) {
  const { values } = readFlags(FLAGS, args);
  if (values.date !== undefined && !isDay(values.date)) {
    throw new UsageFailure(
      `Cannot show the matchday: --date must be a day like 2024-12-07, got "${values.date}"`,
    );
  }
  return values;
}

function isDay(text: string): boolean {
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(`${text}T`);
}

await runTask({ help: HELP, read: readArguments, run: status });
