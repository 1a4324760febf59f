/** Draws the probability of each kind of fault; in many worlds it is zero. */
import type { SwitchesPatch } from "../../local/braze_sandbox/switches.ts";
import type { Prng } from "../../local/lib/prng.ts";

export type FaultList = NonNullable<SwitchesPatch["faults"]>;

export interface FaultRates {
  /** That the isolate of a run or a request dies at one of its calls. */
  readonly death: number;
  /** The same for a request to the webhook, which Braze retries. */
  readonly webhookDeath: number;
  /** That a request to the webhook dies before it judges events again, and a reconciliation follows. */
  readonly identifiersUnapplied: number;
  /** That a call to the database is refused, and that its answer is lost. */
  readonly databaseRefuses: number;
  readonly databaseAnswerLost: number;
  /** For scheduled times of pg_cron and requests of pg_net. */
  readonly missed: number;
  readonly doubled: number;
  readonly late: number;
  readonly lateMsMax: number;
  /** Faults of Braze, which the sandbox injects. */
  readonly braze: FaultList;
}

/** The endpoints that change Braze, where faults have the most effect. */
const CHANGING = [
  "/campaigns/trigger/schedule/create",
  "/campaigns/trigger/schedule/update",
  "/campaigns/trigger/schedule/delete",
] as const;
const KINDS = [
  "status",
  "429",
  "timeout_before_effect",
  "timeout_after_effect",
  "drop_connection",
  "malformed",
  "latency",
] as const;

/** Some endpoints fail repeatedly during a whole world. */
function drawTrouble(prng: Prng): FaultList {
  if (prng.chance(0.15)) {
    // As for a missing schedule (400), or for a key without the permission to delete (403).
    const status = [400, 403][prng.below(2)]!;
    return [{
      endpoint: CHANGING[2],
      kind: "status",
      probability: 0.3 + 0.4 * prng.next(),
      status,
    }];
  }
  return CHANGING.flatMap((endpoint) => {
    if (prng.chance(0.65)) return [];
    const kind = KINDS[prng.below(KINDS.length)]!;
    return [{
      endpoint,
      kind,
      probability: 0.2 + 0.5 * prng.next(),
      ...(kind === "status" ? { status: [400, 500, 503][prng.below(3)]! } : {}),
      ...(kind === "latency" ? { latencyMs: 1_000 * (5 + prng.below(30)) } : {}),
    }];
  });
}

export function drawFaults(prng: Prng): FaultRates {
  const rate = (max: number) => prng.chance(0.6) ? 0 : max * prng.next();
  const fault = (kind: FaultList[number]["kind"], max: number, more = {}): FaultList => {
    const probability = rate(max);
    return probability === 0 ? [] : [{ endpoint: "*", kind, probability, ...more }];
  };
  return {
    death: rate(0.25),
    webhookDeath: rate(0.5),
    // The label is part of the seed: another one would draw other worlds.
    identifiersUnapplied: prng.fork("lessons").chance(0.9) ? 0 : 0.6,
    databaseRefuses: rate(0.02),
    databaseAnswerLost: rate(0.02),
    missed: rate(0.2),
    doubled: rate(0.2),
    late: rate(0.2),
    lateMsMax: 60_000 * (1 + prng.below(9)),
    braze: [
      ...drawTrouble(prng.fork("trouble")),
      ...fault("status", 0.08, { status: 500 }),
      ...fault("status", 0.04, { status: 400 }),
      ...fault("429", 0.08),
      ...fault("timeout_before_effect", 0.06),
      ...fault("timeout_after_effect", 0.08),
      ...fault("drop_connection", 0.06),
      ...fault("malformed", 0.05),
      // Up to longer than the suite waits for an answer.
      ...fault("latency", 0.06, { latencyMs: 1_000 * (1 + prng.below(40)) }),
    ],
  };
}
