/** The sandbox's one API-triggered campaign: its state, its variations, its details. */
import { Prng } from "../lib/prng.ts";
import { gateTemplate, type SendGate } from "./connected_content.ts";

export type CampaignState = "enabled" | "stopped" | "archived" | "draft";

export interface Variation {
  readonly id: string;
  readonly channel: "ios_push" | "android_push" | "webhook";
  readonly name: string;
}

const CREATED_AT = "2024-06-03T09:00:00Z";

export class Campaign {
  readonly name = "Match reminder (API-triggered)";
  readonly tags = ["football"];
  readonly variations: readonly Variation[];
  readonly appIds: Readonly<Record<"ios" | "android", string>>;
  state: CampaignState = "enabled";
  updatedAt = CREATED_AT;
  firstSent: string | null = null;
  lastSent: string | null = null;

  constructor(readonly id: string, seed: number) {
    const prng = new Prng(`campaign/${seed}`);
    this.variations = (["ios_push", "android_push", "webhook"] as const).map((channel) => ({
      id: prng.uuid(),
      channel,
      name: "Variant 1",
    }));
    this.appIds = { ios: prng.uuid(), android: prng.uuid() };
  }

  variation(channel: Variation["channel"]): Variation {
    return this.variations.find((variation) => variation.channel === channel)!;
  }

  noteSend(at: Date): void {
    this.firstSent ??= wholeSeconds(at);
    this.lastSent = wholeSeconds(at);
  }

  setState(state: CampaignState, now: Date): void {
    this.state = state;
    this.updatedAt = wholeSeconds(now);
  }

  /** The answer of /campaigns/details. `messages` is an object keyed by variation id, not a list. */
  details(
    channels: readonly Variation["channel"][],
    sendGate: SendGate,
  ): Record<string, unknown> {
    return {
      name: this.name,
      description: "",
      created_at: CREATED_AT,
      updated_at: this.updatedAt,
      archived: this.state === "archived",
      draft: this.state === "draft",
      enabled: this.state === "enabled",
      has_post_launch_draft: false,
      schedule_type: "api_triggered",
      channels,
      first_sent: this.firstSent,
      last_sent: this.lastSent,
      tags: this.tags,
      teams: [],
      messages: Object.fromEntries(
        this.variations.filter(({ channel }) => channels.includes(channel)).map((
          variation,
        ) => [variation.id, {
          channel: variation.channel,
          name: variation.name,
          ...contentOf(variation.channel, gateTemplate(sendGate)),
        }]),
      ),
      conversion_behaviors: [],
    };
  }
}

function contentOf(channel: Variation["channel"], gate: string): Record<string, unknown> {
  if (channel !== "webhook") {
    return {
      title: "Kick-off soon",
      alert: `${gate}{{api_trigger_properties.\${title}}}`,
      extras: {},
    };
  }
  return {
    url: "https://example.test/functions/v1/braze-webhook",
    method: "POST",
    type: "json",
    headers: { "X-Webhook-Secret": "REDACTED" },
    body: `${gate}{…}`,
  };
}

/** ISO 8601 without fractions, as Braze writes times. */
export function wholeSeconds(at: Date): string {
  return at.toISOString().replace(/\.\d+Z$/, "Z");
}
