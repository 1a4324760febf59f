/**
 * Sends items in shared calls: while a call is in progress, items that arrive gather and go together with the next one.
 *
 * No timer delays anything: while nothing is in progress, an item goes at once and alone.
 */

export interface GatherOptions<Item, Answer> {
  /** Sends the gathered items; one answer for each, in their order. */
  readonly send: (items: readonly Item[]) => Promise<readonly Answer[]>;
  readonly weightOf: (item: Item) => number;
  /** The largest weight of one call; a heavier item goes alone. */
  readonly weightMax: number;
  /** Gathered items of this weight start a second call beside the first. */
  readonly secondCallFrom: number;
}

interface Waiting<Item, Answer> {
  readonly item: Item;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

const CALLS_MAX = 2;

export function gather<Item, Answer>(
  { send, weightOf, weightMax, secondCallFrom }: GatherOptions<Item, Answer>,
): (item: Item) => Promise<Answer> {
  let waiting: Waiting<Item, Answer>[] = [];
  let waitingWeight = 0;
  let calls = 0;

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      waitingWeight += weightOf(item);
      start();
    });

  function start(): void {
    while (waiting.length > 0 && mayStart()) {
      const together = take();
      calls++;
      sendTogether(together).finally(() => {
        calls--;
        start();
      });
    }
  }

  function mayStart(): boolean {
    return calls === 0 || (calls < CALLS_MAX && waitingWeight >= secondCallFrom);
  }

  function take(): readonly Waiting<Item, Answer>[] {
    let weight = 0;
    let count = 0;
    for (; count < waiting.length; count++) {
      const own = weightOf(waiting[count]!.item);
      if (count > 0 && weight + own > weightMax) break;
      weight += own;
    }
    const together = waiting.slice(0, count);
    waiting = waiting.slice(count);
    waitingWeight -= weight;
    return together;
  }

  async function sendTogether(together: readonly Waiting<Item, Answer>[]): Promise<void> {
    try {
      const answers = await send(together.map(({ item }) => item));
      together.forEach(({ resolve }, place) => resolve(answers[place]!));
    } catch (error) {
      for (const { reject } of together) reject(error);
    }
  }
}
