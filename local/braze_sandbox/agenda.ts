/** The planned work of the sandbox: earliest first, and in order of planning at the same moment. */

interface Item {
  readonly dueMs: number;
  readonly order: number;
  readonly work: (dueMs: number) => void;
}

export class Agenda {
  readonly #heap: Item[] = [];
  #planned = 0;

  plan(dueMs: number, work: (dueMs: number) => void): void {
    this.#heap.push({ dueMs, order: this.#planned++, work });
    this.#rise(this.#heap.length - 1);
  }

  nextDueMs(): number | undefined {
    return this.#heap[0]?.dueMs;
  }

  /** Runs all due work, including what that work plans for the same time. */
  runUntil(nowMs: number): void {
    for (let item = this.#heap[0]; item !== undefined && item.dueMs <= nowMs;) {
      this.#removeFirst();
      item.work(item.dueMs);
      item = this.#heap[0];
    }
  }

  #removeFirst(): void {
    const last = this.#heap.pop()!;
    if (this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#sink(0);
  }

  #rise(index: number): void {
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#isBefore(index, parent)) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  #sink(index: number): void {
    while (true) {
      let first = index;
      for (const child of [2 * index + 1, 2 * index + 2]) {
        if (child < this.#heap.length && this.#isBefore(child, first)) first = child;
      }
      if (first === index) return;
      this.#swap(index, first);
      index = first;
    }
  }

  #isBefore(left: number, right: number): boolean {
    const a = this.#heap[left]!;
    const b = this.#heap[right]!;
    return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
  }

  #swap(left: number, right: number): void {
    [this.#heap[left], this.#heap[right]] = [this.#heap[right]!, this.#heap[left]!];
  }
}
