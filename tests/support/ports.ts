/** The base of six consecutive free ports: five for the stack and one for the dashboard. */
import { fixedPorts, freePorts } from "../../local/stack/ports.ts";

export function freeBase(): number {
  for (let attempt = 0; attempt < 50; attempt++) {
    try {
      const base = fixedPorts(freePorts().gateway).gateway;
      fixedPorts(base + 1);
      return base;
    } catch {
      // One of the six is taken: try another base.
    }
  }
  throw new Error("Cannot find six free ports in a row");
}
