/** The probability of each kind of fault. Many worlds have a probability of zero for some kinds. */
import type { SwitchesPatch } from "../../local/braze_sandbox/switches.ts";
import type { Prng } from "../../local/lib/prng.ts";

export type FaultList = NonNullable<SwitchesPatch["faults"]>;

export interface FaultRates {
  /** Per run or request: its isolate dies at one of its calls. */
  readonly death: number;
  /** The same per request to the webhook, which Braze repeats. */
  readonly webhookDeath: number;
  /** Per registration of newly known identifiers by a webhook request: it dies first, and a reconciliation runs. */
  readonly lessonForgotten: number;
  /** Per call to the database: it never arrives, or its answer is lost. */
  readonly databaseRefuses: number;
  readonly databaseAnswerLost: number;
  /** Per scheduled time of pg_cron, and per request of pg_net. */
  readonly missed: number;
  readonly doubled: number;
  readonly late: number;
  readonly lateMsMax: number;
  /** Faults of Braze, injected by the sandbox. */
  readonly braze: FaultList;
}

/** Few calls change Braze, and their faults matter most. */
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

/** Some endpoints fail repeatedly for the whole world. */
function drawTrouble(prng: Prng): FaultList {
  if (prng.chance(0.15)) {
    // A schedule that no longer exists, and a key without the permission to delete.
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
    lessonForgotten: prng.fork("lessons").chance(0.9) ? 0 : 0.6,
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
      // Longer than the suite's request time-out.
      ...fault("latency", 0.06, { latencyMs: 1_000 * (1 + prng.below(40)) }),
    ],
  };
}
