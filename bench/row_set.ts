/** Checks that the stored rows are exactly the sent events. */

const SHOWN_MAX = 3;

export interface RowSetCheck {
  readonly isRight: boolean;
  readonly missing: number;
  readonly unexpected: number;
  readonly repeated: number;
  /** Some of the wrong rows. */
  readonly examples: readonly string[];
}

export function checkRowSet(
  stored: readonly string[],
  expected: ReadonlySet<string>,
): RowSetCheck {
  const seen = new Set<string>();
  const repeated: string[] = [];
  const unexpected: string[] = [];
  for (const id of stored) {
    if (seen.has(id)) repeated.push(id);
    else if (!expected.has(id)) unexpected.push(id);
    seen.add(id);
  }
  const missing = [...expected].filter((id) => !seen.has(id));
  const named = (what: string, ids: readonly string[]) =>
    ids.slice(0, SHOWN_MAX).map((id) => `${what} ${id}`);
  return {
    isRight: missing.length + unexpected.length + repeated.length === 0,
    missing: missing.length,
    unexpected: unexpected.length,
    repeated: repeated.length,
    examples: [
      ...named("missing", missing),
      ...named("unexpected", unexpected),
      ...named("repeated", repeated),
    ],
  };
}
