import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import {
  findAudienceFault,
  matchAudience,
} from "../../../../supabase/functions/_shared/braze/audience.ts";

Deno.test("matchAudience() filters each attribute by any of the teams, sorted and without repetition", () => {
  deepStrictEqual(matchAudience(["Team 2", "Team 1", "Team 2"], ["Wolves", "Arsenal", "Wolves"]), {
    OR: ["Team 1", "Team 2"].map((name) => ({
      custom_attribute: {
        custom_attribute_name: name,
        comparison: "is_any_of",
        value: ["Arsenal", "Wolves"],
      },
    })),
  });
});

for (
  const [what, attributes, values] of [
    ["no attribute", [], ["Arsenal"]],
    ["no team", ["Team 1"], []],
    ["a blank attribute", ["Team 1", " "], ["Arsenal"]],
    ["a blank team", ["Team 1"], ["Arsenal", ""]],
  ] as const
) {
  Deno.test(`matchAudience() refuses ${what}`, () => {
    throws(() => matchAudience(attributes, values), {
      name: "RangeError",
      message: /^Cannot build audience: team (attributes|values) must be names, got /,
    });
  });
}

const attribute = { custom_attribute_name: "Team 1", comparison: "equals", value: "Arsenal" };

for (
  const sound of [
    { custom_attribute: attribute },
    { custom_attribute: { custom_attribute_name: "Team 1", comparison: "exists" } },
    { custom_attribute: { ...attribute, value: 0 } },
    { custom_attribute: { ...attribute, value: false } },
    { push_subscription_status: { comparison: "is", value: "opted_in" } },
    { AND: [{ OR: [{ custom_attribute: attribute }] }] },
  ]
) {
  Deno.test(`findAudienceFault() finds none in ${JSON.stringify(sound)}`, () => {
    strictEqual(findAudienceFault(sound), null);
  });
}

for (
  const [faulty, fault] of [
    [null, "audience must be an object"],
    [[], "audience must be an object"],
    ["all", "audience must be an object"],
    [{}, "audience must hold exactly one filter, AND or OR, got 0"],
    [{ AND: {} }, "audience.AND must not be empty"],
    [{ AND: [[]] }, "audience.AND.0 must be an object"],
    [{ OR: [{ AND: [] }] }, "audience.OR.0.AND must not be empty"],
    [{ custom_attribute: [] }, "audience.custom_attribute must be an object"],
    [
      { custom_attribute: { ...attribute, custom_attribute_name: "" } },
      "audience.custom_attribute.custom_attribute_name must be a name",
    ],
    [
      { custom_attribute: { ...attribute, comparison: undefined } },
      "audience.custom_attribute.comparison must be a name",
    ],
    [
      { custom_attribute: { ...attribute, value: [] } },
      "audience.custom_attribute.value must be a value or a list of values",
    ],
    [
      { custom_attribute: { ...attribute, value: [""] } },
      "audience.custom_attribute.value must be a value or a list of values",
    ],
    [
      { last_used_app: { comparison: "exists" } },
      "audience.last_used_app.value must be a value or a list of values",
    ],
  ] as const
) {
  Deno.test(`findAudienceFault() says of ${JSON.stringify(faulty)}: ${fault}`, () => {
    strictEqual(findAudienceFault(faulty), fault);
  });
}

Deno.test("findAudienceFault() names the known filters", () => {
  strictEqual(
    findAudienceFault({ segment: { value: "x" } }),
    "audience.segment must be one of custom_attribute, push_subscription_status, " +
      "email_subscription_status, last_used_app, AND or OR",
  );
});
