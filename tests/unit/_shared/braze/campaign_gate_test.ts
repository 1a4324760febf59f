import { strictEqual } from "node:assert/strict";
import {
  isShut,
  readGate,
  readTemplateGate,
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
const push = (alert: string) => ({ channel: "ios_push", alert, title: "Soon" });
const webhook = (body: string) => ({ channel: "webhook", url: "https://example.test", body });

for (
  const [what, messages, gate] of [
    ["one message asks a closed gate", { a: push(`${CLOSED}Kick-off`) }, "fail_closed"],
    [
      "all messages ask a closed gate",
      { a: push(`${CLOSED}Kick-off`), b: webhook(`${CLOSED}{}`) },
      "fail_closed",
    ],
    [
      "the template has other blanks",
      { a: push(CLOSED.replaceAll("%}{%", "%}\n  {%").replace("{% if", "{%if")) },
      "fail_closed",
    ],
    [
      "a text deep in the message asks",
      { a: { ...webhook("{}"), extras: [CLOSED] } },
      "fail_closed",
    ],
    ["all messages ask an open gate", { a: push(`${OPEN}Kick-off`) }, "fail_open"],
    ["one message asks an open gate", { a: push(OPEN), b: webhook(CLOSED) }, "fail_open"],
    ["one message does not ask", { a: push(CLOSED), b: webhook("{}") }, "none"],
    ["a message asks and never aborts", { a: push(CLOSED.split("{% if")[0]!) }, "none"],
    ["a message aborts without asking", { a: push(`{% if${CLOSED.split("{% if")[1]}`) }, "none"],
    [
      "a message presents another token",
      { a: push(CLOSED.replace("send_gate_token", "ledger_id")) },
      "none",
    ],
    ["there is no message", {}, null],
    ["the messages cannot be read", undefined, null],
  ] as const
) {
  Deno.test(`readTemplateGate() returns ${gate} where ${what}`, () => {
    strictEqual(readTemplateGate(succeeded(campaignDetails({ messages }))), gate);
  });
}

Deno.test("readTemplateGate() returns null where Braze does not answer", () => {
  strictEqual(readTemplateGate(timedOut), null);
});
