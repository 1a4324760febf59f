/** What the doctor says of one thing. */

/** `unknown` is never a quiet `ok`: what could not be looked at is said to be so. */
export type Result = "ok" | "wrong" | "unknown";

export interface Finding {
  /** Never renamed: scripts read it. */
  readonly check: string;
  readonly result: Result;
  readonly says: string;
  /** What to do; where it is wrong, or to learn what is unknown. */
  readonly mend?: string;
}

export function ok(check: string, says: string): Finding {
  return { check, result: "ok", says };
}

export function wrong(check: string, says: string, mend: string): Finding {
  return { check, result: "wrong", says, mend };
}

export function unknown(check: string, says: string, mend?: string): Finding {
  return { check, result: "unknown", says, ...(mend === undefined ? {} : { mend }) };
}

/** A look that fails says so of itself and costs no other. */
export async function look(
  check: string,
  mend: string,
  at: () => Promise<Finding>,
): Promise<Finding> {
  try {
    return await at();
  } catch (error) {
    return wrong(check, error instanceof Error ? error.message : String(error), mend);
  }
}
