/** A fake Braze: configured results, and a record of every call. */
import type { BrazeClient } from "../../supabase/functions/_shared/braze/client.ts";
import {
  type CallResult,
  NO_RATE_LIMIT,
  type Verdict,
} from "../../supabase/functions/_shared/braze/outcome.ts";
import {
  CampaignDetails,
  type CreatedSchedule,
  type ListedBroadcast,
  type SegmentStatistics,
} from "../../supabase/functions/_shared/braze/schemas.ts";

const CALL = { attempts: 1, earlierUnknown: false, rateLimit: NO_RATE_LIMIT } as const;

export function succeeded<T>(value: T): CallResult<T> {
  return { outcome: "succeeded", httpStatus: 201, value, warnings: [], ...CALL };
}

export function failed(
  reason: Extract<Verdict<never>, { outcome: "failed" }>["reason"],
  httpStatus: number | null = null,
  earlierUnknown = false,
): CallResult<never> {
  return { outcome: "failed", httpStatus, reason, detail: reason, ...CALL, earlierUnknown };
}

export const timedOut: CallResult<never> = {
  outcome: "unknown",
  httpStatus: null,
  reason: "time_out",
  detail: "time_out",
  ...CALL,
};

/** Details of a running campaign in Braze's format, with the changes of a test. */
export function campaignDetails(changes: Readonly<Record<string, unknown>> = {}): CampaignDetails {
  return CampaignDetails.parse({ enabled: true, archived: false, draft: false, ...changes });
}

/** The results of the calls; a success by default. */
export interface Answers {
  readonly create?: (campaignId: string) => CallResult<CreatedSchedule>;
  /** To a create that makes nothing; a refusal by default. */
  readonly nothing?: CallResult<null>;
  /** Whether there is a place within the rate limits. */
  readonly admit?: boolean;
  readonly update?: CallResult<null>;
  readonly delete?: CallResult<null>;
  readonly sendId?: CallResult<{ readonly sendId: string }>;
  readonly listing?: CallResult<readonly ListedBroadcast[]>;
  readonly campaign?: (campaignId: string) => CallResult<CampaignDetails>;
  readonly segment?: (segmentId: string) => CallResult<SegmentStatistics>;
}

/** `note` receives each call with its deadline. */
export function fakeBraze(
  answers: Answers,
  note: (call: string, body: unknown, deadline: Date | undefined) => void,
): BrazeClient {
  let created = 0;
  const unused = () => Promise.reject(new Error("Cannot answer: no test asks this of Braze"));
  return {
    admitCreate: () => Promise.resolve(answers.admit ?? true),
    createSchedule(body, options) {
      note("braze.create", body, options?.deadline);
      const answer = answers.create?.(body.campaign_id) ??
        succeeded({ scheduleId: `new-${++created}`, dispatchId: null, sendId: null });
      return Promise.resolve(answer);
    },
    createNothing(options) {
      note("braze.nothing", {}, options?.deadline);
      return Promise.resolve(answers.nothing ?? failed("rejected", 400));
    },
    updateSchedule(schedule, options) {
      note("braze.update", schedule, options?.deadline);
      return Promise.resolve(answers.update ?? succeeded(null));
    },
    deleteSchedule(schedule, options) {
      note("braze.delete", schedule, options?.deadline);
      return Promise.resolve(answers.delete ?? succeeded(null));
    },
    createSendId(ids, options) {
      note("braze.sendId", ids, options?.deadline);
      return Promise.resolve(answers.sendId ?? succeeded({ sendId: ids.sendId }));
    },
    listScheduledBroadcasts(until, options) {
      note("braze.list", until, options?.deadline);
      return Promise.resolve(answers.listing ?? succeeded([]));
    },
    sendStatistics: unused,
    campaignDetails(campaignId, options) {
      note("braze.campaign", campaignId, options?.deadline);
      return Promise.resolve(answers.campaign?.(campaignId) ?? succeeded(campaignDetails()));
    },
    campaignStatistics: unused,
    listSegments: unused,
    segmentDetails: unused,
    segmentStatistics({ segmentId }, options) {
      note("braze.segment", segmentId, options?.deadline);
      return Promise.resolve(answers.segment?.(segmentId) ?? succeeded([]));
    },
  };
}
