/** Puts together what an event says in more than one place, where it says the same thing in all of them. */

export type Gathered =
  | { readonly ok: true; readonly said: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly reason: string };

/**
 * Each of `names` with its other names. Blanks say nothing; two different things leave nobody to tell which is meant,
 * and the wrong one may be another match.
 */
export function mergeFields(
  objects: readonly Readonly<Record<string, unknown>>[],
  names: readonly (readonly [name: string, ...others: string[]])[],
): Gathered {
  const said: Record<string, unknown> = {};
  for (const [name, ...others] of names) {
    const values = objects
      .flatMap((object) => [name, ...others].map((each) => object[each]))
      .filter((value) => value !== undefined && value !== null && value !== "");
    const different = new Set(values.map(textOf));
    if (different.size > 1) {
      return { ok: false, reason: `Event must name one ${name}, got ${different.size}` };
    }
    if (values.length > 0) said[name] = values[0];
  }
  return { ok: true, said };
}

/** In templates numbers come with quotes or without. */
function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
