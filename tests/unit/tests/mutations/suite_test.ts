import { deepStrictEqual } from "node:assert/strict";
import { needsDatabase, runsOf } from "../../../mutations/suite.ts";

Deno.test("runsOf() runs each file once, as a whole if any mutation requires it", () => {
  deepStrictEqual(
    runsOf([
      { tests: ["b.ts", "a.ts"] },
      { tests: ["a.ts"], filter: "whole anyway" },
      { tests: ["c.ts"], filter: "f() of (this)" },
      { tests: ["c.ts", "d.ts"], filter: "that" },
    ]),
    [
      { tests: ["a.ts", "b.ts"], filter: undefined },
      { tests: ["c.ts", "d.ts"], filter: "/f\\(\\) of \\(this\\)|that/" },
    ],
  );
  deepStrictEqual(runsOf([{ tests: ["a.ts"], filter: "one" }]), [
    { tests: ["a.ts"], filter: "/one/" },
  ]);
});

Deno.test("needsDatabase() recognises the folders whose tests need a server", () => {
  deepStrictEqual(
    ["unit", "property", "database", "security"]
      .map((folder) => needsDatabase([`tests/${folder}/a_test.ts`])),
    [false, false, true, true],
  );
  deepStrictEqual(needsDatabase(["tests/unit/a_test.ts", "tests/end_to_end/a_test.ts"]), true);
});
