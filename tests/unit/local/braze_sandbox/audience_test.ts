import { match, ok, strictEqual } from "node:assert/strict";
import { parseAudience } from "../../../../local/braze_sandbox/audience.ts";
import type { AttributeValue, User } from "../../../../local/braze_sandbox/users.ts";

const NOW = new Date("2024-12-07T06:00:00Z");

function user(attributes: Record<string, AttributeValue>): User {
  return {
    index: 0,
    externalId: "u-000001",
    brazeId: "b",
    attributes,
    pushStatus: "opted_in",
    emailStatus: "unsubscribed",
    pushEnabled: true,
    devices: [],
    timezone: "Europe/London",
    lastUsedAppDaysAgo: 3,
  };
}

const fan = user({
  "Team 1": "Liverpool",
  age: 30,
  premium: true,
  followed: ["Liverpool", "Ajax"],
  joined: "2024-12-01T06:00:00Z",
  renews: "2024-12-10T06:00:00Z",
});

function attribute(name: string, comparison: string, value?: unknown) {
  return { custom_attribute: { custom_attribute_name: name, comparison, value } };
}

const HOLDS: readonly [unknown, boolean][] = [
  [attribute("Team 1", "equals", "Liverpool"), true],
  [attribute("Team 1", "equals", "liverpool"), false],
  [attribute("Team 2", "equals", "Liverpool"), false],
  [attribute("Team 1", "not_equal", "Everton"), true],
  [attribute("Team 2", "not_equal", "Everton"), true],
  [attribute("Team 1", "matches_regex", "^Liv"), true],
  [attribute("Team 1", "does_not_match_regex", "^Liv"), false],
  [attribute("Team 1", "exists"), true],
  [attribute("Team 3", "does_not_exist"), true],
  [attribute("Team 1", "is_any_of", ["Everton", "Liverpool"]), true],
  [attribute("Team 1", "is_any_of", "Liverpool"), true],
  [attribute("followed", "is_any_of", ["Ajax"]), true],
  [attribute("Team 1", "is_none_of", ["Everton", "Liverpool"]), false],
  [attribute("followed", "includes_value", "Ajax"), true],
  [attribute("followed", "does_not_include_value", "Ajax"), false],
  [attribute("age", "greater_than", 29), true],
  [attribute("age", "greater_than_or_equal_to", 30), true],
  [attribute("age", "less_than", 30), false],
  [attribute("age", "less_than_or_equal_to", 30), true],
  [attribute("height", "less_than", 30), false],
  [attribute("premium", "equals", true), true],
  [attribute("joined", "less_than_x_days_ago", 7), true],
  [attribute("joined", "greater_than_x_days_ago", 7), false],
  [attribute("renews", "less_than_x_days_in_the_future", 7), true],
  [attribute("renews", "greater_than_x_days_in_the_future", 7), false],
  [attribute("joined", "after", "2024-11-30T00:00:00Z"), true],
  [attribute("joined", "before", "2024-11-30T00:00:00Z"), false],
  [{ push_subscription_status: { comparison: "is_not", value: "unsubscribed" } }, true],
  [{ push_subscription_status: { comparison: "is", value: "subscribed" } }, false],
  [{ email_subscription_status: { comparison: "is", value: "unsubscribed" } }, true],
  [{ last_used_app: { comparison: "after", value: "2024-12-01T00:00:00Z" } }, true],
  [{ last_used_app: { comparison: "before", value: "2024-12-01T00:00:00Z" } }, false],
  [{
    AND: [attribute("Team 1", "equals", "Liverpool"), {
      OR: [attribute("age", "less_than", 1), attribute("premium", "equals", true)],
    }],
  }, true],
  [{ AND: [attribute("Team 1", "exists"), attribute("Team 2", "exists")] }, false],
  [{ OR: [attribute("Team 2", "exists"), attribute("Team 3", "exists")] }, false],
];

for (const [audience, expected] of HOLDS) {
  Deno.test(`parseAudience: ${JSON.stringify(audience)} is ${expected} of the fan`, () => {
    const parsed = parseAudience(audience);
    ok(parsed.ok, JSON.stringify(parsed));
    strictEqual(parsed.matches(fan, NOW), expected);
  });
}

const REFUSED: readonly [unknown, RegExp][] = [
  [[], /must be an object/],
  [{}, /exactly one/],
  [{ AND: [attribute("a", "exists")], OR: [] }, /exactly one/],
  [{ OR: [] }, /at least one/],
  [{ AND: [{ OR: {} }] }, /at least one/],
  [{ custom_event: {} }, /not supported/],
  [attribute("Team 1", "does_not_equal", "x"), /does_not_equal is not supported/],
  [attribute("Team 1", "equals"), /must be a string, number or boolean/],
  [attribute("Team 1", "equals", ["x"]), /must be a string, number or boolean/],
  [attribute("Team 1", "is_any_of", []), /list of strings/],
  [attribute("Team 1", "is_any_of", [1]), /list of strings/],
  [attribute("Team 1", "matches_regex", "("), /regular expression/],
  [attribute("age", "greater_than", "30"), /a number/],
  [attribute("joined", "after", "soon"), /ISO 8601/],
  [attribute("", "exists"), /custom_attribute_name/],
  [{ push_subscription_status: { comparison: "equals", value: "opted_in" } }, /is or is_not/],
  [{ push_subscription_status: { comparison: "is", value: "yes" } }, /opted_in/],
  [{ last_used_app: { comparison: "after", value: "x" } }, /ISO 8601/],
];

for (const [audience, reason] of REFUSED) {
  Deno.test(`parseAudience refuses ${JSON.stringify(audience)}`, () => {
    const parsed = parseAudience(audience);
    ok(!parsed.ok);
    match(parsed.reason, reason);
  });
}
