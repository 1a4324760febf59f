import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { ERRORS } from "../../../../supabase/functions/_shared/http/errors.ts";
import {
  isOneOf,
  problem,
  secretsEqual,
} from "../../../../supabase/functions/_shared/http/responses.ts";

Deno.test("problem() answers with the catalogue's status and text", async () => {
  const response = problem("not_stored");
  strictEqual(response.status, 503);
  strictEqual(response.headers.get("retry-after"), "5");
  deepStrictEqual(await response.json(), {
    code: "not_stored",
    message: "The request was not completed: send it again",
    run_id: null,
  });
});

Deno.test("problem() names the run and states what the caller can do", async () => {
  deepStrictEqual(await problem("invalid_body", "scheduled_at must be a minute", "run-1").json(), {
    code: "invalid_body",
    message: "scheduled_at must be a minute",
    run_id: "run-1",
  });
});

for (const [code, { status, message }] of Object.entries(ERRORS)) {
  Deno.test(`the catalogue's ${code} is an error with a sentence`, () => {
    ok(status >= 400 && status <= 599);
    ok(/^[A-Z].*[^.]$/.test(message), message);
  });
}

for (
  const [a, b, equal] of [
    ["secret", "secret", true],
    ["secret", "secreT", false],
    ["secret", "secret ", false],
    ["", "secret", false],
    ["", "", true],
  ] as const
) {
  Deno.test(`secretsEqual() returns that "${a}" and "${b}" are ${equal ? "equal" : "different"}`, () => {
    strictEqual(secretsEqual(a, b), equal);
  });
}

for (
  const [candidate, found] of [["first", true], ["last", true], ["other", false], [
    "",
    false,
  ]] as const
) {
  Deno.test(`isOneOf() ${found ? "finds" : "does not find"} "${candidate}"`, () => {
    strictEqual(isOneOf(candidate, ["first", "middle", "last"]), found);
  });
}

Deno.test("isOneOf() finds nothing in an empty list", () => {
  strictEqual(isOneOf("", []), false);
});
