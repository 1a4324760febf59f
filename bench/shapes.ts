/** The shapes of requests: one event per request as from a campaign's webhook, or a hundred as from Currents. */

export const SHAPE_NAMES = ["one", "batch", "doubled"] as const;
export type ShapeName = typeof SHAPE_NAMES[number];

export interface Shape {
  readonly name: ShapeName;
  readonly title: string;
  readonly eventsARequest: number;
  readonly connections: number;
  /** 2: each request is sent twice at once, the second time with its events in another order. */
  readonly copies: 1 | 2;
}

export const SHAPES: Readonly<Record<ShapeName, Shape>> = {
  one: {
    name: "one",
    title: "one event a request",
    eventsARequest: 1,
    connections: 16,
    copies: 1,
  },
  batch: {
    name: "batch",
    title: "100 events a request",
    eventsARequest: 100,
    connections: 8,
    copies: 1,
  },
  doubled: {
    name: "doubled",
    title: "100 events a request, each request twice at once in another order",
    eventsARequest: 100,
    connections: 8,
    copies: 2,
  },
};
