/** The endpoints of the REST API: what each does, and which rate limit it counts against. Pure. */
import { type Answer, type Call, refusal } from "./answer.ts";
import type { Allowance } from "./limits.ts";
import type { BrazeModel } from "./model.ts";
import {
  campaignDetails,
  campaignSeries,
  listScheduled,
  listSegments,
  segmentDetails,
  segmentSeries,
  sendSeries,
} from "./report_calls.ts";
import {
  createSchedule,
  createSendId,
  deleteSchedule,
  meterCreate,
  updateSchedule,
} from "./schedule_calls.ts";

type Meter = (model: BrazeModel, call: Call, now: Date) => Allowance;
type Operation = (model: BrazeModel, call: Call, now: Date) => Answer;

const pool: Meter = ({ limits }, _call, now) => limits.takePool(now);
const series: Meter = ({ limits }, _call, now) => limits.takeCampaignSeries(now);
const sendIds: Meter = ({ limits }, _call, now) => limits.takeSendId(now);

const ENDPOINTS: Readonly<Record<string, readonly [Operation, Meter]>> = {
  "POST /campaigns/trigger/schedule/create": [createSchedule, meterCreate],
  "POST /campaigns/trigger/schedule/update": [updateSchedule, pool],
  "POST /campaigns/trigger/schedule/delete": [deleteSchedule, pool],
  "POST /sends/id/create": [createSendId, sendIds],
  "GET /messages/scheduled_broadcasts": [listScheduled, pool],
  "GET /campaigns/details": [campaignDetails, pool],
  "GET /campaigns/data_series": [campaignSeries, series],
  "GET /sends/data_series": [sendSeries, pool],
  "GET /segments/list": [listSegments, pool],
  "GET /segments/details": [segmentDetails, pool],
  "GET /segments/data_series": [segmentSeries, pool],
};

export function isEndpoint(method: string, path: string): boolean {
  return `${method} ${path}` in ENDPOINTS;
}

export function answerCall(model: BrazeModel, call: Call, now: Date): Answer {
  const [operation, meter] = ENDPOINTS[`${call.method} ${call.path}`] ?? [];
  if (operation === undefined || meter === undefined) return refusal(404, "Invalid URL");
  const allowance = meter(model, call, now);
  const answer = allowance.allowed
    ? operation(model, call, now)
    : refusal(429, "Rate limit exceeded");
  return { ...answer, allowance };
}
