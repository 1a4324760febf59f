/** Six free ports in a row, for what takes a base: the stack's five and the dashboard's. */
import { fixedPorts, freePorts } from "../../local/stack/ports.ts";

export function freeBase(): number {
  for (let attempt = 0; attempt < 50; attempt++) {
    try {
      const base = fixedPorts(freePorts().gateway).gateway;
      fixedPorts(base + 1);
      return base;
    } catch {
      // One of the six is taken: another base.
    }
  }
  throw new Error("Cannot find six free ports in a row");
}
