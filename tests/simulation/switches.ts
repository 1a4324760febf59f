/** The behaviour of Braze in a world: everything its documentation leaves open, and which events are delivered. */
import type { Switches, SwitchesPatch } from "../../local/braze_sandbox/switches.ts";
import type { Prng } from "../../local/lib/prng.ts";

export interface DrawnSwitches {
  readonly switches: SwitchesPatch;
  /** Whether events ever echo the trigger properties of the schedule. */
  readonly isEchoTold: boolean;
  /** The behaviour of the campaign's templates, and the suite's settings for them. */
  readonly sendGate: Switches["sendGate"];
}

export function drawSwitches(prng: Prng): DrawnSwitches {
  const one = <T>(...choices: readonly T[]): T => choices[prng.below(choices.length)]!;
  const refusal = () => one("refuse", "accept") as "refuse" | "accept";
  // In some worlds only the time of an event shows its origin.
  const isMute = prng.chance(0.15);
  const isEchoTold = !isMute && prng.chance(0.75);
  const carriesSendId = !isMute && prng.chance(0.7);
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
    isEchoTold,
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
      // Where nothing else distinguishes the events, the owner of a shared id cannot be known.
      sharedDispatchProbability: isEchoTold || carriesSendId ? one(0, 0, 0.3) : 0,
      eventsCarryDispatchId: !isMute && prng.chance(0.8),
      eventsCarrySendId: carriesSendId,
      eventsCarryEcho: isEchoTold,
      silentSendProbability: one(0, 0, 0.3),
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
