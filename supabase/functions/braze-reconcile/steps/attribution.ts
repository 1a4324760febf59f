/**
 * Attributes events that correlation left open: first with identifiers and fixtures that became known since, then by
 * elimination.
 *
 * Only certain results are stored: the correlation policy is the same as at receipt, and elimination requires Braze's
 * statistics to match the number of events exactly.
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
  /** Unattributed events that were examined. */
  readonly open: number;
  readonly attributed: number;
}

interface Window {
  readonly from: Date;
  readonly until: Date;
}

export async function reattributeEvents(
  reconcileContext: ReconcileContext,
): Promise<Report> {
  const until = reconcileContext.now();
  const window = { from: subMilliseconds(until, LOOK_BACK_MS), until };
  const echoes = await reattributeEchoes(window, reconcileContext);
  const groups = await reattributeGroups(window, reconcileContext);
  const eliminated = await attributeAllByElimination(window, reconcileContext);
  if (echoes.attributed + groups.attributed + eliminated.attributed > 0) {
    reconcileContext.forget();
  }
  const parts = [echoes, groups, eliminated];
  return {
    status: parts.every(({ isComplete }) => isComplete) ? "done" : "partial",
    counts: {
      open_events: groups.open,
      reattributed_by_echo: echoes.attributed,
      reattributed_by_correlation: groups.attributed,
      attributed_by_elimination: eliminated.attributed,
    },
  };
}

/** An event may carry the id of a match or ledger row that was unknown at receipt. */
async function reattributeEchoes(
  { from, until }: Window,
  reconcileContext: ReconcileContext,
): Promise<Part> {
  const { dependencies, run } = reconcileContext;
  const { store, functionName } = dependencies;
  const reattribute = createReattribute(dependencies);
  let attributed = 0;
  let open = 0;
  for (;;) {
    if (reconcileContext.isLate()) {
      return { isComplete: false, open, attributed };
    }
    const echoes = await store.unattributedEvents.echoes(
      from,
      until,
      ECHOES_A_PAGE,
    );
    open += echoes.length;
    const reattributions = await judgeEchoes(echoes, reconcileContext);
    if (run.dryRun || reattributions.length === 0) {
      return { isComplete: true, open, attributed: reattributions.length };
    }
    const result = await store.unattributedEvents.reattributeSingle(
      reattributions,
      {
        functionName,
        runId: run.runId,
        now: reconcileContext.now(),
      },
    );
    attributed += result.reattributed;
    if (result.registered.length > 0) {
      await reattribute(result.registered, run.runId);
    }
    // An attributed event leaves the page; without progress the same page would load again and again.
    if (result.reattributed === 0 || echoes.length < ECHOES_A_PAGE) {
      return { isComplete: true, open, attributed };
    }
  }
}

async function judgeEchoes(
  echoes: readonly Echo[],
  { dependencies: { store, environment } }: ReconcileContext,
): Promise<SingleReattribution[]> {
  const read = echoes.flatMap((echo) => {
    const event = readEvent(echo.rawPayload, echo.sentAt);
    // A message without its own time keeps its receipt time.
    return event.ok
      ? [{
        echo,
        event: {
          ...event.event,
          evidence: { ...event.event.evidence, sentAt: echo.sentAt },
        },
      }]
      : [];
  });
  if (read.length === 0) return [];
  const context = await store.events.context(
    lookupRequestFor(read.map(({ event }) => event.evidence)),
  );
  return read.flatMap(({ echo, event }) => {
    const attribution = correlate(event.evidence, context, [
      environment.brazeCampaignId,
    ]);
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

/** Repeats the correlation with the identifiers and schedules that are known now. */
async function reattributeGroups(
  { from, until }: Window,
  reconcileContext: ReconcileContext,
): Promise<Part> {
  const { dependencies: { store, environment, functionName }, run } = reconcileContext;
  let after = from;
  let open = 0;
  let attributed = 0;
  for (;;) {
    if (reconcileContext.isLate()) {
      return { isComplete: false, open, attributed };
    }
    const groups = await store.unattributedEvents.groups(
      after,
      until,
      GROUPS_A_PAGE,
    );
    open += groups.reduce((sum, { events }) => sum + events, 0);
    if (groups.length > 0) {
      const request = lookupRequestFor(groups.map(({ evidence }) => evidence));
      const context = await store.events.context(request);
      const reattributions = groups.flatMap((group) =>
        reconsider(group, context, [environment.brazeCampaignId])
      );
      if (run.dryRun) {
        attributed += reattributions.reduce(
          (sum, { group }) => sum + group.events,
          0,
        );
      } else if (reattributions.length > 0) {
        const result = await store.events.reattribute(reattributions, {
          functionName,
          runId: run.runId,
          now: reconcileContext.now(),
        });
        attributed += result.reattributed;
      }
    }
    const last = groups.at(-1);
    if (last === undefined || groups.length < GROUPS_A_PAGE) {
      return { isComplete: true, open, attributed };
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
  let attributed = 0;
  for (const cluster of clustersOf(sends, reconcileContext.now())) {
    const sendIds = cluster.candidates.flatMap(({ sendId }) => sendId ?? []);
    // Elimination needs statistics for every candidate; a candidate without a send id has none.
    if (sendIds.length < cluster.candidates.length) continue;
    const sent = new Map<string, number | null>();
    for (const sendId of sendIds) {
      if (reconcileContext.isLate()) {
        return { isComplete: false, open: 0, attributed };
      }
      sent.set(sendId, await reconcileContext.pushesSent(campaignId, sendId));
    }
    const elimination = attributeByElimination(cluster, sent);
    if (elimination === null) continue;
    attributed += run.dryRun
      ? elimination.events
      : await store.unattributedEvents.attributeByElimination(
        campaignId,
        elimination,
        {
          functionName,
          runId: run.runId,
          now: reconcileContext.now(),
        },
      );
  }
  return { isComplete: true, open: 0, attributed };
}
