/** Derives from Braze's campaign details whether the campaign sends, and whether its messages ask the send gate. Pure. */
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

/**
 * Whether every message asks the send gate and aborts without its permission, as braze/gate_fail_closed.liquid does. A
 * template in other words is not recognised: then the suite relies less on the gate.
 */
export function hasClosedGate(result: CallResult<CampaignDetails>): boolean {
  if (result.outcome !== "succeeded") return false;
  const messages = Object.values(result.value.messages);
  return messages.length > 0 && messages.every((message) => {
    const text = JSON.stringify(message).replaceAll(/\\[nrt]/g, " ");
    return CLOSED_GATE.every((part) => part.test(text));
  });
}

const CLOSED_GATE = [
  /\{%\s*connected_content (?:(?!%\}).)*\/braze-send-gate\?(?:(?!%\}).)*\bsend_gate_token\b(?:(?!%\}).)*:save gate\s/,
  /\{%\s*if gate\.send != true\s*%\}\s*\{%\s*abort_message\b/,
];

/** Whether the campaign certainly sends nothing. */
export function isShut(gate: Gate): boolean {
  return gate.state !== "open" && gate.state !== "unknown";
}
