/** Explains failures of this machine in one sentence that says what to do: a full disk, a folder that cannot be written. */
import { StackFailure } from "./failure.ts";

/** What the system calls it, what Postgres calls it, what it is, and what to do. */
const CAUSES = [
  {
    codes: ["ENOSPC", "EDQUOT", "53100"],
    text: /no space left on device|disk quota exceeded/i,
    says:
      "there must be room on the disk, got a full one; free some space, or choose a folder on another disk " +
      "(--data DIR; TMPDIR=DIR for what is thrown away)",
  },
  {
    codes: ["EROFS"],
    text: /read-only file system/i,
    says:
      "the folder must be writable, got a read-only file system; choose another folder with --data DIR",
  },
  {
    codes: ["EACCES", "EPERM"],
    text: /permission denied|operation not permitted/i,
    says:
      "this user must have the right to, got permission denied; correct the owner or the permissions, or choose another " +
      "folder with --data DIR",
  },
  {
    codes: ["ENOTDIR", "EEXIST"],
    text: /not a directory|file exists/i,
    says: "it must be a folder, got a file; remove it, or choose another folder with --data DIR",
  },
  {
    codes: ["EMFILE", "ENFILE"],
    text: /too many open files/i,
    says:
      "more files must be allowed to be open, got the limit; raise it with `ulimit -n 4096` and start again",
  },
] as const;

/** Null if the error is none of these, but a defect. */
export function explain(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  const { code } = error as { code?: unknown };
  const cause = CAUSES.find(({ codes }) => codes.some((known) => known === code));
  if (cause === undefined) return null;
  const [, path] = /'([^']+)'/.exec(error.message) ?? [];
  return sentence(path === undefined ? "go on" : `use ${path}`, cause.says);
}

/**
 * Why a program of ours failed, from what it printed; null if that shows none of these causes. `cannot` is what it had to
 * do, as in "create a database in /data".
 */
export function explainOutput(cannot: string, output: string): StackFailure | null {
  const cause = CAUSES.find(({ text }) => text.test(output));
  return cause === undefined ? null : new StackFailure(sentence(cannot, cause.says));
}

function sentence(cannot: string, says: string): string {
  return `Cannot ${cannot}: ${says}`;
}
