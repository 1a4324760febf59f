import { rejects } from "node:assert/strict";
import { findPostgres } from "../../../../local/stack/postgres_binaries.ts";

/** A folder of fake binaries; text that begins with #! runs, anything else does not. */
async function withBinaries(
  files: Record<string, string | Uint8Array>,
  run: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, content] of Object.entries(files)) {
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      await Deno.writeFile(`${folder}/${name}`, bytes, { mode: 0o755 });
    }
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const says = (text: string) => `#!/bin/sh\necho '${text}'\n`;

/** The header of a program for another kind of machine (ELF, s390x). */
function foreignProgram(): Uint8Array {
  const bytes = new Uint8Array(64);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 2, 1]);
  bytes.set([0, 2, 0, 22], 16);
  return bytes;
}

Deno.test("findPostgres() names the missing binary", () =>
  withBinaries({}, (folder) =>
    rejects(findPostgres(folder), {
      name: "StackFailure",
      message: `Cannot run ${folder}/postgres: it must exist, got no such file`,
    })));

Deno.test("findPostgres() reports that a server without initdb is not enough", () =>
  withBinaries(
    { postgres: says("postgres (PostgreSQL) 18.4") },
    (folder) => rejects(findPostgres(folder), /Cannot run .*\/initdb: it must exist/),
  ));

Deno.test("findPostgres() reports that a binary is for another architecture", () =>
  withBinaries(
    { postgres: foreignProgram() },
    (folder) =>
      rejects(
        findPostgres(folder),
        /must be made for linux x86_64, got a Linux program for machine 22/,
      ),
  ));

for (const version of ["9.6.24", "14.9 (Debian)", "19.0"]) {
  Deno.test(`findPostgres() refuses Postgres ${version} and names the required version`, () =>
    withBinaries(
      { postgres: says(`postgres (PostgreSQL) ${version}`), initdb: says("initdb") },
      (folder) => rejects(findPostgres(folder), /version must be 15 to 18, got "postgres \(Pos/),
    ));
}

Deno.test("findPostgres() refuses an older server without a path for extension stubs", () =>
  withBinaries({
    postgres: says("postgres (PostgreSQL) 17.2"),
    initdb: says("initdb (PostgreSQL) 17.2"),
  }, (folder) => rejects(findPostgres(folder), /must be Postgres 18 or a Debian build/)));
