/** Runs `deno` with a time limit. */

export interface Command {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly secondsMax: number;
  readonly signal: AbortSignal;
  /** Receives each line of the output; true ends the command. */
  readonly isEnough?: (line: string) => boolean;
}

export interface Ended {
  readonly code: number;
  readonly isHung: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** The time between SIGTERM and SIGKILL. */
const PATIENCE_MS = 5_000;

/** With `isEnough`, each line of output restarts `secondsMax`. */
export async function runDeno(
  { args, cwd, env = {}, secondsMax, signal, isEnough }: Command,
): Promise<Ended> {
  signal.throwIfAborted();
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd,
    env: { ...env, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let isHung = false;
  let killing: ReturnType<typeof setTimeout> | undefined;
  const end = () => {
    if (killing !== undefined) return;
    kill(child, "SIGTERM");
    killing = setTimeout(() => kill(child, "SIGKILL"), PATIENCE_MS);
  };
  const hang = () => {
    isHung = true;
    end();
  };
  let waiting = setTimeout(hang, secondsMax * 1_000);
  signal.addEventListener("abort", end);
  try {
    const [stdout, stderr, { code }] = await Promise.all([
      read(child.stdout, (line) => {
        if (isEnough === undefined) return;
        clearTimeout(waiting);
        if (isEnough(line)) end();
        else if (killing === undefined) waiting = setTimeout(hang, secondsMax * 1_000);
      }),
      read(child.stderr, () => {}),
      child.status,
    ]);
    signal.throwIfAborted();
    return { code, isHung, stdout, stderr };
  } finally {
    clearTimeout(waiting);
    clearTimeout(killing);
    signal.removeEventListener("abort", end);
  }
}

async function read(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  onLine: (line: string) => void,
): Promise<string> {
  let text = "";
  let line = "";
  for await (const part of stream.pipeThrough(new TextDecoderStream())) {
    text += part;
    const lines = (line + part).split("\n");
    line = lines.pop() ?? "";
    lines.forEach(onLine);
  }
  return text;
}

function kill(child: Deno.ChildProcess, name: Deno.Signal): void {
  try {
    child.kill(name);
  } catch {
    // It has ended by itself.
  }
}
