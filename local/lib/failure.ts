/** A failure that the user can correct: printed as its message only, without a stack trace. */
export class StackFailure extends Error {
  override readonly name: string = "StackFailure";
}

/** The arguments of a command are wrong; the command did nothing. */
export class UsageFailure extends StackFailure {
  override readonly name = "UsageFailure";
}
