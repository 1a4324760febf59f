/** The flags of `deno task start`. */
import { resolve } from "node:path";
import { UsageFailure } from "../lib/failure.ts";
import { SEND_GATES, type SendGate } from "../braze_sandbox/connected_content.ts";
import { DATA, helpOf, JSON_LINE, POSTGRES_BIN, readFlags, readOneOf } from "./flags.ts";
import { PORT_BASE } from "../stack/ports.ts";

const FLAGS = {
  clock: {
    value: "TIME",
    text: "a virtual clock that stands still at TIME (ISO 8601) until it is advanced",
  },
  data: DATA,
  fresh: { text: "starts over: deletes what an earlier start kept, except the keys" },
  ephemeral: {
    text: "free ports and a throw-away folder, without matches; the sandbox as in its README",
  },
  port: { value: "N", text: `the first of six ports in a row (${PORT_BASE})` },
  "send-gate": {
    value: "MODE",
    text: "templates ask the send gate: fail_open or fail_closed (off)",
  },
  verbose: { text: "prints every request and every line of the functions, too" },
  json: JSON_LINE,
  "postgres-bin": POSTGRES_BIN,
} as const;

export const HELP = helpOf({
  task: "start",
  what: "Starts the whole suite on this machine, without Docker, and keeps it until Ctrl-C.",
  flags: FLAGS,
  notes:
    `Without --clock the stack uses the wall clock, and has a round of ten matches from now on: the first push is sent
within half an hour. With --clock it has matchday 15 of 2024-25, from 7 to 9 December 2024.
Braze's list shows each schedule, as in the demo. DIR/requests.log keeps every request since the start.`,
  ends: { good: "on Ctrl-C" },
});

export interface StartOptions {
  readonly json: boolean;
  readonly verbose: boolean;
  readonly ephemeral: boolean;
  readonly fresh: boolean;
  readonly clock: Date | undefined;
  readonly dataFolder: string;
  readonly portBase: number;
  readonly postgresBin: string | undefined;
  readonly sendGate: SendGate;
}

export function readOptions(args: readonly string[], defaultData: string): StartOptions {
  const { values } = readFlags(FLAGS, args);
  if (values.ephemeral && (values.data !== undefined || values.port !== undefined)) {
    throw new UsageFailure(
      "Cannot start: --ephemeral uses free ports and a temporary folder, got --data or --port as well",
    );
  }
  if (values.ephemeral && values.fresh) {
    throw new UsageFailure(
      "Cannot start: --fresh deletes what is kept, got --ephemeral, which keeps nothing",
    );
  }
  return {
    json: values.json ?? false,
    verbose: values.verbose ?? false,
    ephemeral: values.ephemeral ?? false,
    fresh: values.fresh ?? false,
    clock: values.clock === undefined ? undefined : readClock(values.clock),
    dataFolder: resolve(values.data ?? defaultData),
    portBase: values.port === undefined ? PORT_BASE : readPort(values.port),
    sendGate: readOneOf(
      "Cannot set the send gate",
      "--send-gate",
      SEND_GATES,
      values["send-gate"] ?? "off",
    ),
    postgresBin: values["postgres-bin"] === undefined ? undefined : resolve(values["postgres-bin"]),
  };
}

/** With an offset or Z: a time without a zone would differ between machines. */
function readClock(text: string): Date {
  const time =
    /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})$/.test(text)
      ? new Date(text)
      : new Date(NaN);
  if (Number.isNaN(time.getTime())) {
    throw new UsageFailure(
      `Cannot set the clock: --clock must be a time like 2024-12-07T06:00:00Z, got "${text}"`,
    );
  }
  return time;
}

function readPort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (Number.isNaN(port)) {
    throw new UsageFailure(`Cannot choose ports: --port must be a whole number, got "${text}"`);
  }
  return port;
}
