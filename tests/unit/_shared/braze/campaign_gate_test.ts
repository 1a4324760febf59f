import { strictEqual } from "node:assert/strict";
import { isShut, readGate } from "../../../../supabase/functions/_shared/braze/campaign_gate.ts";
import { campaignDetails, failed, succeeded, timedOut } from "../../../support/fake_braze.ts";

for (
  const [what, changes, state] of [
    ["enabled", {}, "open"],
    ["not enabled", { enabled: false }, "stopped"],
    ["archived", { archived: true }, "archived"],
    ["archived and not enabled", { archived: true, enabled: false }, "archived"],
    ["a draft", { draft: true, enabled: false }, "draft"],
    ["without the field enabled", { enabled: null }, "unknown"],
    ["without the field archived", { archived: undefined }, "unknown"],
    ["without the field draft", { draft: "yes" }, "unknown"],
    ["not enabled, without the other fields", {
      enabled: false,
      archived: null,
      draft: null,
    }, "stopped"],
  ] as const
) {
  Deno.test(`readGate() returns for a campaign that is ${what}: ${state}`, () => {
    const gate = readGate(succeeded(campaignDetails(changes)));
    strictEqual(gate.state, state);
    strictEqual(isShut(gate), !["open", "unknown"].includes(state));
  });
}

for (
  const [what, result] of [
    ["timed out", timedOut],
    ["was refused", failed("rejected", 400)],
    ["was never made", failed("deadline")],
  ] as const
) {
  Deno.test(`readGate() returns unknown for a call that ${what}`, () => {
    const gate = readGate(result);
    strictEqual(gate.state, "unknown");
    strictEqual(isShut(gate), false);
  });
}
