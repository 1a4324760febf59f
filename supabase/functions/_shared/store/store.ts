/** Everything that the functions ask of the database, by use. */
import type { Rpc } from "./rpc.ts";
import { type Audits, createAudits } from "./audits.ts";
import { createDeliveries, type Deliveries } from "./deliveries.ts";
import { createEvents, type Events } from "./events.ts";
import { createGate, type Gate } from "./gate.ts";
import { createHealth, type Health } from "./health.ts";
import { createListings, type Listings } from "./listings.ts";
import { createJournal, type Journal } from "./journal.ts";
import { type AlertsAndLogs, createAlertsAndLogs } from "./alerts_and_logs.ts";
import { createPlanning, type Planning } from "./planning.ts";
import { createPreflight, type Preflight } from "./preflight.ts";
import { createUnattributedEvents, type UnattributedEvents } from "./unattributed_events.ts";
import { createQuality, type Quality } from "./quality.ts";
import { createReconciliation, type Reconciliation } from "./reconciliation.ts";
import { createRejects, type Rejects } from "./rejects.ts";
import { createRuns, type Runs } from "./runs.ts";

export interface Store {
  readonly runs: Runs;
  readonly planning: Planning;
  readonly journal: Journal;
  readonly events: Events;
  readonly listings: Listings;
  readonly preflight: Preflight;
  readonly audits: Audits;
  readonly health: Health;
  readonly reconciliation: Reconciliation;
  readonly unattributedEvents: UnattributedEvents;
  readonly alertsAndLogs: AlertsAndLogs;
  readonly deliveries: Deliveries;
  readonly quality: Quality;
  readonly rejects: Rejects;
  readonly gate: Gate;
}

export function createStore(rpc: Rpc): Store {
  return {
    runs: createRuns(rpc),
    planning: createPlanning(rpc),
    journal: createJournal(rpc),
    events: createEvents(rpc),
    listings: createListings(rpc),
    preflight: createPreflight(rpc),
    audits: createAudits(rpc),
    health: createHealth(rpc),
    reconciliation: createReconciliation(rpc),
    unattributedEvents: createUnattributedEvents(rpc),
    alertsAndLogs: createAlertsAndLogs(rpc),
    deliveries: createDeliveries(rpc),
    quality: createQuality(rpc),
    rejects: createRejects(rpc),
    gate: createGate(rpc),
  };
}
