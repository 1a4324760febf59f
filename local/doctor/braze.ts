/** Checks of Braze: reachable, the key, its permissions, the campaign, the clock. All calls are read-only. */
import { readGate } from "../../supabase/functions/_shared/braze/campaign_gate.ts";
import { createBrazeClient } from "../../supabase/functions/_shared/braze/client.ts";
import { readListing } from "../../supabase/functions/_shared/braze/listing.ts";
import type { CallResult } from "../../supabase/functions/_shared/braze/outcome.ts";
import { systemClock } from "../../supabase/functions/_shared/runtime/clock.ts";
import { createLog } from "../../supabase/functions/_shared/runtime/log.ts";
import { compareClocks } from "./clocks.ts";
import { type Finding, ok, unknown, wrong } from "./finding.ts";
import { type Configured, PATIENCE_MS } from "./target.ts";

/** An id that does not exist: an answer about it shows that the key was accepted. */
const UNKNOWN_ID = "doctor";
const ONE_DAY = { lengthDays: 1 };
const NEW_KEY =
  "Make a key with all permissions of docs/braze-setup.md (a key cannot be changed) and set BRAZE_API_KEY";
const ADDRESS =
  "Set BRAZE_REST_URL to the REST host of your instance, as in https://rest.fra-01.braze.eu";

const SAYS_OF_LISTING = {
  per_schedule: "the list names our schedules",
  per_campaign: "the list names our campaign, not its schedules: it cannot prove that one is there",
  empty: "the list shows none of our schedules now",
  unavailable: "there is no list",
} as const;

export async function checkBraze(target: Configured): Promise<Finding[]> {
  const { environment } = target;
  let dated: string | null = null;
  const braze = createBrazeClient({
    restUrl: environment.brazeRestUrl,
    apiKey: environment.brazeApiKey,
    clock: systemClock,
    log: createLog({ functionName: "braze-reconcile", write: () => {}, secrets: [] }),
    attemptTimeoutMs: PATIENCE_MS,
    fetch: async (input, init) => {
      const response = await target.fetch(input, init);
      dated = response.headers.get("date") ?? dated;
      return response;
    },
  });
  const options = { deadline: new Date(Date.now() + PATIENCE_MS) };
  const campaignId = environment.brazeCampaignId;
  const suiteNow = await target.suiteNow();
  const [listed, details, sends, segment] = await Promise.all([
    braze.listScheduledBroadcasts(
      new Date(suiteNow.getTime() + environment.horizonMs),
      options,
    ),
    braze.campaignDetails(campaignId, options),
    braze.sendStatistics({ campaignId, sendId: UNKNOWN_ID, ...ONE_DAY }, options),
    braze.segmentStatistics({ segmentId: UNKNOWN_ID, ...ONE_DAY }, options),
  ]);
  const calls: readonly CallResult<unknown>[] = [listed, details, sends, segment];
  const statuses = calls.map(({ httpStatus }) => httpStatus);
  const answered = statuses.filter((status) => status !== null);

  const address = answered.length > 0
    ? ok("braze_address", `${environment.brazeRestUrl} answers`)
    : wrong("braze_address", `${environment.brazeRestUrl}: ${detailOf(details)}`, ADDRESS);
  const isRefused = answered.length > 0 && answered.every((status) => status === 401);
  const key = answered.length === 0
    ? unknown("braze_key", "Braze did not answer")
    : isRefused
    ? wrong("braze_key", "Braze knows no such key on this instance", `${NEW_KEY}; or: ${ADDRESS}`)
    : ok("braze_key", "Braze knows it");
  const permission = (name: string, result: CallResult<unknown>, says = "granted") => {
    const check = `permission:${name}`;
    const { httpStatus } = result;
    if (isRefused || httpStatus === null || httpStatus >= 500 || httpStatus === 429) {
      return unknown(check, isRefused ? "the key itself is refused" : detailOf(result));
    }
    return httpStatus === 401 || httpStatus === 403
      ? wrong(check, "the key lacks it", NEW_KEY)
      : ok(check, says);
  };
  const mode = readListing(listed, [campaignId]).campaigns[0]?.mode ?? "unavailable";
  return [
    address,
    key,
    permission("messages.schedule_broadcasts", listed, `granted; ${SAYS_OF_LISTING[mode]}`),
    permission("campaigns.details", details),
    permission("sends.data_series", sends),
    permission("segments.data_series", segment),
    campaignFinding(details, isRefused),
    compareClocks("clock:braze", dated === null ? null : new Date(dated), target.now()),
  ];
}

function campaignFinding(
  details: Parameters<typeof readGate>[0],
  isRefused: boolean,
): Finding {
  if (details.outcome === "failed" && details.httpStatus === 400 && !isRefused) {
    return wrong(
      "campaign",
      detailOf(details),
      "Set BRAZE_CAMPAIGN_ID to the API identifier at the bottom of the campaign's page",
    );
  }
  const gate = readGate(details);
  if (gate.state === "unknown") return unknown("campaign", gate.detail);
  if (gate.state !== "open") {
    return wrong("campaign", `it is ${gate.state}: nothing goes out`, "Start it in Braze");
  }
  const type = details.outcome === "succeeded" ? details.value.scheduleType : null;
  return ok("campaign", `it is running (${type ?? "Braze does not say how it is triggered"})`);
}

function detailOf(result: CallResult<unknown>): string {
  return result.outcome === "succeeded" ? "answered" : result.detail;
}
