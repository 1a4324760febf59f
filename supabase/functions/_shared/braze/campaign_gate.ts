/** Derives from Braze's campaign details whether the campaign sends, and whether its messages ask the send gate. Pure. */
import type { CallResult } from "./outcome.ts";
import type { CampaignDetails } from "./schemas.ts";

export type Gate =
  | { readonly state: "open" }
  | { readonly state: "stopped" | "archived" | "draft" }
  | { readonly state: "unknown"; readonly detail: string };

/** What the templates do without an answer; `none`: at least one message does not ask. */
export type TemplateGate = "fail_closed" | "fail_open" | "none";

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

const ASKS = /connected_content[^%]*send_gate_token/;
const ABORTS_WITHOUT_YES = /\.send\s*!=\s*true\s*-?%\}[^{]*\{%-?\s*abort_message/;
const ABORTS_AFTER_NO = /\.send\s*==\s*false\s*-?%\}[^{]*\{%-?\s*abort_message/;

/** null where the details are unknown or show no message. A message that does not ask lets every generation pass. */
export function readTemplateGate(result: CallResult<CampaignDetails>): TemplateGate | null {
  if (result.outcome !== "succeeded") return null;
  const kinds = Object.values(result.value.messages).map((message) => kindOf(textOf(message)));
  if (kinds.length === 0) return null;
  if (kinds.includes("none")) return "none";
  return kinds.includes("fail_open") ? "fail_open" : "fail_closed";
}

function kindOf(text: string): TemplateGate {
  if (!ASKS.test(text)) return "none";
  if (ABORTS_WITHOUT_YES.test(text)) return "fail_closed";
  return ABORTS_AFTER_NO.test(text) ? "fail_open" : "none";
}

/** All texts of a message: the templates may stand in any of its fields. */
function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null) return "";
  return Object.values(value).map(textOf).join("\n");
}
