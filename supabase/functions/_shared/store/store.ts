/** All database access of the functions, by subject. */
import { createAlertsAndLogs } from "./alerts_and_logs.ts";
import { createAudits } from "./audits.ts";
import { createCounts } from "./counts.ts";
import { createDeliveries } from "./deliveries.ts";
import { createEvents } from "./events.ts";
import { createGate } from "./gate.ts";
import { createHealth } from "./health.ts";
import { createJournal } from "./journal.ts";
import { createBrazeAnswers } from "./braze_answers.ts";
import { createObservations } from "./observations.ts";
import { createPlanning } from "./planning.ts";
import { createPreflight } from "./preflight.ts";
import { createQuality } from "./quality.ts";
import { createReconciliation } from "./reconciliation.ts";
import { createRejects } from "./rejects.ts";
import type { Rpc } from "./rpc.ts";
import { createRuns } from "./runs.ts";
import { createUnattributedEvents } from "./unattributed_events.ts";
import { createVerbs } from "./verbs.ts";

export type Store = ReturnType<typeof createStore>;

export function createStore(rpc: Rpc) {
  return {
    runs: createRuns(rpc),
    planning: createPlanning(rpc),
    journal: createJournal(rpc),
    events: createEvents(rpc),
    observations: createObservations(rpc),
    brazeAnswers: createBrazeAnswers(rpc),
    preflight: createPreflight(rpc),
    audits: createAudits(rpc),
    health: createHealth(rpc),
    counts: createCounts(rpc),
    reconciliation: createReconciliation(rpc),
    unattributedEvents: createUnattributedEvents(rpc),
    alertsAndLogs: createAlertsAndLogs(rpc),
    deliveries: createDeliveries(rpc),
    quality: createQuality(rpc),
    rejects: createRejects(rpc),
    gate: createGate(rpc),
    verbs: createVerbs(rpc),
  };
}
