/**
 * Child processes that cannot outlive this process.
 *
 * Each one runs under a small shell that holds the other end of a pipe: when this process closes the pipe, or ends in any
 * way, the shell stops the child. A word written to the pipe names another signal. Each child has its own session, so
 * that Ctrl-C in a terminal reaches only this process, which stops the children in the right order.
 */
import { childEnv } from "./child_env.ts";

const SUPERVISE = `
log=$1; shift
exec 3<&0
"$@" </dev/null 3<&- >>"$log" 2>&1 &
child=$!
{ read -r signal <&3 || signal=INT; kill -"$signal" "$child" 2>/dev/null; } &
exec 3<&-
wait "$child"
exit $?
`;

export interface Identity {
  readonly uid: number;
  readonly gid: number;
}

export interface ChildOptions {
  readonly command: readonly [string, ...string[]];
  /** The file for standard output and standard error; its end is printed when the child fails. */
  readonly log: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly identity?: Identity | undefined;
}

export interface Child {
  /** Resolves with the exit code when it ends for any reason. */
  readonly ended: Promise<number>;
  /** Sends SIGINT and waits until it has ended. */
  stop(): Promise<void>;
  /** Sends another signal, as a simulated crash, and waits until it has ended. */
  end(signal: "QUIT" | "KILL"): Promise<void>;
}

export function startChild({ command, log, env = {}, identity }: ChildOptions): Child {
  const child = new Deno.Command("/bin/sh", {
    args: ["-c", SUPERVISE, "sh", log, ...command],
    stdin: "piped",
    stdout: "null",
    stderr: "null",
    detached: true,
    // An unprivileged child may be unable to enter the current folder.
    cwd: "/",
    clearEnv: true,
    env: { ...childEnv(), ...env },
    ...identity,
  }).spawn();
  const stdin = child.stdin.getWriter();
  let isClosed = false;
  const close = async () => {
    if (isClosed) return;
    isClosed = true;
    await stdin.close().catch(() => {});
  };
  const ended = child.status.then(async ({ code }) => {
    await close();
    return code;
  });
  return {
    ended,
    async stop() {
      await close();
      await ended;
    },
    async end(signal) {
      if (!isClosed) await stdin.write(new TextEncoder().encode(`${signal}\n`)).catch(() => {});
      await ended;
    },
  };
}

/** Runs a command to its end and returns its output, whether it succeeds or fails. */
export async function run(
  command: readonly [string, ...string[]],
  identity?: Identity,
): Promise<{ readonly ok: boolean; readonly stdout: string; readonly stderr: string }> {
  const { success, stdout, stderr } = await new Deno.Command(command[0], {
    args: command.slice(1),
    stdin: "null",
    cwd: "/",
    clearEnv: true,
    env: childEnv(),
    ...identity,
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  return { ok: success, stdout: text(stdout), stderr: text(stderr) };
}

/** The end of a child's log, for an error message. */
export async function tail(log: string, lines = 8): Promise<string> {
  const text = await Deno.readTextFile(log).catch(() => "");
  return text.trimEnd().split("\n").slice(-lines).join("\n");
}
