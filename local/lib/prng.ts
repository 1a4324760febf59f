/**
 * A seeded random number generator: a seed alone reproduces a run of the sandbox or the simulation.
 *
 * `fork` creates an independent stream for each purpose, so that the order of concurrent calls does not affect other
 * streams. The state has 128 bits (sfc32): with fewer, two streams could overlap and return the same event id twice.
 */
export class Prng {
  #a: number;
  #b: number;
  #c: number;
  #d = 1;

  constructor(readonly seed: number | string) {
    [this.#a, this.#b, this.#c] = digest(`${seed}`);
    for (let i = 0; i < 12; i++) this.word();
  }

  /** A whole number in [0, 2^32). */
  word(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#d) | 0;
    this.#d = (this.#d + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** In [0, 1). */
  next(): number {
    return this.word() / 2 ** 32;
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  /** `digits` lowercase hexadecimal digits. */
  hex(digits: number): string {
    let out = "";
    while (out.length < digits) out += this.word().toString(16).padStart(8, "0");
    return out.slice(0, digits);
  }

  uuid(): string {
    const hex = this.hex(32);
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${
      hex.slice(20)
    }`;
  }

  shuffled<T>(items: readonly T[]): T[] {
    const out = [...items];
    for (let i = out.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [out[i], out[j]] = [out[j]!, out[i]!];
    }
    return out;
  }

  /** A new generator for `label`, independent of the numbers drawn so far. */
  fork(label: string): Prng {
    return new Prng(`${this.seed}/${label}`);
  }
}

/** Three words from a text, each by FNV-1a with a different start and a final mix. */
function digest(text: string): [number, number, number] {
  const words: [number, number, number] = [0x811c9dc5, 0x01000193, 0x9e3779b9];
  for (let i = 0; i < words.length; i++) {
    let hash = words[i]!;
    for (let at = 0; at < text.length; at++) {
      hash = Math.imul(hash ^ text.charCodeAt(at) ^ (i << 8), 0x01000193);
    }
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    words[i] = hash ^ (hash >>> 16);
  }
  return words;
}
