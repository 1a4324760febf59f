/** All calls that the suite makes to Braze. */
import { addDays, isAfter, isBefore } from "date-fns";
import type { z } from "zod";
import { canonicalJson } from "../text/canonical_json.ts";
import { type BrazeClientOptions, type CallOptions, createCall, type Operation } from "./calls.ts";
import { nextMidnight, writeInstant } from "./instants.ts";
import { type CallResult, notSent } from "./outcome.ts";
import { createPacing } from "./pacing.ts";
import {
  Acknowledged,
  CampaignDetails,
  CreatedSchedule,
  CreatedSendId,
  CreateScheduleBody,
  DailyStatistics,
  type ListedBroadcast,
  ScheduledBroadcasts,
  SegmentDetails,
  SegmentList,
  SegmentStatistics,
  SendId,
} from "./schemas.ts";

export interface ScheduleReference {
  readonly campaignId: string;
  readonly scheduleId: string;
}

/** A number of days that ends with `endingAt`; default: today. */
export interface Days {
  readonly lengthDays: number;
  readonly endingAt?: Date | undefined;
}

export interface CreateOptions extends CallOptions {
  /** `admitCreate` has taken the place of the first attempt within the rate limits. */
  readonly admitted?: boolean;
}

export interface AdmitOptions extends CallOptions {
  /**
   * Nothing may be lost if Braze refuses the create: there is no place either while Braze's last answer says that a limit
   * is spent, which may be the limit of another audience.
   */
  readonly mustHold?: boolean;
}

export interface BrazeClient {
  /**
   * Waits for a place within the rate limits and takes it. False when there is none before the deadline: then nothing
   * should be begun that ends in this create.
   */
  admitCreate(body: CreateScheduleBody, options?: AdmitOptions): Promise<boolean>;
  /** Sends `body` unchanged. Retried only after a rate limit. */
  createSchedule(
    body: CreateScheduleBody,
    options?: CreateOptions,
  ): Promise<CallResult<CreatedSchedule>>;
  /**
   * Calls the endpoint that creates schedules with a request for a campaign that does not exist and for no users, so that it
   * can make nothing: a refusal says that the endpoint answers.
   */
  createNothing(options?: CallOptions): Promise<CallResult<null>>;
  /** Moves a schedule; Braze allows only its time to change. */
  updateSchedule(
    schedule: ScheduleReference & { readonly sendAt: Date },
    options?: CallOptions,
  ): Promise<CallResult<null>>;
  /** A success does not prove the delete: near its send time a schedule may still be sent. */
  deleteSchedule(schedule: ScheduleReference, options?: CallOptions): Promise<CallResult<null>>;
  /** All schedules up to the end of the day of `until`: the endpoint only supports whole days. */
  listScheduledBroadcasts(
    until: Date,
    options?: CallOptions,
  ): Promise<CallResult<readonly ListedBroadcast[]>>;
  createSendId(
    ids: { readonly campaignId: string; readonly sendId: string },
    options?: CallOptions,
  ): Promise<CallResult<{ readonly sendId: string }>>;
  sendStatistics(
    ids: { readonly campaignId: string; readonly sendId: string } & Days,
    options?: CallOptions,
  ): Promise<CallResult<DailyStatistics>>;
  campaignDetails(
    campaignId: string,
    options?: CallOptions,
  ): Promise<CallResult<CampaignDetails>>;
  campaignStatistics(
    ids: { readonly campaignId: string } & Days,
    options?: CallOptions,
  ): Promise<CallResult<DailyStatistics>>;
  /** One page of up to 100, from page 0. */
  listSegments(page: number, options?: CallOptions): Promise<CallResult<SegmentList>>;
  segmentDetails(segmentId: string, options?: CallOptions): Promise<CallResult<SegmentDetails>>;
  segmentStatistics(
    ids: { readonly segmentId: string } & Days,
    options?: CallOptions,
  ): Promise<CallResult<SegmentStatistics>>;
}

const CREATE = "/campaigns/trigger/schedule/create";
const NO_CAMPAIGN = "00000000-0000-0000-0000-000000000000";

export function createBrazeClient(options: BrazeClientOptions): BrazeClient {
  const call = createCall(options);
  const { clock } = options;
  const pacing = createPacing(clock);
  /** Other clients use the same limits; Braze's last answer says when they are spent. */
  let spentUntil: Date | null = null;

  async function admit({ campaign_id, audience }: CreateScheduleBody, deadline: Date | null) {
    // Sends to single recipients have their own, much higher limit.
    return audience === undefined ||
      await pacing.admit(canonicalJson([campaign_id, audience]), deadline);
  }

  return {
    async admitCreate(body, { deadline, mustHold = false } = {}) {
      if (mustHold && spentUntil !== null && isAfter(spentUntil, clock.now())) {
        if (deadline !== undefined && !isBefore(spentUntil, deadline)) return false;
        await clock.sleep(spentUntil.getTime() - clock.now().getTime());
      }
      return await admit(body, deadline ?? null);
    },
    async createSchedule(body, { admitted = false, ...callOptions } = {}) {
      const checked = CreateScheduleBody.safeParse(body);
      if (!checked.success) return refused("create schedule", checked.error);
      let isAdmitted = admitted;
      const result = await call({
        ...post("create schedule", CREATE, body, CreatedSchedule),
        repeatable: false,
        async admit(deadline) {
          if (!isAdmitted && !await admit(body, deadline)) return false;
          // Each repetition needs a place of its own.
          isAdmitted = false;
          return true;
        },
      }, callOptions);
      const { remaining, resetAt } = result.rateLimit;
      if (remaining !== null) spentUntil = remaining === 0 ? resetAt : null;
      return result;
    },
    createNothing: (callOptions) =>
      call({
        ...post("create nothing", CREATE, {
          campaign_id: NO_CAMPAIGN,
          recipients: [],
          schedule: { time: writeInstant(addDays(clock.now(), 1)) },
        }, Acknowledged),
        repeatable: false,
      }, callOptions),
    updateSchedule: ({ campaignId, scheduleId, sendAt }, callOptions) =>
      call(
        post("update schedule", "/campaigns/trigger/schedule/update", {
          campaign_id: campaignId,
          schedule_id: scheduleId,
          schedule: { time: writeInstant(sendAt) },
        }, Acknowledged),
        callOptions,
      ),
    deleteSchedule: ({ campaignId, scheduleId }, callOptions) =>
      call(
        post("delete schedule", "/campaigns/trigger/schedule/delete", {
          campaign_id: campaignId,
          schedule_id: scheduleId,
        }, Acknowledged),
        callOptions,
      ),
    listScheduledBroadcasts: (until, callOptions) =>
      call(
        get("list scheduled broadcasts", "/messages/scheduled_broadcasts", {
          // Braze ignores the time of day, which would exclude a later send on that day.
          end_time: writeInstant(nextMidnight(until)),
        }, ScheduledBroadcasts),
        callOptions,
      ),
    async createSendId({ campaignId, sendId }, callOptions) {
      const checked = SendId.safeParse(sendId);
      if (!checked.success) return refused("create send id", checked.error);
      return await call(
        post("create send id", "/sends/id/create", {
          campaign_id: campaignId,
          send_id: sendId,
        }, CreatedSendId),
        callOptions,
      );
    },
    sendStatistics: ({ campaignId, sendId, ...days }, callOptions) =>
      call(
        get("read send statistics", "/sends/data_series", {
          campaign_id: campaignId,
          send_id: sendId,
          ...daysAsQuery(days),
        }, DailyStatistics),
        callOptions,
      ),
    campaignDetails: (campaignId, callOptions) =>
      call(
        get("read campaign", "/campaigns/details", { campaign_id: campaignId }, CampaignDetails),
        callOptions,
      ),
    campaignStatistics: ({ campaignId, ...days }, callOptions) =>
      call(
        get("read campaign statistics", "/campaigns/data_series", {
          campaign_id: campaignId,
          ...daysAsQuery(days),
        }, DailyStatistics),
        callOptions,
      ),
    listSegments: (page, callOptions) =>
      call(get("list segments", "/segments/list", { page: `${page}` }, SegmentList), callOptions),
    segmentDetails: (segmentId, callOptions) =>
      call(
        get("read segment", "/segments/details", { segment_id: segmentId }, SegmentDetails),
        callOptions,
      ),
    segmentStatistics: ({ segmentId, ...days }, callOptions) =>
      call(
        get("read segment statistics", "/segments/data_series", {
          segment_id: segmentId,
          ...daysAsQuery(days),
        }, SegmentStatistics),
        callOptions,
      ),
  };
}

function get<T>(
  name: string,
  path: string,
  query: Readonly<Record<string, string>>,
  schema: z.ZodType<T>,
): Operation<T> {
  return { name, request: { method: "GET", path, query }, schema, repeatable: true };
}

function post<T>(name: string, path: string, body: unknown, schema: z.ZodType<T>): Operation<T> {
  return { name, request: { method: "POST", path, body }, schema, repeatable: true };
}

function daysAsQuery({ lengthDays, endingAt }: Days): Record<string, string> {
  return {
    length: `${lengthDays}`,
    ...(endingAt === undefined ? {} : { ending_at: writeInstant(endingAt) }),
  };
}

function refused(name: string, error: z.ZodError): CallResult<never> {
  const faults = error.issues.map(({ path, message }) => [...path, message].join(" "));
  return notSent("invalid_request", `Cannot ${name}: ${faults.join("; ")}`);
}
