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

const ASKS = String
  .raw`\{%-?\s*connected_content\s(?:(?!%\})[^])*\/braze-send-gate\?(?:(?!%\})[^])*\bsend_gate_token\b(?:(?!%\})[^])*:save\s+gate\s*-?%\}`;
const aborts = (condition: string) =>
  String.raw`\s*\{%-?\s*if\s+gate\.send\s*${condition}\s*-?%\}\s*\{%-?\s*abort_message\b`;
/** As in braze/gate_fail_closed.liquid: without the gate's consent, the message is aborted. */
const FAILS_CLOSED = new RegExp(ASKS + aborts("!=\\s*true"));
/** As in braze/gate_fail_open.liquid. */
const FAILS_OPEN = new RegExp(ASKS + aborts("==\\s*false"));

/**
 * null where the details are unknown or show no message. A message that does not ask lets every generation pass. A
 * template in other words is not recognised: then the suite relies less on the gate.
 */
export function readTemplateGate(result: CallResult<CampaignDetails>): TemplateGate | null {
  if (result.outcome !== "succeeded") return null;
  const kinds = Object.values(result.value.messages).map((message) => kindOf(textOf(message)));
  if (kinds.length === 0) return null;
  if (kinds.includes("none")) return "none";
  return kinds.includes("fail_open") ? "fail_open" : "fail_closed";
}

function kindOf(text: string): TemplateGate {
  if (FAILS_CLOSED.test(text)) return "fail_closed";
  return FAILS_OPEN.test(text) ? "fail_open" : "none";
}

/** All texts of a message: the templates may stand in any of its fields. */
function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null) return "";
  return Object.values(value).map(textOf).join("\n");
}
