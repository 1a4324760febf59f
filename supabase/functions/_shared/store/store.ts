/** Everything that the functions ask of the database, by use. */
import type { Rpc } from "./rpc.ts";
import { createEvents, type Events } from "./events.ts";
import { createListings, type Listings } from "./listings.ts";
import { createJournal, type Journal } from "./journal.ts";
import { createNotices, type Notices } from "./notices.ts";
import { createPlanning, type Planning } from "./planning.ts";
import { createRuns, type Runs } from "./runs.ts";

export interface Store {
  readonly runs: Runs;
  readonly planning: Planning;
  readonly journal: Journal;
  readonly events: Events;
  readonly listings: Listings;
  readonly notices: Notices;
}

export function createStore(rpc: Rpc): Store {
  return {
    runs: createRuns(rpc),
    planning: createPlanning(rpc),
    journal: createJournal(rpc),
    events: createEvents(rpc),
    listings: createListings(rpc),
    notices: createNotices(rpc),
  };
}
