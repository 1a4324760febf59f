/** Secrets are compared in constant time: the tests check what the comparison reads, and measure no time. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { isOneOf, secretsEqual } from "../../supabase/functions/_shared/http/responses.ts";
import { readSources, type Source } from "../support/sources.ts";

const SHARED = "supabase/functions/_shared/";
/** The files that compare a caller's credential with our secrets. */
const JUDGES = ["auth/callers.ts", "auth/cron_signature.ts", "http/responses.ts"].map((name) =>
  `${SHARED}${name}`
);
/** Comparisons that involve no secret. */
const HARMLESS = [
  'claims.app_metadata?.role === "operator"',
  'each.code !== "not_allowed"',
  'body.code === "body_cut_off"',
  "call.data.function !== functionName",
  'part !== ""',
];

const sources = await readSources("supabase/functions");
const judges = sources.filter(({ path }) => JUDGES.includes(path));

function matchesIn(those: readonly Source[], pattern: RegExp): string[] {
  return those.flatMap(({ path, code }) =>
    [...code.matchAll(pattern)].map(([found]) => `${path}: ${found.trim()}`)
  );
}

Deno.test("a candidate is compared with every secret, regardless of which one fits", () => {
  for (const fitting of ["first", "second", "third", "none"]) {
    const looked: string[] = [];
    const secrets = new Proxy(["first", "second", "third"], {
      get(list, index, self) {
        if (typeof index === "string" && /^\d+$/.test(index)) looked.push(index);
        return Reflect.get(list, index, self);
      },
    });
    strictEqual(isOneOf(fitting, secrets), fitting !== "none");
    deepStrictEqual(looked, ["0", "1", "2"], fitting);
  }
});

Deno.test("secrets of any length are compared, and only equal ones are equal", () => {
  for (
    const [a, b] of [["", "x"], ["x", "xx"], ["x".repeat(10_000), "x"], ["é", "e\u0301"]] as const
  ) {
    strictEqual(secretsEqual(a, b), false);
    strictEqual(secretsEqual(a, a), true);
    strictEqual(isOneOf(a, []), false);
  }
});

Deno.test("the code that authenticates callers compares in constant time only", () => {
  strictEqual(judges.length, JUDGES.length);
  const equalities = matchesIn(judges, /[\w.?]+ [!=]==? (?!null\b|undefined\b)\S+/g)
    .filter((found) => !HARMLESS.some((harmless) => found.includes(harmless)));
  deepStrictEqual(equalities, []);
  deepStrictEqual(
    matchesIn(
      judges,
      /[\w.]+\.(?:includes|indexOf|startsWith|endsWith|find|some|match|localeCompare|has)\(/g,
    )
      .filter((found) => !/: (?:allowed\.includes|headers\.has|found\.find)\($/.test(found)),
    [],
  );
  ok(matchesIn(judges, /\btimingSafeEqual\(/g).length >= 1, "the comparison is constant-time");
});

Deno.test("no other code compares a secret", () => {
  const others = sources.filter(({ path }) => !JUDGES.includes(path));
  deepStrictEqual(
    matchesIn(
      others,
      /\b(?:secretKeys|publishableKeys|webhookSecrets|cronSigningSecrets|sendGateSecrets|signingSecrets|databaseKey|brazeApiKey)\b\s*(?:[!=]==? (?!null\b)|\.(?:includes|indexOf|some|find)\()/g,
    ),
    [],
  );
});
