/**
 * Settles what correlation left open: identifiers and fixtures that became known since, then elimination.
 *
 * Only what is certain changes: a new verdict is that of the same policy, and elimination wants Braze's own numbers to
 * balance to the event.
 */
import { subMilliseconds } from "date-fns";
import { correlate, TIME_GUARD_MS } from "../../_shared/correlation/correlate.ts";
import { learnFrom, proofOf } from "../../_shared/correlation/learn.ts";
import { questionFor } from "../../_shared/correlation/question.ts";
import { readEvent } from "../../_shared/events/read_body.ts";
import { createSettle, reconsider } from "../../_shared/settle.ts";
import type { Echo, SingleSettlement } from "../../_shared/store/open_events.ts";
import { clustersOf, eliminate } from "../decisions/elimination.ts";
import { LOOK_BACK_MS } from "../decisions/limits.ts";
import type { Report } from "../report.ts";
import type { Scene } from "../scene.ts";

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

export async function settleAttribution(scene: Scene): Promise<Report> {
  const until = scene.now();
  const window = { from: subMilliseconds(until, LOOK_BACK_MS), until };
  const echoes = await readAgain(window, scene);
  const groups = await correlateAgain(window, scene);
  const eliminated = await eliminateAll(window, scene);
  if (echoes.settled + groups.settled + eliminated.settled > 0) scene.forget();
  const parts = [echoes, groups, eliminated];
  return {
    status: parts.every(({ isComplete }) => isComplete) ? "done" : "partial",
    counts: {
      open_events: groups.open,
      settled_by_echo: echoes.settled,
      settled_by_correlation: groups.settled,
      settled_by_elimination: eliminated.settled,
    },
  };
}

/** An event may name a match or a ledger row that was not known when it came. */
async function readAgain({ from, until }: Window, scene: Scene): Promise<Part> {
  const { dependencies, run } = scene;
  const { store, functionName } = dependencies;
  const settle = createSettle(dependencies);
  let settled = 0;
  let open = 0;
  for (;;) {
    if (scene.isLate()) return { isComplete: false, open, settled };
    const echoes = await store.openEvents.echoes(from, until, ECHOES_A_PAGE);
    open += echoes.length;
    const settlements = await judgeEchoes(echoes, scene);
    if (run.dryRun || settlements.length === 0) {
      return { isComplete: true, open, settled: settlements.length };
    }
    const result = await store.openEvents.settleSingle(settlements, {
      functionName,
      runId: run.runId,
      now: scene.now(),
    });
    settled += result.settled;
    if (result.learned.length > 0) await settle(result.learned, run.runId);
    // What is settled is not open any more; what could not be settled would come again and again.
    if (result.settled === 0 || echoes.length < ECHOES_A_PAGE) {
      return { isComplete: true, open, settled };
    }
  }
}

async function judgeEchoes(
  echoes: readonly Echo[],
  { dependencies: { store, environment } }: Scene,
): Promise<SingleSettlement[]> {
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
  const context = await store.events.context(questionFor(read.map(({ event }) => event.evidence)));
  return read.flatMap(({ echo, event }) => {
    const attribution = correlate(event.evidence, context, [environment.brazeCampaignId]);
    if (attribution.confidence !== "high") return [];
    return [{
      echo,
      event,
      attribution,
      learned: learnFrom(event.evidence, attribution),
      proof: proofOf(event.evidence, attribution),
    }];
  });
}

/** Identifiers and schedules that are known by now explain what they did not explain then. */
async function correlateAgain({ from, until }: Window, scene: Scene): Promise<Part> {
  const { dependencies: { store, environment, functionName }, run } = scene;
  let after = from;
  let open = 0;
  let settled = 0;
  for (;;) {
    if (scene.isLate()) return { isComplete: false, open, settled };
    const groups = await store.openEvents.groups(after, until, GROUPS_A_PAGE);
    open += groups.reduce((sum, { events }) => sum + events, 0);
    if (groups.length > 0) {
      const question = questionFor(groups.map(({ evidence }) => evidence));
      const context = await store.events.context(question);
      const settlements = groups.flatMap((group) =>
        reconsider(group, context, [environment.brazeCampaignId])
      );
      if (run.dryRun) {
        settled += settlements.reduce((sum, { group }) => sum + group.events, 0);
      } else if (settlements.length > 0) {
        const result = await store.events.settle(settlements, {
          functionName,
          runId: run.runId,
          now: scene.now(),
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

async function eliminateAll({ from, until }: Window, scene: Scene): Promise<Part> {
  const { dependencies: { store, environment, functionName }, run } = scene;
  const campaignId = environment.brazeCampaignId;
  const sends = await store.openEvents.sends({ campaignId, from, until, guardMs: TIME_GUARD_MS });
  let settled = 0;
  for (const cluster of clustersOf(sends, scene.now())) {
    const sendIds = cluster.candidates.flatMap(({ sendId }) => sendId ?? []);
    // Without a send id of each candidate's own nothing can balance, so Braze need not be asked.
    if (sendIds.length < cluster.candidates.length) continue;
    const sent = new Map<string, number | null>();
    for (const sendId of sendIds) {
      if (scene.isLate()) return { isComplete: false, open: 0, settled };
      sent.set(sendId, await scene.pushesSent(campaignId, sendId));
    }
    const elimination = eliminate(cluster, sent);
    if (elimination === null) continue;
    settled += run.dryRun
      ? elimination.events
      : await store.openEvents.eliminate(campaignId, elimination, {
        functionName,
        runId: run.runId,
        now: scene.now(),
      });
  }
  return { isComplete: true, open: 0, settled };
}
