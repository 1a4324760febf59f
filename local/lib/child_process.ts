/**
 * Child processes that cannot outlive us.
 *
 * Each one runs under a small shell that holds the other end of a pipe: when we close it, or end for
 * any reason, the shell stops the child. A word on the pipe names another signal to stop it by. They have
 * a session of their own, so that Ctrl-C in a terminal reaches only us and things stop in the right order.
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
  /** Where both outputs go; it is shown when the child dies. */
  readonly log: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly identity?: Identity | undefined;
}

export interface Child {
  /** Resolves with the exit code, for any cause of the end. */
  readonly ended: Promise<number>;
  /** Asks it to stop (SIGINT) and waits until it has. */
  stop(): Promise<void>;
  /** Ends it by another signal, as an accident would, and waits until it is gone. */
  end(signal: "QUIT" | "KILL"): Promise<void>;
}

export function startChild({ command, log, env = {}, identity }: ChildOptions): Child {
  const child = new Deno.Command("/bin/sh", {
    args: ["-c", SUPERVISE, "sh", log, ...command],
    stdin: "piped",
    stdout: "null",
    stderr: "null",
    detached: true,
    // An unprivileged child may be unable to enter the folder that we stand in.
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

/** Runs to the end and returns the output, on success and on failure. */
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

/** The end of a child's log, for the message that says why it died. */
export async function tail(log: string, lines = 8): Promise<string> {
  const text = await Deno.readTextFile(log).catch(() => "");
  return text.trimEnd().split("\n").slice(-lines).join("\n");
}
