import { strictEqual } from "node:assert/strict";
import {
  isShut,
  readGate,
  readTemplateGate,
} from "../../../../supabase/functions/_shared/braze/campaign_gate.ts";
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

const [closed, open] = await Promise.all(
  ["fail_closed", "fail_open"].map((gate) =>
    Deno.readTextFile(new URL(`../../../../braze/gate_${gate}.liquid`, import.meta.url))
  ),
);

for (
  const [what, texts, gate] of [
    ["all messages ask a closed gate", [closed, closed], "fail_closed"],
    ["one message asks an open gate", [closed, open], "fail_open"],
    ["one message does not ask", [closed, "Kick-off soon"], "none"],
    ["a message asks and never aborts", [closed!.split("{% if")[0]], "none"],
    [
      "a message aborts without asking",
      ["{% if gate.send != true %}{% abort_message('no') %}"],
      "none",
    ],
    ["there is no message", [], null],
  ] as const
) {
  Deno.test(`readTemplateGate() returns ${gate} where ${what}`, () => {
    const messages = Object.fromEntries(
      texts.map((alert, place) => [`variation-${place}`, { channel: "ios_push", alert }]),
    );
    strictEqual(readTemplateGate(succeeded(campaignDetails({ messages }))), gate);
  });
}

Deno.test("readTemplateGate() finds the gate in any text of a message, and nothing where Braze does not answer", () => {
  const messages = { a: { channel: "webhook", body: `${closed}{…}`, extras: { deep: ["text"] } } };
  strictEqual(readTemplateGate(succeeded(campaignDetails({ messages }))), "fail_closed");
  strictEqual(readTemplateGate(timedOut), null);
});
