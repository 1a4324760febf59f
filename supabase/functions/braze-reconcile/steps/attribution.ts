/**
 * Settles what correlation left open: identifiers and fixtures that became known since, then elimination.
 *
 * Only what is certain changes: a new verdict is that of the same policy, and elimination wants Braze's own numbers to
 * balance to the event.
 */
import { subMilliseconds } from "date-fns";
import { correlate, TIME_GUARD_MS } from "../../_shared/attribution/correlate.ts";
import {
  identifiersToRegister,
  proofOf,
} from "../../_shared/attribution/identifiers_to_register.ts";
import { lookupRequestFor } from "../../_shared/attribution/lookup_request.ts";
import { readEvent } from "../../_shared/events/read_body.ts";
import { createReattribute, reconsider } from "../../_shared/function/reattribute.ts";
import type { Echo, SingleReattribution } from "../../_shared/store/unattributed_events.ts";
import { attributeByElimination, clustersOf } from "../decisions/elimination.ts";
import { LOOK_BACK_MS } from "../decisions/limits.ts";
import type { Report } from "../report.ts";
import type { ReconcileContext } from "../context.ts";

const GROUPS_A_PAGE = 1_000;
const ECHOES_A_PAGE = 200;

interface Part {
  readonly isComplete: boolean;
  /** Open events that were looked at. */
  readonly open: number;
  readonly settled: number;
}

interface Window {
  readonly from: Date;
  readonly until: Date;
}

export async function reattributeEvents(reconcileContext: ReconcileContext): Promise<Report> {
  const until = reconcileContext.now();
  const window = { from: subMilliseconds(until, LOOK_BACK_MS), until };
  const echoes = await readAgain(window, reconcileContext);
  const groups = await correlateAgain(window, reconcileContext);
  const eliminated = await attributeAllByElimination(window, reconcileContext);
  if (echoes.settled + groups.settled + eliminated.settled > 0) reconcileContext.forget();
  const parts = [echoes, groups, eliminated];
  return {
    status: parts.every(({ isComplete }) => isComplete) ? "done" : "partial",
    counts: {
      open_events: groups.open,
      reattributed_by_echo: echoes.settled,
      reattributed_by_correlation: groups.settled,
      attributed_by_elimination: eliminated.settled,
    },
  };
}

/** An event may name a match or a ledger row that was not known when it came. */
async function readAgain(
  { from, until }: Window,
  reconcileContext: ReconcileContext,
): Promise<Part> {
  const { dependencies, run } = reconcileContext;
  const { store, functionName } = dependencies;
  const reattribute = createReattribute(dependencies);
  let settled = 0;
  let open = 0;
  for (;;) {
    if (reconcileContext.isLate()) return { isComplete: false, open, settled };
    const echoes = await store.unattributedEvents.echoes(from, until, ECHOES_A_PAGE);
    open += echoes.length;
    const settlements = await judgeEchoes(echoes, reconcileContext);
    if (run.dryRun || settlements.length === 0) {
      return { isComplete: true, open, settled: settlements.length };
    }
    const result = await store.unattributedEvents.reattributeSingle(settlements, {
      functionName,
      runId: run.runId,
      now: reconcileContext.now(),
    });
    settled += result.settled;
    if (result.registered.length > 0) await reattribute(result.registered, run.runId);
    // What is settled is not open any more; what could not be settled would come again and again.
    if (result.settled === 0 || echoes.length < ECHOES_A_PAGE) {
      return { isComplete: true, open, settled };
    }
  }
}

async function judgeEchoes(
  echoes: readonly Echo[],
  { dependencies: { store, environment } }: ReconcileContext,
): Promise<SingleReattribution[]> {
  const read = echoes.flatMap((echo) => {
    const event = readEvent(echo.raw, echo.sentAt);
    // A message without a time of its own keeps the one that it got when it came.
    return event.ok
      ? [{
        echo,
        event: { ...event.event, evidence: { ...event.event.evidence, sentAt: echo.sentAt } },
      }]
      : [];
  });
  if (read.length === 0) return [];
  const context = await store.events.context(
    lookupRequestFor(read.map(({ event }) => event.evidence)),
  );
  return read.flatMap(({ echo, event }) => {
    const attribution = correlate(event.evidence, context, [environment.brazeCampaignId]);
    if (attribution.confidence !== "high") return [];
    return [{
      echo,
      event,
      attribution,
      registered: identifiersToRegister(event.evidence, attribution),
      proof: proofOf(event.evidence, attribution),
    }];
  });
}

/** Identifiers and schedules that are known by now explain what they did not explain then. */
async function correlateAgain(
  { from, until }: Window,
  reconcileContext: ReconcileContext,
): Promise<Part> {
  const { dependencies: { store, environment, functionName }, run } = reconcileContext;
  let after = from;
  let open = 0;
  let settled = 0;
  for (;;) {
    if (reconcileContext.isLate()) return { isComplete: false, open, settled };
    const groups = await store.unattributedEvents.groups(after, until, GROUPS_A_PAGE);
    open += groups.reduce((sum, { events }) => sum + events, 0);
    if (groups.length > 0) {
      const question = lookupRequestFor(groups.map(({ evidence }) => evidence));
      const context = await store.events.context(question);
      const settlements = groups.flatMap((group) =>
        reconsider(group, context, [environment.brazeCampaignId])
      );
      if (run.dryRun) {
        settled += settlements.reduce((sum, { group }) => sum + group.events, 0);
      } else if (settlements.length > 0) {
        const result = await store.events.reattribute(settlements, {
          functionName,
          runId: run.runId,
          now: reconcileContext.now(),
        });
        settled += result.settled;
      }
    }
    const last = groups.at(-1);
    if (last === undefined || groups.length < GROUPS_A_PAGE) {
      return { isComplete: true, open, settled };
    }
    after = last.evidence.sentAt;
  }
}

async function attributeAllByElimination(
  { from, until }: Window,
  reconcileContext: ReconcileContext,
): Promise<Part> {
  const { dependencies: { store, environment, functionName }, run } = reconcileContext;
  const campaignId = environment.brazeCampaignId;
  const sends = await store.unattributedEvents.sends({
    campaignId,
    from,
    until,
    guardMs: TIME_GUARD_MS,
  });
  let settled = 0;
  for (const cluster of clustersOf(sends, reconcileContext.now())) {
    const sendIds = cluster.candidates.flatMap(({ sendId }) => sendId ?? []);
    // Without a send id of each candidate's own nothing can balance, so Braze need not be asked.
    if (sendIds.length < cluster.candidates.length) continue;
    const sent = new Map<string, number | null>();
    for (const sendId of sendIds) {
      if (reconcileContext.isLate()) return { isComplete: false, open: 0, settled };
      sent.set(sendId, await reconcileContext.pushesSent(campaignId, sendId));
    }
    const elimination = attributeByElimination(cluster, sent);
    if (elimination === null) continue;
    settled += run.dryRun
      ? elimination.events
      : await store.unattributedEvents.attributeByElimination(campaignId, elimination, {
        functionName,
        runId: run.runId,
        now: reconcileContext.now(),
      });
  }
  return { isComplete: true, open: 0, settled };
}
