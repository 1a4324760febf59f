/** A tree that is written as JSON text: members in order, with names that may repeat. */

export type Node =
  /** JSON text, written unchanged. */
  | string
  | { readonly object: readonly Member[] }
  /** An object inside a text, as in `message_extras`. */
  | { readonly text: readonly Member[] };

export interface Member {
  /** JSON too, with its quotes: an escaped name is the same name. */
  readonly name: string;
  readonly value: Node;
}

/** Values that are not nodes become JSON. */
export function members(values: Readonly<Record<string, unknown>>): Member[] {
  return Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ({
      name: JSON.stringify(name),
      value: isNode(value) ? value : JSON.stringify(value),
    }));
}

export function isNode(value: unknown): value is Exclude<Node, string> {
  return typeof value === "object" && value !== null && ("object" in value || "text" in value);
}

/** Writes `gap` between all tokens, as JSON allows. */
export function write(node: Node, gap = ""): string {
  if (typeof node === "string") return node;
  if ("text" in node) return JSON.stringify(write({ object: node.text }));
  const inner = node.object.map(({ name, value }) =>
    `${gap}${name}${gap}:${gap}${write(value, gap)}${gap}`
  );
  return `{${inner.join(",")}}`;
}

/** Every list of members in a tree, the outermost first. */
export function objectsIn(node: Node): (readonly Member[])[] {
  if (typeof node === "string") return [];
  const own = "text" in node ? node.text : node.object;
  return [own, ...own.flatMap(({ value }) => objectsIn(value))];
}

/** Changes one of the objects of a tree, counted as `objectsIn` does. */
export function changeObject(
  node: Node,
  index: number,
  change: (members: readonly Member[]) => readonly Member[],
): Node {
  let left = index;
  const visit = (here: Node): Node => {
    if (typeof here === "string") return here;
    const own = "text" in here ? here.text : here.object;
    const changed = left-- === 0
      ? change(own)
      : own.map(({ name, value }) => ({ name, value: visit(value) }));
    return "text" in here ? { text: changed } : { object: changed };
  };
  return visit(node);
}

/** The values of the members of one name, in the given objects only. */
export function valuesOf(objects: readonly (readonly Member[])[], name: string): Node[] {
  return objects.flatMap((own) =>
    own.filter((member) => JSON.parse(member.name) === name).map(({ value }) => value)
  );
}
