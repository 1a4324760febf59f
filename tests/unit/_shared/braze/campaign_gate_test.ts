import { strictEqual } from "node:assert/strict";
import {
  failsClosed,
  isShut,
  readGate,
} from "../../../../supabase/functions/_shared/braze/campaign_gate.ts";
import { brazeTemplate } from "../../../support/braze_liquid.ts";
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

const CLOSED = await brazeTemplate("gate_fail_closed");
const OPEN = await brazeTemplate("gate_fail_open");
const push = { channel: "ios_push", alert: `${CLOSED}Kick-off`, title: "Soon" };
const webhook = { channel: "webhook", url: "https://example.test", body: `${CLOSED}{}` };

for (
  const [what, messages, expected] of [
    ["whose messages all fail closed", { push, webhook }, true],
    ["with a message without the gate", { push, webhook: { ...webhook, body: "{}" } }, false],
    ["with a message that fails open", { push: { ...push, alert: OPEN }, webhook }, false],
    [
      "whose push only looks the gate up",
      { push: { ...push, alert: CLOSED.split("{% if")[0] } },
      false,
    ],
    ["without messages", {}, null],
    ["whose messages cannot be read", undefined, null],
  ] as const
) {
  Deno.test(`failsClosed() returns ${expected} for a campaign ${what}`, () => {
    strictEqual(failsClosed(succeeded(campaignDetails({ messages }))), expected);
  });
}

Deno.test("failsClosed() returns null where Braze does not answer", () => {
  strictEqual(failsClosed(timedOut), null);
});
