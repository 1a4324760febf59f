/** Serializes the requests of one turn before the measurement. */
import { Prng } from "../local/lib/prng.ts";
import type { BenchEvent } from "./events.ts";
import type { Shape } from "./shapes.ts";

export interface Post {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Builds a contestant's request for events. */
export type PostOf = (events: readonly BenchEvent[]) => Post;

export interface Requests {
  /** In the order in which they are sent; a copy follows its original. */
  readonly raw: readonly Uint8Array[];
  readonly bodyBytes: number;
}

export function makeRequests(
  seed: string,
  sent: readonly BenchEvent[],
  shape: Shape,
  postOf: PostOf,
): Requests {
  const prng = new Prng(`${seed}/order`);
  const raw: Uint8Array[] = [];
  let bodyBytes = 0;
  const add = (events: readonly BenchEvent[]) => {
    const post = postOf(events);
    bodyBytes += encoder.encode(post.body).byteLength;
    raw.push(serialize(post));
  };
  for (let at = 0; at < sent.length; at += shape.eventsARequest) {
    const events = sent.slice(at, at + shape.eventsARequest);
    add(events);
    if (shape.copies === 2) add(prng.shuffled(events));
  }
  return { raw, bodyBytes };
}

const encoder = new TextEncoder();

function serialize({ path, headers, body }: Post): Uint8Array {
  const bytes = encoder.encode(body).byteLength;
  const lines = Object.entries({
    host: "127.0.0.1",
    "content-type": "application/json",
    "content-length": String(bytes),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return encoder.encode(`POST ${path} HTTP/1.1\r\n${lines.join("")}\r\n${body}`);
}
