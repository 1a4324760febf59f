/** The interface of a contestant: how the bench starts it, sends events to it, and counts the rows that it stores. */
import type { Sql } from "../local/stack/sql.ts";
import type { BenchServer } from "./bench_server.ts";
import type { MakeEvent } from "./events.ts";
import type { Matchday } from "./matchday.ts";
import type { PostOf } from "./requests.ts";
import type { Content, ShapeName } from "./shapes.ts";

export interface Contestant {
  readonly name: string;
  readonly title: string;
  /** The components that a request passes through. */
  readonly path: string;
  readonly shapes: readonly ShapeName[];
  /** The most events in a turn, which limits the turns of slow contestants. */
  readonly eventsMax: number;
  prepare(bench: BenchServer, matchday: Matchday): Promise<Prepared>;
}

export interface Prepared {
  readonly databaseName: string;
  readonly sql: Sql;
  readonly makeEvent: (matchday: Matchday, content: Content) => MakeEvent;
  readonly postOf: (content: Content) => PostOf;
  /** Deletes the rows of earlier turns. */
  reset(): Promise<void>;
  count(): Promise<number>;
  /** The event ids of the stored rows. */
  ids(): Promise<string[]>;
  start(): Promise<Running>;
  close(): Promise<void>;
}

export interface Running {
  readonly port: number;
  stop(): Promise<void>;
}
