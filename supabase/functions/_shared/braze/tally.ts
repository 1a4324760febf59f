/** Keeps how Braze answered the last call of each operation, so that a run can report it. */
import type { BrazeClient } from "./client.ts";
import type { CallResult } from "./outcome.ts";

type Operation = Exclude<keyof BrazeClient, "admitCreate">;

/** Each operation needs a permission of its own on Braze's REST key. */
const CREATE = { name: "create schedule", permission: "campaigns.trigger.schedule.create" };
const OPERATIONS: Readonly<Record<Operation, { name: string; permission: string }>> = {
  createSchedule: CREATE,
  createNothing: CREATE,
  updateSchedule: { name: "update schedule", permission: "campaigns.trigger.schedule.update" },
  deleteSchedule: { name: "delete schedule", permission: "campaigns.trigger.schedule.delete" },
  listScheduledBroadcasts: {
    name: "list scheduled broadcasts",
    permission: "messages.schedule_broadcasts",
  },
  createSendId: { name: "create send id", permission: "sends.id.create" },
  sendStatistics: { name: "read send statistics", permission: "sends.data_series" },
  campaignDetails: { name: "read campaign", permission: "campaigns.details" },
  campaignStatistics: { name: "read campaign statistics", permission: "campaigns.data_series" },
  listSegments: { name: "list segments", permission: "segments.list" },
  segmentDetails: { name: "read segment", permission: "segments.details" },
  segmentStatistics: { name: "read segment statistics", permission: "segments.data_series" },
};

export interface BrazeAnswer {
  readonly operation: string;
  readonly permission: string;
  /** `ill`: 429, 5xx, or no answer: the work is left to the next run. */
  readonly kind: "answered" | "refused" | "ill";
  readonly httpStatus: number | null;
  readonly reason: string | null;
  readonly detail: string | null;
}

export interface TalliedBraze {
  readonly braze: BrazeClient;
  /** The answers since the last call of this function. */
  takeAnswers(): BrazeAnswer[];
}

export function tallyAnswers(client: BrazeClient): TalliedBraze {
  const answers = new Map<string, BrazeAnswer>();
  const tallied = (operation: Operation) => async (...args: unknown[]) => {
    const call = client[operation] as (...args: unknown[]) => Promise<CallResult<unknown>>;
    const result = await call(...args);
    const answer = answerOf(operation, result);
    if (answer !== null) answers.set(answer.operation, answer);
    return result;
  };
  return {
    braze: {
      // It calls nothing.
      admitCreate: client.admitCreate,
      ...Object.fromEntries(
        (Object.keys(OPERATIONS) as Operation[]).map((name) => [name, tallied(name)]),
      ),
    } as unknown as BrazeClient,
    takeAnswers() {
      const taken = [...answers.values()];
      answers.clear();
      return taken;
    },
  };
}

/** null for a call that was never sent. */
function answerOf(operation: Operation, result: CallResult<unknown>): BrazeAnswer | null {
  const { name, permission } = OPERATIONS[operation];
  const of = { operation: name, permission, httpStatus: result.httpStatus };
  if (result.outcome === "succeeded") {
    return { ...of, kind: "answered", reason: null, detail: null };
  }
  const { reason, detail } = result;
  switch (reason) {
    case "invalid_request":
    case "deadline":
      return null;
    case "rate_limited":
    case "not_connected":
    case "time_out":
    case "connection_lost":
    case "server_error":
      return { ...of, kind: "ill", reason, detail };
    case "rejected": {
      const isRefused = result.httpStatus === 401 || result.httpStatus === 403;
      return { ...of, kind: isRefused ? "refused" : "answered", reason, detail };
    }
    default:
      return { ...of, kind: "answered", reason, detail };
  }
}
