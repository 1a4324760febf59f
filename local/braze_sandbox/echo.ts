/** The trigger properties that our templates echo: always text, empty for an absent property. */
import type { TriggerProperties } from "./schedules.ts";

export function echo(properties: TriggerProperties): Record<string, string> {
  return {
    match_id: rendered(properties["match_id"]),
    ledger_id: rendered(properties["ledger_id"]),
    generation: rendered(properties["generation"]),
    attempt_id: rendered(properties["attempt_id"]),
  };
}

/** As Liquid renders a tag. */
function rendered(value: unknown): string {
  return value === undefined || value === null ? "" : String(value);
}
