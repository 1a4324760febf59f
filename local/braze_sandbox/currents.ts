/** The body that Currents' custom HTTP connector posts: `user` and `properties` nested, extras as JSON text. */
import type { Campaign } from "./campaign.ts";
import { echo } from "./echo.ts";
import { type AbortType, type GroundTruthEntry, statedTime } from "./ground_truth.ts";

const ABORT_LOGS: Readonly<Record<AbortType, string>> = {
  frequency_capped: "Frequency capped",
  liquid_abort_message: "The send gate did not allow this push",
};

export function currentsBody(entries: readonly GroundTruthEntry[], campaign: Campaign): string {
  return JSON.stringify({ events: entries.map((entry) => currentsEvent(entry, campaign)) });
}

function currentsEvent(entry: GroundTruthEntry, campaign: Campaign): Record<string, unknown> {
  const { device, user, carried, schedule, neighbour } = entry;
  // An abort happens before a device is chosen, so its platform is that of the first device.
  const platform = (device ?? user.devices[0])?.platform ?? "ios";
  const variation = campaign.variation(platform === "ios" ? "ios_push" : "android_push");
  const isSend = entry.type === "users.messages.pushnotification.Send";
  return {
    event_type: entry.type,
    id: entry.id,
    time: statedTime(entry),
    user: {
      user_id: user.brazeId,
      external_user_id: user.externalId,
      ...(device === null ? {} : { device_id: device.id }),
      timezone: user.timezone,
    },
    properties: {
      app_id: campaign.appIds[platform],
      platform,
      ...(neighbour === null
        ? {
          campaign_id: campaign.id,
          campaign_name: campaign.name,
          message_variation_id: variation.id,
          message_variation_name: variation.name,
        }
        : neighbour.kind === "canvas"
        ? { canvas_id: neighbour.id, canvas_name: "Onboarding" }
        : { campaign_id: neighbour.id, campaign_name: "Another campaign" }),
      ...(carried.sendId && schedule.sendId !== null ? { send_id: schedule.sendId } : {}),
      ...(carried.dispatchId ? { dispatch_id: entry.dispatchId } : {}),
      ...(isSend && carried.echo
        ? {
          message_extras: JSON.stringify(
            neighbour === null ? echo(entry.triggerProperties) : entry.triggerProperties,
          ),
        }
        : {}),
      ...(isSend ? { push_token: device?.pushToken ?? null } : {}),
      ...(entry.abortType === null
        ? {}
        : { abort_type: entry.abortType, abort_log: ABORT_LOGS[entry.abortType] }),
    },
  };
}
