/** One rule that is broken on purpose: the change, and the tests that must notice it. */

export interface Change {
  /** A path from the root of the project. */
  readonly file: string;
  /** Occurs exactly once in the file, so that an outdated entry fails. */
  readonly find: string;
  readonly replace: string;
}

export interface Mutation extends Change {
  readonly name: string;
  /** The rule that the unchanged code keeps, in one sentence. */
  readonly rule: string;
  /** Further changes: a rule may be kept in more than one place. */
  readonly also?: readonly Change[];
  /** Test files; each of them must turn red. */
  readonly tests: readonly string[];
  /** Runs only tests whose name contains it. */
  readonly filter?: string;
  /** The error that shows the broken rule where no assertion fails: Postgres itself refuses the work. */
  readonly shownBy?: RegExp;
  /** Whether a run that does not end also shows the broken rule. */
  readonly mayHang?: boolean;
}

export function changesOf({ file, find, replace, also = [] }: Mutation): readonly Change[] {
  return [{ file, find, replace }, ...also];
}
