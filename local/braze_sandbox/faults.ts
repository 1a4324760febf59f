/** Picks the fault for a call, and counts down the rules with a limited number of uses. */
import type { Prng } from "../lib/prng.ts";
import type { FaultRule } from "./fault_rule.ts";
import type { Switchboard } from "./switches.ts";

export class Faults {
  /** How often each kind has fired. */
  readonly fired = new Map<FaultRule["kind"], number>();
  readonly #prng: Prng;

  constructor(readonly switchboard: Switchboard, prng: Prng) {
    this.#prng = prng.fork("faults");
  }

  /** The first rule for this endpoint whose chance comes true. */
  pick(endpoint: string): FaultRule | undefined {
    const rules = this.switchboard.current.faults;
    const rule = rules.find((rule) =>
      (rule.endpoint === "*" || rule.endpoint === endpoint) && this.#prng.chance(rule.probability)
    );
    if (rule !== undefined) this.fired.set(rule.kind, (this.fired.get(rule.kind) ?? 0) + 1);
    if (rule?.times !== undefined) {
      const { times, ...rest } = rule;
      this.switchboard.set({
        faults: rules.flatMap((other) =>
          other !== rule ? [other] : times > 1 ? [{ ...rest, times: times - 1 }] : []
        ),
      });
    }
    return rule;
  }
}
