/** Merges fields that an event may contain in several places, if all places agree. */

export type MergedFields =
  | { readonly ok: true; readonly fields: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly reason: string };

/**
 * Each of `names` with its aliases. Blank values are ignored. Two different values are an error, because the wrong one
 * may identify another match.
 */
export function mergeFields(
  objects: readonly Readonly<Record<string, unknown>>[],
  names: readonly (readonly [name: string, ...others: string[]])[],
): MergedFields {
  const fields: Record<string, unknown> = {};
  for (const [name, ...others] of names) {
    const values = objects
      .flatMap((object) => [name, ...others].map((each) => object[each]))
      .filter((value) => value !== undefined && value !== null && value !== "");
    const different = new Set(values.map(textOf));
    if (different.size > 1) {
      return { ok: false, reason: `Event must name one ${name}, got ${different.size}` };
    }
    if (values.length > 0) fields[name] = values[0];
  }
  return { ok: true, fields };
}

/** Templates write numbers with or without quotes. */
function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
