/**
 * Creates one send id per match, so that Braze's statistics can be queried for that match alone.
 *
 * Braze allows 100 new send ids per day and workspace. The earliest sends get theirs first; the others have none.
 * Source: Braze docs, "Create send IDs".
 */
import type { BrazeClient } from "../_shared/braze/client.ts";
import { createBreaker } from "./breaker.ts";
import type { Clock } from "../_shared/runtime/clock.ts";
import { ownSendId } from "../_shared/attribution/own_send_id.ts";
import type { Journal } from "../_shared/store/journal.ts";
import type { LogEntry } from "../_shared/store/alerts_and_logs.ts";
import type { Fixture } from "../_shared/store/planning.ts";
import type { Run } from "../_shared/function/cron_function.ts";

export const SEND_IDS_A_DAY_MAX = 100;

export interface SendIds {
  for(fixture: Fixture): Promise<string | null>;
  /** Makes none. */
  existing(fixture: Fixture): Promise<string | null>;
  readonly logs: readonly LogEntry[];
}

export function createSendIds(
  usedIn24Hours: number,
  campaignId: string,
  run: Run,
  { journal, braze, clock, newId }: {
    readonly journal: Journal;
    readonly braze: BrazeClient;
    readonly clock: Clock;
    readonly newId: () => string;
  },
): SendIds {
  const logs: LogEntry[] = [];
  // A push without a send id is better than none.
  const breaker = createBreaker();
  let left = SEND_IDS_A_DAY_MAX - usedIn24Hours;

  // Any other send id was assigned by Braze and belongs to an earlier schedule alone. Braze knows an id in the campaign
  // that it was created for.
  const existingOf = ({ matchId, intent, sendId, sendIdCampaigns }: Fixture) =>
    sendId === ownSendId(matchId, intent) && sendIdCampaigns.includes(campaignId) ? sendId : null;

  return {
    logs,
    existing(fixture) {
      const sendId = existingOf(fixture);
      if (sendId !== null) return Promise.resolve(sendId);
      logs.push(withoutSendId(fixture, "There is no time to make one before the send"));
      return Promise.resolve(null);
    },
    async for(fixture) {
      const existing = existingOf(fixture);
      if (existing !== null) return existing;
      const sendId = ownSendId(fixture.matchId, fixture.intent);
      if (left <= 0) {
        logs.push(
          withoutSendId(fixture, `${SEND_IDS_A_DAY_MAX} send ids were created in 24 hours`),
        );
        return null;
      }
      if (breaker.tripped !== null) {
        logs.push(withoutSendId(fixture, breaker.tripped));
        return null;
      }
      left--;
      const attemptId = newId();
      await journal.openSendId({
        attemptId,
        lease: run.lease,
        matchId: fixture.matchId,
        request: { campaign_id: campaignId, send_id: sendId },
        now: clock.now(),
      });
      const result = await braze.createSendId({ campaignId, sendId }, { deadline: run.deadline });
      breaker.note("send_id", result);
      // A refusal of the last try does not prove that an earlier try had no effect.
      const outcome = result.outcome === "failed" && result.earlierUnknown
        ? "unknown"
        : result.outcome;
      const detail = result.outcome === "succeeded" ? null : `${result.reason}: ${result.detail}`;
      await journal.close(attemptId, {
        outcome,
        httpStatus: result.httpStatus,
        detail,
        answer: null,
        refused: false,
      }, clock.now());
      if (result.outcome === "succeeded") return sendId;
      // Braze does not document how it treats an unknown send id, so the push has none.
      logs.push(withoutSendId(fixture, detail ?? result.outcome));
      return null;
    },
  };
}

function withoutSendId({ matchId }: Fixture, reason: string): LogEntry {
  return { action: "scheduled_without_send_id", reason, matchId, details: {} };
}
