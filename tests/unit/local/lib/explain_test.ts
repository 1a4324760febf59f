import { match, ok, strictEqual } from "node:assert/strict";
import { explain, explainOutput } from "../../../../local/lib/explain.ts";

const failing = (code: string, message: string) => Object.assign(new Error(message), { code });

for (
  const [what, error, says] of [
    [
      "a full disk",
      failing("ENOSPC", "No space left on device (os error 28): writefile '/d/keys.json'"),
      /^Cannot use \/d\/keys\.json: .* got a full one; free some space, or choose a folder/,
    ],
    [
      "a full disk, as the database says it",
      failing("53100", "could not extend file: No space left on device"),
      /^Cannot go on: there must be room on the disk, got a full one; free some space/,
    ],
    [
      "a read-only folder",
      failing("EROFS", "Read-only file system (os error 30): mkdir '/d'"),
      /^Cannot use \/d: .* got a read-only file system; choose another folder with --data DIR$/,
    ],
    [
      "somebody else's folder",
      failing("EACCES", "Permission denied (os error 13): mkdir '/d'"),
      /^Cannot use \/d: .* got permission denied; correct the owner or the permissions, or choose/,
    ],
    [
      "a file in place of a folder",
      failing("ENOTDIR", "Not a directory (os error 20): mkdir '/etc/passwd/d'"),
      /^Cannot use \/etc\/passwd\/d: it must be a folder, got a file; remove it, or choose/,
    ],
    [
      "too few open files",
      failing("EMFILE", "Too many open files (os error 24)"),
      /^Cannot go on: .*; raise it with `ulimit -n 4096` and start again$/,
    ],
  ] as const
) {
  Deno.test(`${what} is one sentence that says what to do`, () => {
    const sentence = explain(error);
    match(sentence ?? "", says);
    ok(!sentence?.includes("\n"));
  });
}

Deno.test("a defect is not explained", () => {
  for (const error of [new TypeError("x is no function"), failing("42P01", "no table"), "odd"]) {
    strictEqual(explain(error), null);
  }
});

Deno.test("what a program of ours printed is explained, too", () => {
  const output =
    'FATAL:  could not write to file "base/4/1249": No space left on device\ninitdb: removing data';
  match(
    explainOutput("create a database in /d", output)?.message ?? "",
    /^Cannot create a database in \/d: there must be room on the disk, got a full one; free/,
  );
  strictEqual(explainOutput("create a database", "invalid locale"), null);
});
