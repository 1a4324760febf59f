/** Derives from Braze's campaign details whether the campaign sends. Pure. */
import type { CallResult } from "./outcome.ts";
import type { CampaignDetails } from "./schemas.ts";

export type Gate =
  | { readonly state: "open" }
  | { readonly state: "stopped" | "archived" | "draft" }
  | { readonly state: "unknown"; readonly detail: string };

export function readGate(result: CallResult<CampaignDetails>): Gate {
  if (result.outcome !== "succeeded") {
    return { state: "unknown", detail: result.detail };
  }
  const { archived, draft, enabled } = result.value;
  if (archived === true) return { state: "archived" };
  if (draft === true) return { state: "draft" };
  if (enabled === false) return { state: "stopped" };
  return enabled === true && archived === false && draft === false ? { state: "open" } : {
    state: "unknown",
    detail: "Cannot read campaign: the response does not say whether it is enabled",
  };
}

/** Whether the campaign certainly sends nothing. */
export function isShut(gate: Gate): boolean {
  return gate.state !== "open" && gate.state !== "unknown";
}
