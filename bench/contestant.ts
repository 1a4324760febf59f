/** What takes part, and what the bench must know to drive it and to count what it stored. */
import type { Sql } from "../local/stack/sql.ts";
import type { BenchServer } from "./bench_server.ts";
import type { MakeEvent } from "./events.ts";
import type { Matchday } from "./matchday.ts";
import type { PostOf } from "./requests.ts";
import type { ShapeName } from "./shapes.ts";

export interface Contestant {
  readonly name: string;
  readonly title: string;
  /** The parts that a request passes. */
  readonly path: string;
  readonly shapes: readonly ShapeName[];
  /** A turn of the slowest is cut here. */
  readonly eventsMax: number;
  prepare(bench: BenchServer, matchday: Matchday): Promise<Prepared>;
}

export interface Prepared {
  readonly databaseName: string;
  readonly sql: Sql;
  readonly makeEvent: (matchday: Matchday) => MakeEvent;
  readonly postOf: PostOf;
  /** Empties what an earlier turn stored. */
  reset(): Promise<void>;
  count(): Promise<number>;
  /** Of what is stored, as the events are named. */
  ids(): Promise<string[]>;
  start(): Promise<Running>;
  close(): Promise<void>;
}

export interface Running {
  readonly port: number;
  stop(): Promise<void>;
}
