/** Five free ports in a row, for what takes a base. */
import { fixedPorts, freePorts } from "../../local/ports.ts";

export function freeBase(): number {
  for (let attempt = 0; attempt < 50; attempt++) {
    try {
      return fixedPorts(freePorts().gateway).gateway;
    } catch {
      // One of the five is taken: another base.
    }
  }
  throw new Error("Cannot find five free ports in a row");
}
