/** Carries a mutation out on texts, or says why it cannot be. Pure. */
import { StackFailure } from "../../local/lib/failure.ts";
import { type Change, changesOf, type Mutation } from "./mutation.ts";
import { findFunctions, type Migration } from "./sql_functions.ts";

export interface Texts {
  readonly read: (file: string) => string;
  readonly migrations: readonly Migration[];
}

/** The new text of each file that the mutation changes. */
export function applyMutation(
  mutation: Mutation,
  { read, migrations }: Texts,
): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const change of changesOf(mutation)) {
    const changed = migrations.map(({ file, text }) => ({ file, text: texts.get(file) ?? text }));
    const place = placeOf(change, changed, mutation.name);
    const text = texts.get(place.file) ?? read(place.file);
    const until = place.until ?? text.length;
    texts.set(
      place.file,
      text.slice(0, place.from) +
        replaceOnce(text.slice(place.from, until), change, mutation.name) +
        text.slice(until),
    );
  }
  return texts;
}

function placeOf({ file }: Change, migrations: readonly Migration[], name: string) {
  if (!file.endsWith("()")) return { file, from: 0, until: undefined };
  const place = findFunctions(migrations).get(file.slice(0, -2));
  if (place !== undefined) return place;
  throw new StackFailure(`Cannot mutate ${file} (${name}): a migration must make it, got none`);
}

/** A text that is not there, or twice, means that the code has changed since the mutation was written. */
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
