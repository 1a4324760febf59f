/** A reason not to start that a person can act on: shown as it is, without a stack trace. */
export class StackFailure extends Error {
  override readonly name = "StackFailure";
}
