/** Judges whether a mutation turned its tests red, by the expected failures. Pure. */
import type { Mutation } from "./mutation.ts";
import type { FailedTest, TestRun } from "./tap.ts";

export type Verdict =
  | { readonly kind: "red"; readonly failed: readonly FailedTest[] }
  /** No test noticed. */
  | { readonly kind: "green"; readonly reason: string }
  /** The mutation itself is invalid: it shows nothing about the tests. */
  | { readonly kind: "broken"; readonly reason: string }
  | { readonly kind: "hung"; readonly reason: string };

export type EndedRun =
  | { readonly kind: "ended"; readonly code: number; readonly run: TestRun }
  | { readonly kind: "hung"; readonly seconds: number };

export function judge(
  { tests, shownBy, mayHang = false }: Pick<Mutation, "tests" | "shownBy" | "mayHang">,
  ended: EndedRun,
): Verdict {
  if (ended.kind === "hung") {
    return mayHang
      ? { kind: "red", failed: [] }
      : { kind: "hung", reason: `no end after ${ended.seconds} s` };
  }
  const { code, run: { files, passed, failed } } = ended;
  const unloaded = tests.filter((file) => !files.includes(file));
  if (unloaded.length > 0) return broken(`${unloaded.join(", ")} did not load`);
  if (passed + failed.length === 0) return broken("no test ran");
  if (code !== 0 && failed.length === 0) {
    return broken("the tests ended badly, and none had failed");
  }

  const showing = failed.filter(({ message }) => isAssertion(message) || shownBy?.test(message));
  const quiet = tests.filter((file) => !showing.some((one) => one.file === file));
  if (quiet.length === 0) return { kind: "red", failed: showing };
  const unexpected = failed.find(({ file }) => quiet.includes(file));
  return unexpected === undefined
    ? { kind: "green", reason: `${quiet.join(", ")} stayed green` }
    : broken(`"${unexpected.name}" failed, and by no assertion: ${firstLine(unexpected.message)}`);
}

/** fast-check wraps the error of a failed property and appends it as the cause. */
function isAssertion(message: string): boolean {
  return message.startsWith("AssertionError") ||
    (message.startsWith("Error: Property failed after") &&
      message.includes("\nCaused by: AssertionError"));
}

function broken(reason: string): Verdict {
  return { kind: "broken", reason };
}

function firstLine(message: string): string {
  return message.split("\n", 1)[0] ?? "";
}
