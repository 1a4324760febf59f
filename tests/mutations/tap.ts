/** Reads the output of `deno test --reporter=tap`. Pure. */

export interface FailedTest {
  readonly file: string;
  readonly name: string;
  readonly message: string;
}

export interface TestRun {
  /** The loaded files, with or without tests. */
  readonly files: readonly string[];
  readonly passed: number;
  readonly failed: readonly FailedTest[];
}

export function readTap(text: string): TestRun {
  const files: string[] = [];
  const failed: FailedTest[] = [];
  let passed = 0;
  for (const line of text.split("\n")) {
    const file = /^# \.\/(\S+\.ts)$/.exec(line)?.[1];
    if (file !== undefined) files.push(file);
    if (/^ok \d+ - /.test(line) && !line.endsWith("# SKIP")) passed++;
    const name = /^not ok \d+ - (.*)$/.exec(line)?.[1];
    if (name !== undefined) {
      failed.push({ file: files.at(-1) ?? "", name: unescape(name), message: "" });
    }
    const failure = readMessage(line);
    const last = failed.at(-1);
    if (failure !== null && last !== undefined) {
      failed[failed.length - 1] = { ...last, message: failure };
    }
  }
  return { files, passed, failed };
}

function readMessage(line: string): string | null {
  if (!line.startsWith('  {"message":')) return null;
  try {
    const { message } = JSON.parse(line);
    return typeof message === "string" ? message : null;
  } catch {
    return null;
  }
}

function unescape(name: string): string {
  return name.replaceAll(/\\([\\#])/g, "$1");
}
