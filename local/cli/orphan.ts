/**
 * Detects that the npx that started this process has ended.
 *
 * npx hands a signal to its shell, which ends without passing it to `deno task` and to us. If npx is
 * killed, its shell stays behind. In both cases a script that stops its child would leave everything running.
 */

const POLL_MS = 250;

interface Link {
  readonly pid: number;
  readonly parent: number;
}

/** Resolves when npx, or the shell between npx and this process, has ended; never if npx did not start this process. */
export async function orphaned(): Promise<"signal"> {
  const links = Deno.env.get("npm_command") === "exec" ? await linksToNpx(Deno.ppid) : [];
  // Systems other than Linux have no /proc.
  if (links.length === 0) return await new Promise(() => {});
  while (await areWhole(links)) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  return "signal";
}

async function linksToNpx(task: number): Promise<readonly Link[]> {
  const links: Link[] = [];
  for (let pid = task; links.length < 2;) {
    const about = await read(pid);
    if (about === undefined) return [];
    // npx itself may outlive the terminal that it was started from.
    if (/^(?:npm|npx|node)\b/.test(about.name)) break;
    links.push({ pid, parent: about.parent });
    pid = about.parent;
  }
  return links;
}

async function areWhole(links: readonly Link[]): Promise<boolean> {
  for (const { pid, parent } of links) if ((await read(pid))?.parent !== parent) return false;
  return true;
}

async function read(pid: number): Promise<{ name: string; parent: number } | undefined> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => "");
  // The name is in parentheses and may contain any character.
  const [, name, parent] = /^\d+ \((.*)\) \S (\d+) /s.exec(stat) ?? [];
  return name === undefined ? undefined : { name, parent: Number(parent) };
}
