/** Runs `work` for the items in order, a few at a time, until it is late; returns the results of those that were begun. */
export async function eachAtOnce<Item, Result>(
  items: readonly Item[],
  atOnce: number,
  isLate: () => boolean,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  async function takeTurns(): Promise<void> {
    while (next < items.length && !isLate()) {
      const place = next++;
      results[place] = await work(items[place]!);
    }
  }
  await Promise.all(Array.from({ length: atOnce }, takeTurns));
  return results;
}
