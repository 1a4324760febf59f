/**
 * The same facts end in the same verdicts, whatever the order in which they become known.
 *
 * Each set of facts is played in all its orders, if they are few, or in some of them, in one request or several, and with
 * requests that die before they judge earlier events again. The result is worked out from the facts alone as well.
 * ORDER_SETS and ORDERS play more; SEED draws other sets.
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import fc from "fast-check";
import { Prng } from "../../../local/lib/prng.ts";
import { withDatabase } from "../../support/database.ts";
import { printLine } from "../../support/hostile/seed.ts";
import { Player, prepare } from "../../support/orders/database.ts";
import type { CallFact, Fact } from "../../support/orders/facts.ts";
import { AHEAD, factSets } from "../../support/orders/facts.ts";
import { oracle } from "../../support/orders/oracle.ts";

const SETS = Number(Deno.env.get("ORDER_SETS") ?? 15);
const ORDERS_MAX = Number(Deno.env.get("ORDERS") ?? 10);
const SEED = Number(Deno.env.get("SEED") ?? 1);

/** The minute from which on a fact may become known. */
function availableFrom(fact: Fact): number {
  if (fact.kind !== "event") return fact.minute;
  return fact.minute === AHEAD ? 0 : fact.minute - 2;
}

/** Whether `first` is known before `second` in each order that may occur. */
function mustPrecede(first: Fact, second: Fact): boolean {
  if (first.kind === "event") {
    // Afterwards it would no longer be dated ahead.
    return second.kind === "event" && first.minute === AHEAD && second.minute > AHEAD;
  }
  if (second.kind === "event") return first.minute < availableFrom(second);
  return first.matchId === second.matchId && first.minute < second.minute;
}

function split(facts: readonly Fact[]): { prefix: CallFact[]; rest: Fact[] } {
  const first = Math.min(...facts.filter(({ kind }) => kind === "event").map(availableFrom));
  const isEarly = (fact: Fact) => fact.kind !== "event" && fact.minute < first;
  return {
    prefix: facts.filter((fact): fact is CallFact => isEarly(fact))
      .sort((a, b) => a.minute - b.minute),
    rest: facts.filter((fact) => !isEarly(fact)),
  };
}

function* allOrders(rest: readonly Fact[]): Generator<Fact[]> {
  if (rest.length === 0) yield [];
  for (const [index, fact] of rest.entries()) {
    const others = rest.filter((_, other) => other !== index);
    if (others.some((other) => mustPrecede(other, fact))) continue;
    for (const order of allOrders(others)) yield [fact, ...order];
  }
}

function randomOrder(rest: readonly Fact[], prng: Prng): Fact[] {
  const left = [...rest];
  const order: Fact[] = [];
  while (left.length > 0) {
    const free = left.filter((fact) => !left.some((other) => mustPrecede(other, fact)));
    const [next] = prng.shuffled(free);
    if (next === undefined) throw new Error("Cannot order the facts: each waits for another");
    left.splice(left.indexOf(next), 1);
    order.push(next);
  }
  return order;
}

function ordersOf(rest: readonly Fact[], prng: Prng): Fact[][] {
  if (rest.length <= 3) return [...allOrders(rest)];
  return Array.from({ length: ORDERS_MAX }, () => randomOrder(rest, prng));
}

Deno.test("all orders of the same facts end in the same verdicts, registry and ledger", () =>
  withDatabase(async (sql) => {
    await prepare(sql);
    const connection = await sql.reserve();
    const player = new Player(connection);
    let played = 0;
    let refused = 0;
    const methods = new Map<string, number>();
    try {
      const property = fc.asyncProperty(factSets(5), fc.nat(), async (facts, seed) => {
        const { prefix, rest } = split(facts);
        const wanted = oracle(facts);
        for (const { method } of Object.values(wanted.events)) {
          methods.set(method, (methods.get(method) ?? 0) + 1);
        }
        const prng = new Prng(seed);
        await player.inTransaction(prefix, async () => {
          for (const order of ordersOf(rest, prng)) {
            const result = await player.play(order, prng);
            if (result === null) {
              refused++;
              continue;
            }
            played++;
            deepStrictEqual(
              result,
              wanted,
              `In the order ${JSON.stringify([...prefix, ...order])}`,
            );
          }
        });
      });
      await fc.assert(property, { numRuns: SETS, seed: SEED });
    } finally {
      connection.release();
    }
    const tally = [...methods].toSorted().map((entry) => entry.join(" ")).join(", ");
    printLine(
      `To run more than ${SETS} sets of facts in ${played} orders (${refused} cannot occur; ${tally}): ` +
        `SEED=${SEED + 1} ORDER_SETS=1000 ORDERS=200`,
    );
    ok(played > SETS);
  }));
