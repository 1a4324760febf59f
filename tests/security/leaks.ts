/** Looks for secrets in a text: whole, in part, and in the forms that a program gives them on the way. */
import { Buffer } from "node:buffer";

/** A shorter piece of a random secret is useless to an attacker, and occurs by chance. */
const PIECE_CHARACTERS = 12;

export interface Leak {
  readonly secret: string;
  readonly where: string;
  readonly excerpt: string;
}

export class LeakFinder {
  readonly #pieces = new Map<string, string>();

  constructor(secrets: Readonly<Record<string, string>>) {
    for (const [name, secret] of Object.entries(secrets)) this.add(name, secret);
  }

  add(name: string, secret: string): void {
    for (const form of formsOf(secret)) {
      for (let at = 0; at + PIECE_CHARACTERS <= form.length; at++) {
        this.#pieces.set(form.slice(at, at + PIECE_CHARACTERS), name);
      }
    }
  }

  /** One for each secret that shows, at its first piece. */
  find(where: string, text: string): Leak[] {
    const found = new Map<string, Leak>();
    for (let at = 0; at + PIECE_CHARACTERS <= text.length; at++) {
      const secret = this.#pieces.get(text.slice(at, at + PIECE_CHARACTERS));
      if (secret === undefined || found.has(secret)) continue;
      found.set(secret, { secret, where, excerpt: text.slice(Math.max(0, at - 120), at + 60) });
    }
    return [...found.values()];
  }
}

function formsOf(secret: string): string[] {
  return [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(secret).toString("hex"),
    ...base64FormsOf(secret),
  ];
}

/** Base64 differs at each of three offsets; its ends depend on the adjacent bytes. */
function base64FormsOf(secret: string): string[] {
  return ["", "x", "xx"].flatMap((before) => {
    const text = Buffer.from(`${before}${secret}`).toString("base64").replace(/=+$/, "");
    const own = text.slice(before.length === 0 ? 0 : 4, -2);
    return [own, own.replaceAll("+", "-").replaceAll("/", "_")];
  });
}
