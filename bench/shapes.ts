/** The shapes of requests: one event per request as from a campaign's webhook, or a hundred as from Currents. */

/** Shapes that every contestant can take. */
export const COMMON_SHAPE_NAMES = ["one", "batch", "doubled"] as const;
/** `message`: the suite's webhook template. `identifiers`: push events whose echo is missing. */
export const SHAPE_NAMES = [...COMMON_SHAPE_NAMES, "message", "identifiers"] as const;
export type ShapeName = typeof SHAPE_NAMES[number];
/** What an event is: a push Send with its echo, a webhook-channel message, a push Send with Braze's identifiers alone. */
export type Content = "echo" | "message" | "identifiers";

export interface Shape {
  readonly name: ShapeName;
  readonly title: string;
  readonly content: Content;
  readonly eventsARequest: number;
  readonly connections: number;
  /** 2: each request is sent twice at once, the second time with its events in another order. */
  readonly copies: 1 | 2;
}

export const SHAPES: Readonly<Record<ShapeName, Shape>> = {
  one: {
    name: "one",
    title: "one event a request",
    content: "echo",
    eventsARequest: 1,
    connections: 16,
    copies: 1,
  },
  batch: {
    name: "batch",
    title: "100 events a request",
    content: "echo",
    eventsARequest: 100,
    connections: 8,
    copies: 1,
  },
  doubled: {
    name: "doubled",
    title: "100 events a request, each request twice at once in another order",
    content: "echo",
    eventsARequest: 100,
    connections: 8,
    copies: 2,
  },
  message: {
    name: "message",
    title: "one webhook-channel message a request",
    content: "message",
    eventsARequest: 1,
    connections: 16,
    copies: 1,
  },
  identifiers: {
    name: "identifiers",
    title: "100 events a request, with Braze's identifiers alone",
    content: "identifiers",
    eventsARequest: 100,
    connections: 8,
    copies: 1,
  },
};
