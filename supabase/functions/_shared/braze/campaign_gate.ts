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

/** Whether the campaign certainly sends nothing. */
export function isShut(gate: Gate): boolean {
  return gate.state !== "open" && gate.state !== "unknown";
}

/** As in braze/gate_fail_closed.liquid: without the gate's consent, the message is aborted. */
const FAILS_CLOSED =
  /\{%-?\s*connected_content\s(?:(?!%\}).)*\/braze-send-gate\?(?:(?!%\}).)*\bsend_gate_token\b(?:(?!%\}).)*:save\s+gate\s*-?%\}\s*\{%-?\s*if\s+gate\.send\s*!=\s*true\s*-?%\}\s*\{%-?\s*abort_message\b/;

/**
 * Whether the send gate can abort every message of the campaign, even by not answering. null: not known. A template in
 * other words is not recognised: then the suite relies less on the gate.
 */
export function failsClosed(result: CallResult<CampaignDetails>): boolean | null {
  if (result.outcome !== "succeeded") return null;
  const messages = Object.values(result.value.messages);
  return messages.length === 0 ? null : messages.every((message) =>
    // JSON escapes the breaks between the lines of a template.
    FAILS_CLOSED.test(JSON.stringify(message).replaceAll(/\\[nrt]/g, " "))
  );
}
