/** One rule that is broken on purpose: what is changed, and who must notice. */

export interface Change {
  /** A path from the root of the project. */
  readonly file: string;
  /** Stands exactly once in the file, so that the list cannot rot in silence. */
  readonly find: string;
  readonly replace: string;
}

export interface Mutation extends Change {
  readonly name: string;
  /** What holds as long as nobody breaks it, in one sentence. */
  readonly rule: string;
  /** Broken along with the first: a rule may be kept in more than one place. */
  readonly also?: readonly Change[];
  /** Test files; each of them must turn red. */
  readonly tests: readonly string[];
  /** Only tests whose name holds it. */
  readonly filter?: string;
  /** How the broken rule shows where no assertion fails: Postgres itself refuses what two writers did. */
  readonly shownBy?: RegExp;
  /** Whether a run that does not end shows the broken rule too. */
  readonly mayHang?: boolean;
}

export function changesOf({ file, find, replace, also = [] }: Mutation): readonly Change[] {
  return [{ file, find, replace }, ...also];
}
