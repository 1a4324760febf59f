/** Draws Braze's behaviour: what its documentation leaves open, and how reliably it delivers events. */
import type { Switches, SwitchesPatch } from "../../local/braze_sandbox/switches.ts";
import type { Prng } from "../../local/lib/prng.ts";

export interface DrawnSwitches {
  readonly switches: SwitchesPatch;
  /** Whether events ever carry the echo of our templates. */
  readonly carriesEcho: boolean;
  /** How the campaign's templates use the send gate, which the suite's settings state. */
  readonly sendGate: Switches["sendGate"];
}

export function drawSwitches(prng: Prng): DrawnSwitches {
  const one = <T>(...choices: readonly T[]): T => choices[prng.below(choices.length)]!;
  const refusal = () => one("refuse", "accept") as "refuse" | "accept";
  // In some worlds events carry no evidence of their origin except their time.
  const hasNoEvidence = prng.chance(0.15);
  const carriesEcho = !hasNoEvidence && prng.chance(0.75);
  const carriesSendId = !hasNoEvidence && prng.chance(0.7);
  const listingMode = one<Switches["listingMode"]>(
    "per_schedule",
    "per_schedule",
    "per_campaign",
    "omit",
  );
  const currents = prng.chance(0.9);
  const gates = ["off", "off", "fail_open", "fail_closed", "fail_closed"] as const;
  const sendGate = gates[prng.fork("send gate").below(gates.length)]!;
  return {
    carriesEcho,
    sendGate,
    switches: {
      sendGate,
      listingMode,
      listingLagSeconds: one(0, 0, 60, 240),
      onUpdateMissing: refusal(),
      onDeleteMissing: refusal(),
      onUnknownSendId: refusal(),
      onStoppedCampaign: refusal(),
      onPastTime: one("send_now", "refuse"),
      createAnswersDispatchId: prng.chance(0.7),
      createAnswersSendId: prng.chance(0.3),
      dispatchIdKept: prng.chance(0.7),
      dispatchIdsPerSchedule: one(1, 1, 3, 6),
      // Without other evidence, a shared dispatch id cannot be attributed.
      sharedDispatchProbability: carriesEcho || carriesSendId ? one(0, 0, 0.3) : 0,
      eventsCarryDispatchId: !hasNoEvidence && prng.chance(0.8),
      eventsCarrySendId: carriesSendId,
      eventsCarryEcho: carriesEcho,
      silentSendProbability: one(0, 0, 0.3),
      datedAheadProbability: prng.fork("dated ahead").chance(0.3) ? 0.05 : 0,
      nearSendSeconds: one(0, 120, 600),
      nearSendSurvivalProbability: prng.next(),
      schedulesReturnOnResume: prng.chance(0.5),
      clockSkewSeconds: one(0, 0, prng.below(181) - 90),
      sendSpreadSeconds: one(0, 30, 90, 240),
      abortProbability: one(0, 0.05),
      bounceProbability: one(0, 0.05),
      openProbability: one(0.04, 0.3),
      openDelaySecondsMax: one(600, 3_600),
      statisticsLagSeconds: one(0, 600, 3_600),
      currents: { enabled: currents, waitSeconds: one(5, 60), ...drawDelivery(prng) },
      webhook: { enabled: !currents || prng.chance(0.35), ...drawDelivery(prng) },
    },
  };
}

function drawDelivery(prng: Prng) {
  const one = <T>(...choices: readonly T[]): T => choices[prng.below(choices.length)]!;
  return {
    lossProbability: one(0, 0, 0, 0.03, 0.3),
    duplicateProbability: one(0.01, 0.2, 0.6),
    delaySecondsMax: one(0, 0, 300, 3_600, 86_000),
    reorder: prng.chance(0.8),
  };
}
