import { notStrictEqual, rejects, strictEqual, throws } from "node:assert/strict";
import { StackFailure } from "../../../../local/lib/failure.ts";
import { fixedPorts, freePorts, onFreePorts } from "../../../../local/stack/ports.ts";
import { freeBase } from "../../../support/ports.ts";

Deno.test("fixedPorts() returns five successive ports", () => {
  const base = freeBase();
  const ports = fixedPorts(base);
  strictEqual(ports.gateway, base);
  strictEqual(ports.database, base + 1);
  strictEqual(ports.rest, base + 2);
  strictEqual(ports.braze, base + 4);
});

Deno.test("fixedPorts() names the port that is in use and what it was for", () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  try {
    const { port } = listener.addr;
    throws(
      () => fixedPorts(port),
      new RegExp(`Cannot use port ${port} for gateway: it must be free, got one in use`),
    );
  } finally {
    listener.close();
  }
});

for (const base of [80, 70_000, 1.5, NaN]) {
  Deno.test(`fixedPorts() refuses ${base}`, () => {
    throws(() => fixedPorts(base), /must be a whole number from 1024 to 65531/);
  });
}

Deno.test("fixedPorts() refuses a port that fetch cannot reach", () => {
  throws(() => fixedPorts(5_999), /Cannot use port 6000 for database: .* fetch refuses/);
});

Deno.test("freePorts() gives five different ones", () => {
  const ports = Object.values(freePorts());
  strictEqual(new Set(ports).size, 5);
  notStrictEqual(ports[0], 0);
});

Deno.test("onFreePorts() starts again on other ports when one was taken meanwhile", async () => {
  const tried: number[] = [];
  const started = await onFreePorts(({ gateway }) => {
    tried.push(gateway);
    if (tried.length === 1) return Promise.reject(new Deno.errors.AddrInUse());
    if (tried.length === 2) {
      return Promise.reject(new StackFailure("its log ends with: Address already in use"));
    }
    return Promise.resolve(gateway);
  });
  strictEqual(tried.length, 3);
  strictEqual(started, tried[2]);
});

Deno.test("onFreePorts() does not start again after any other failure", async () => {
  let starts = 0;
  await rejects(
    onFreePorts(() => {
      starts++;
      return Promise.reject(new StackFailure("Cannot start Postgres: no space left"));
    }),
    /no space left/,
  );
  strictEqual(starts, 1);
});
