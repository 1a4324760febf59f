/** Applies a mutation to texts, or throws if it does not fit. Pure. */
import { StackFailure } from "../../local/lib/failure.ts";
import { type Change, changesOf, type Mutation } from "./mutation.ts";

export type ReadText = (file: string) => string;

/** The new text of each file that the mutation changes. */
export function applyMutation(mutation: Mutation, read: ReadText): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const change of changesOf(mutation)) {
    const { file } = change;
    texts.set(file, replaceOnce(texts.get(file) ?? read(file), change, mutation.name));
  }
  return texts;
}

/** A text that does not occur exactly once means that the code has changed since the mutation was written. */
export function replaceOnce(text: string, { file, find, replace }: Change, name: string): string {
  const parts = text.split(find);
  if (find !== "" && parts.length === 2) return parts.join(replace);
  const found = find === "" ? "an empty text" : `it ${parts.length - 1} times`;
  throw new StackFailure(
    `Cannot mutate ${file} (${name}): what is replaced must stand there exactly once, got ${found}: ${
      JSON.stringify(find)
    }`,
  );
}
