/** The key of one generation of a ledger row. Pure. */

export function keyOf({ ledgerId, generation }: {
  readonly ledgerId: string;
  readonly generation: number;
}): string {
  return `${ledgerId}:${generation}`;
}
