/** How often everything fails that can. Each kind has its own probability, and in many worlds it is none. */
import type { SwitchesPatch } from "../../local/braze_sandbox/switches.ts";
import type { Prng } from "../../local/lib/prng.ts";

export type FaultList = NonNullable<SwitchesPatch["faults"]>;

export interface FaultRates {
  /** Of a run or a request: that its isolate dies somewhere on the way. */
  readonly death: number;
  /** The same of a request to the webhook, which Braze repeats. */
  readonly webhookDeath: number;
  /** Of a lesson that a request to the webhook is about to apply: that it dies then, and a reconciliation comes first. */
  readonly lessonForgotten: number;
  /** Of a call to the database: that it never arrives, and that its answer is lost. */
  readonly databaseRefuses: number;
  readonly databaseAnswerLost: number;
  /** Of a scheduled time of pg_cron's, and of a request of pg_net's. */
  readonly missed: number;
  readonly doubled: number;
  readonly late: number;
  readonly lateMsMax: number;
  /** Braze's own, as the sandbox plays them. */
  readonly braze: FaultList;
}

/** Few calls change Braze, and those are the ones that hurt. */
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

/** Some endpoints that fail again and again for the length of a world. */
function drawTrouble(prng: Prng): FaultList {
  if (prng.chance(0.15)) {
    // A schedule that is gone, and a key that may not delete.
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
      // Longer than the suite waits for an answer.
      ...fault("latency", 0.06, { latencyMs: 1_000 * (1 + prng.below(40)) }),
    ],
  };
}
