/** Callers without a secret have no access, and a signature is valid for one function, once, for five minutes. */
import type { Mutation } from "../mutation.ts";

const SIGNATURE = "supabase/functions/_shared/auth/cron_signature.ts";
const HTTP = "supabase/functions/_shared/http/responses.ts";
const CALLERS = "tests/unit/_shared/auth/callers_test.ts";
const RIGHTS = "tests/database/rules/rights_test.ts";

export const ENTRANCES: readonly Mutation[] = [
  {
    name: "signature-of-another-function",
    rule: "A signature is valid only for the function that it names",
    file: SIGNATURE,
    find:
      '  if (call.data.function !== functionName) return { ok: false, code: "wrong_function" };\n',
    replace: "",
    tests: [CALLERS],
  },
  {
    name: "signature-of-yesterday",
    rule: "A signature is valid for five minutes",
    file: SIGNATURE,
    find: "> TOLERANCE_MS) {",
    replace: "> 1_000 * TOLERANCE_MS) {",
    tests: [CALLERS],
  },
  {
    name: "signatures-are-compared",
    rule: "A signature is compared with the expected one",
    file: HTTP,
    find: "return isOneOf(candidate, [secret]);",
    replace: 'return candidate !== "" && secret !== "";',
    tests: [CALLERS, "tests/unit/_shared/http/responses_test.ts"],
  },
  {
    name: "secrets-are-compared",
    rule: "A secret is compared with the known ones",
    file: HTTP,
    find: "found = timingSafeEqual(given, secret) || found;",
    replace: "found = timingSafeEqual(given, given) || secret.length === 0 || found;",
    tests: [CALLERS, "tests/unit/_shared/http/responses_test.ts"],
  },
  {
    name: "role-of-an-operator",
    rule: "A signed-in user without the operator role may call no function",
    file: "supabase/functions/_shared/auth/callers.ts",
    find: 'claims.app_metadata?.role === "operator"',
    replace: "claims.app_metadata?.role !== null",
    tests: [CALLERS],
  },
  {
    name: "bad-credentials-end-the-request",
    rule: "A wrong credential is refused even if the request carries another one",
    file: "supabase/functions/_shared/auth/callers.ts",
    find: "  if (refused !== undefined) return refused;\n",
    replace: "  if (refused !== undefined && found.length === 1) return refused;\n",
    tests: [CALLERS],
  },
  {
    name: "keys-without-blanks",
    rule: "A key with a blank or a line break inside is refused at start",
    file: "supabase/functions/_shared/runtime/config.ts",
    find: "return /^[\\x21-\\x7e]+$/.test(text);",
    replace: 'return text !== "";',
    tests: ["tests/unit/_shared/runtime/config_test.ts"],
  },
  {
    name: "revoked-functions",
    rule:
      "A role without an explicit grant cannot call a SQL function, regardless of the project's default grants",
    file: "supabase/schemas/65_checks/release_hold.sql",
    find:
      "revoke all on function public.release_hold(bigint, text, text, uuid, boolean, timestamptz, integer, integer, text) from public, anon, authenticated, service_role;\n",
    replace: "",
    tests: [RIGHTS],
    filter: "each function is granted",
  },
  {
    name: "row-level-security",
    rule: "Every table has row level security",
    file: "supabase/schemas/65_checks/tables.sql",
    find: "alter table public.count_audit_logs enable row level security;\n",
    replace: "",
    tests: [RIGHTS],
  },
  {
    name: "no-table-grants",
    rule: "The roles that external callers can use hold no privilege on a table",
    file: "supabase/schemas/65_checks/tables.sql",
    find: "grant select, insert on table public.count_audit_logs to service_role;",
    replace:
      "grant select, insert on table public.count_audit_logs to service_role, authenticated;",
    tests: [RIGHTS],
  },
];
