import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  addMatch,
  callAs,
  createSchedule,
  NOW,
  only,
  startRun,
  type Suite,
  withSuite,
} from "./fixtures.ts";

interface Known {
  readonly kind: string;
  readonly value: string;
  readonly ledger_id: string;
  readonly ambiguous: boolean;
}

function register(
  { sql }: Suite,
  identifiers: readonly Record<string, unknown>[],
): Promise<readonly Known[]> {
  return callAs(sql, "service_role", "private.register_identifiers", {
    p_identifiers: identifiers,
    p_source: "event",
    p_now: NOW,
  });
}

async function twoLedgerRows(suite: Suite): Promise<[string, string]> {
  const runId = await startRun(suite);
  await addMatch(suite, 1);
  await addMatch(suite, 2);
  const one = await createSchedule(suite, runId, 1);
  const two = await createSchedule(suite, runId, 2);
  return [one.ledger_id, two.ledger_id];
}

async function known({ sql }: Suite, value = "d1"): Promise<Record<string, unknown>> {
  return only(
    await sql`
      select ledger_id, generation, ambiguous, source
      from public.schedule_identifiers where kind = 'dispatch_id' and value = ${value}`,
  );
}

const dispatch = (ledger_id: string, generation: number | null = 1, value = "d1") => ({
  kind: "dispatch_id",
  value,
  ledger_id,
  generation,
});

Deno.test(
  "register_identifiers() returns newly known identifiers, once",
  withSuite(async (suite) => {
    const [one] = await twoLedgerRows(suite);
    deepStrictEqual(await register(suite, [dispatch(one), dispatch(one)]), [
      { kind: "dispatch_id", value: "d1", ledger_id: one, ambiguous: false },
    ]);
    deepStrictEqual(await register(suite, [dispatch(one)]), []);
    deepStrictEqual(await known(suite), {
      ledger_id: one,
      generation: 1,
      ambiguous: false,
      source: "event",
    });
  }),
);

Deno.test(
  "register_identifiers() permanently marks an identifier that occurs on a second ledger row",
  withSuite(async (suite) => {
    const [one, two] = await twoLedgerRows(suite);
    await register(suite, [dispatch(one)]);
    deepStrictEqual(await register(suite, [dispatch(two)]), [
      { kind: "dispatch_id", value: "d1", ledger_id: one, ambiguous: true },
    ]);
    deepStrictEqual(await register(suite, [dispatch(one)]), [], "it does not become clear again");
    strictEqual((await known(suite)).ambiguous, true);
  }),
);

Deno.test(
  "register_identifiers() marks an identifier that arrives with two ledger rows at once",
  withSuite(async (suite) => {
    const [one, two] = await twoLedgerRows(suite);
    const [registered] = await register(suite, [dispatch(one), dispatch(two)]);
    strictEqual(registered?.ambiguous, true);
  }),
);

Deno.test(
  "register_identifiers() clears the generation of an identifier shared by two, and keeps its match",
  withSuite(async (suite) => {
    const [one] = await twoLedgerRows(suite);
    await register(suite, [dispatch(one, 1)]);
    await register(suite, [dispatch(one, 2)]);
    deepStrictEqual(await known(suite), {
      ledger_id: one,
      generation: null,
      ambiguous: false,
      source: "event",
    });
    deepStrictEqual(await register(suite, [dispatch(one, 1)]), []);
    await register(suite, [dispatch(one, 1, "d2"), dispatch(one, 2, "d2")]);
    strictEqual((await known(suite, "d2")).generation, null, "both at once");
  }),
);

Deno.test(
  "register_identifiers() separates the kinds",
  withSuite(async (suite) => {
    const [one, two] = await twoLedgerRows(suite);
    await register(suite, [dispatch(one)]);
    const [registered] = await register(suite, [{ ...dispatch(two), kind: "send_id" }]);
    strictEqual(registered?.ambiguous, false);
  }),
);
