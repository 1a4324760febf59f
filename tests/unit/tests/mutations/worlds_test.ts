import { deepStrictEqual } from "node:assert/strict";
import { readOutcomes } from "../../../mutations/worlds.ts";

const ok = (seed: number) => `ok     world ${seed}  120 events, 8 faults, 3.1 s`;
const failed = (seed: number, ...lines: string[]) =>
  [`FAILED world ${seed}  120 events, 8 faults, 3.1 s`, ...lines].join("\n");
const violation = (rule: string) => `       12-07 14:10 ${rule}: match 1001 at 13:00: twice`;

for (
  const [what, text, wanted] of [
    ["no world yet", "Starting\n", { failed: null, passed: 0 }],
    ["good worlds", [ok(7), ok(8)].join("\n"), { failed: null, passed: 2 }],
    [
      "a bad one, with each rule once",
      [
        ok(7),
        failed(8, violation("wrong match"), violation("lost event"), violation("wrong match")),
      ]
        .join("\n"),
      { failed: { seed: 8, rules: ["lost event", "wrong match"] }, passed: 1 },
    ],
    [
      "a bad one while a lower seed is still under way",
      failed(8, violation("wrong match")),
      { failed: null, passed: 0 },
    ],
    [
      "two bad ones that ended in the wrong order",
      [failed(8, violation("lost event")), failed(7, violation("wrong match"))].join("\n"),
      { failed: { seed: 7, rules: ["wrong match"] }, passed: 0 },
    ],
    [
      "one that broke down",
      failed(7, "       broken: Error: no answer", "    at play.ts"),
      { failed: { seed: 7, rules: ["the world broke down"] }, passed: 0 },
    ],
    [
      "a bad one, and what is printed at the end",
      [failed(7, violation("wrong match")), "", "1 worlds", "       12-07 14:10 a story: of it"]
        .join("\n"),
      { failed: { seed: 7, rules: ["wrong match"] }, passed: 0 },
    ],
  ] as const
) {
  Deno.test(`readOutcomes() reads ${what}`, () => {
    deepStrictEqual(readOutcomes(text, 7), wanted);
  });
}
