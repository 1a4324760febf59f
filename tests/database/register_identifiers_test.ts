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
import { queue, queued } from "./rejudging.ts";

/** How many are new or changed. */
function register(
  { sql }: Suite,
  identifiers: readonly Record<string, unknown>[],
): Promise<number> {
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
      select ledger_id, generation, generations_differ, ambiguous, source
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
  "register_identifiers() counts newly known identifiers, once, and has their events judged again",
  withSuite(async (suite) => {
    const [one] = await twoLedgerRows(suite);
    await queue(suite, [], NOW);
    strictEqual(await register(suite, [dispatch(one), dispatch(one)]), 1);
    strictEqual(await register(suite, [dispatch(one)]), 0);
    deepStrictEqual(await queued(suite), ["dispatch_id d1"]);
    deepStrictEqual(await known(suite), {
      ledger_id: one,
      generation: 1,
      generations_differ: false,
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
    await queue(suite, [], NOW);
    strictEqual(await register(suite, [dispatch(two)]), 1);
    deepStrictEqual(await queued(suite), ["dispatch_id d1"]);
    strictEqual((await known(suite)).ambiguous, true);
    strictEqual(await register(suite, [dispatch(one)]), 0, "it does not become clear again");
    strictEqual((await known(suite)).ambiguous, true);
  }),
);

Deno.test(
  "register_identifiers() marks an identifier that arrives with two ledger rows at once",
  withSuite(async (suite) => {
    const [one, two] = await twoLedgerRows(suite);
    await register(suite, [dispatch(one), dispatch(two)]);
    strictEqual((await known(suite)).ambiguous, true);
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
      generations_differ: true,
      ambiguous: false,
      source: "event",
    });
    strictEqual(await register(suite, [dispatch(one, 1)]), 0, "it stays so");
    await register(suite, [dispatch(one, 1, "d2"), dispatch(one, 2, "d2")]);
    strictEqual((await known(suite, "d2")).generation, null, "both at once");
  }),
);

Deno.test(
  "register_identifiers() fills in a generation that was not known",
  withSuite(async (suite) => {
    const [one] = await twoLedgerRows(suite);
    await register(suite, [dispatch(one, null)]);
    strictEqual(await register(suite, [dispatch(one, null)]), 0);
    strictEqual(await register(suite, [dispatch(one, 2)]), 1);
    strictEqual((await known(suite)).generation, 2);
    strictEqual(await register(suite, [dispatch(one, null)]), 0);
    strictEqual((await known(suite)).generation, 2);
  }),
);

Deno.test(
  "register_identifiers() ends in the same registry whatever the order",
  withSuite(async (suite) => {
    const [one, two] = await twoLedgerRows(suite);
    const all = [dispatch(one, 1), dispatch(one, null), dispatch(one, 2), dispatch(two, 1)];
    for (const chosen of [all, all.slice(0, 3), all.slice(0, 2)]) {
      const results = new Set<string>();
      for (const order of permutations(chosen)) {
        await suite.sql`delete from public.schedule_identifiers`;
        for (const identifier of order) await register(suite, [identifier]);
        const { ledger_id, generation, generations_differ, ambiguous } = await known(suite);
        // An ambiguous identifier attributes nothing, so its generation means nothing.
        results.add(JSON.stringify([ledger_id, ambiguous || [generation, generations_differ]]));
      }
      strictEqual(results.size, 1, [...results].join(" "));
    }
  }),
);

Deno.test(
  "register_identifiers() registers no send id of our own form, which names its match by itself",
  withSuite(async (suite) => {
    const [one, two] = await twoLedgerRows(suite);
    await queue(suite, [], NOW);
    const send = (ledger_id: string, value: string) => ({
      ...dispatch(ledger_id),
      kind: "send_id",
      value,
    });
    strictEqual(
      await register(suite, [send(one, "match-1"), send(two, "match-1"), send(one, "match-1-2")]),
      0,
    );
    strictEqual(await register(suite, [send(one, "match-x"), dispatch(one, 1, "match-1")]), 2);
    deepStrictEqual(await queued(suite), ["dispatch_id match-1", "send_id match-x"]);
  }),
);

Deno.test(
  "register_identifiers() separates the kinds",
  withSuite(async (suite) => {
    const [one, two] = await twoLedgerRows(suite);
    await register(suite, [dispatch(one)]);
    await register(suite, [{ ...dispatch(two), kind: "send_id" }]);
    const rows = await suite
      .sql`select ambiguous from public.schedule_identifiers where value = 'd1'`;
    deepStrictEqual(rows.map(({ ambiguous }) => ambiguous), [false, false]);
  }),
);

function permutations<T>(all: readonly T[]): T[][] {
  if (all.length === 0) return [[]];
  return all.flatMap((first, place) =>
    permutations(all.toSpliced(place, 1)).map((rest) => [first, ...rest])
  );
}
