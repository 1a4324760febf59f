/** A queue by due time; items due at the same moment stay in the order in which they were planned. */
export interface DueItem {
  readonly dueMs: number;
  readonly planned: number;
  cancelled: boolean;
}

export class DueQueue<Item extends DueItem> {
  #heap: Item[] = [];

  push(item: Item): void {
    const heap = this.#heap;
    let at = heap.push(item) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(item, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = item;
  }

  /** The next item, which stays in the queue. Removes cancelled items before it. */
  peek(): Item | undefined {
    while (this.#heap[0]?.cancelled) this.#removeFirst();
    return this.#heap[0];
  }

  pop(): Item | undefined {
    const item = this.peek();
    if (item !== undefined) this.#removeFirst();
    return item;
  }

  clear(): Item[] {
    const left = this.#heap.filter((item) => !item.cancelled);
    this.#heap = [];
    return left;
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (let child = 1; child < heap.length; child = 2 * at + 1) {
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: DueItem, b: DueItem): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.planned < b.planned);
}
