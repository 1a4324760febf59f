import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { type Suite, UNKNOWN_ID, withSuite } from "./fixtures.ts";
import { createWithoutAnswer } from "./gate.ts";

function facts({ call }: Suite, ledgerId: string, generation: number): Promise<unknown> {
  return call("load_gate_facts", { p_ledger_id: ledgerId, p_generation: generation });
}

Deno.test(
  "load_gate_facts() returns row, match and the requested generation",
  withSuite(async (suite) => {
    const { opened } = await createWithoutAnswer(suite);
    const known = {
      generation: 1,
      status: "pending",
      cancel_reason: null,
      match_status: "scheduled",
    };
    deepStrictEqual(await facts(suite, opened.ledger_id, 1), { ...known, state: "unknown" });
    deepStrictEqual(await facts(suite, opened.ledger_id, 2), { ...known, state: null });
    strictEqual(await facts(suite, UNKNOWN_ID, 1), null);
    await suite.sql`update public.matches set status = 'postponed'`;
    await suite.sql`update public.schedule_ledger set generation = 2`;
    await suite.sql`
      update public.schedule_ledger set status = 'cancelled', cancel_reason = 'operator'`;
    deepStrictEqual(await facts(suite, opened.ledger_id, 1), {
      generation: 2,
      status: "cancelled",
      cancel_reason: "operator",
      match_status: "postponed",
      state: "unknown",
    });
  }),
);
