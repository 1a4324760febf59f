/** A reason not to start that a person can act on: shown as it is, without a stack trace. */
export class StackFailure extends Error {
  override readonly name: string = "StackFailure";
}

/** The arguments of a command are wrong: nothing was tried, and the same call fails again. */
export class UsageFailure extends StackFailure {
  override readonly name = "UsageFailure";
}
