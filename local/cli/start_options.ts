/** Parses and validates the arguments of `deno task start`. */
import { resolve } from "node:path";
import { UsageFailure } from "../lib/failure.ts";
import { SEND_GATES, type SendGate } from "../braze_sandbox/connected_content.ts";
import { parseArguments } from "./arguments.ts";
import { PORT_BASE } from "../stack/ports.ts";

export const HELP = `Starts the whole suite on this machine, without Docker.

  npx -y deno@2.9.6 task start [options]

  --clock TIME         a virtual clock that stands still at TIME (ISO 8601) until it is advanced
  --data DIR           where data is kept from start to start (.local)
  --ephemeral          free ports and a throw-away folder
  --port N             the first of six ports in a row (${PORT_BASE})
  --postgres-bin DIR   another server's binaries, Postgres 15 to 18 (/usr/lib/postgresql/15/bin)
  --send-gate MODE     templates ask the send gate: fail_open or fail_closed (off)
  --json               one line of JSON on stdout when ready, everything else on stderr
  --help               this text
`;

export interface StartOptions {
  readonly json: boolean;
  readonly ephemeral: boolean;
  readonly clock: Date | undefined;
  readonly dataFolder: string;
  readonly portBase: number;
  readonly postgresBin: string | undefined;
  readonly sendGate: SendGate;
}

export function readOptions(args: readonly string[], defaultData: string): StartOptions {
  const { values } = parseArguments({
    args: [...args],
    options: {
      clock: { type: "string" },
      data: { type: "string" },
      ephemeral: { type: "boolean" },
      json: { type: "boolean" },
      port: { type: "string" },
      "postgres-bin": { type: "string" },
      "send-gate": { type: "string" },
    },
  });
  if (values.ephemeral && (values.data !== undefined || values.port !== undefined)) {
    throw new UsageFailure(
      "Cannot start: --ephemeral uses free ports and a temporary folder, got --data or --port as well",
    );
  }
  return {
    json: values.json ?? false,
    ephemeral: values.ephemeral ?? false,
    clock: values.clock === undefined ? undefined : readClock(values.clock),
    dataFolder: resolve(values.data ?? defaultData),
    portBase: values.port === undefined ? PORT_BASE : readPort(values.port),
    sendGate: readSendGate(values["send-gate"] ?? "off"),
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

function readSendGate(text: string): SendGate {
  const found = SEND_GATES.find((gate) => gate === text);
  if (found !== undefined) return found;
  throw new UsageFailure(
    `Cannot set the send gate: --send-gate must be off, fail_open or fail_closed, got "${text}"`,
  );
}
