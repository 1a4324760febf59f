/** The result of one check of the doctor. */

/** A check that could not run is `unknown`, never `ok`. */
export type Result = "ok" | "wrong" | "unknown";

export interface Finding {
  /** Stable, because scripts read it. */
  readonly check: string;
  readonly result: Result;
  readonly says: string;
  /** How to fix what is wrong, or how to make an unknown check run. */
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

/** A check that throws is reported and does not affect other checks. */
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
