/** Whether another clock agrees with ours. */
import { type Finding, ok, unknown, wrong } from "./finding.ts";

/** Signatures are good for five minutes: a fifth of that is safe, and longer than any network delay. */
const APART_SECONDS_MAX = 60;

export function compareClocks(check: string, theirs: Date | null, ours: Date): Finding {
  if (theirs === null || Number.isNaN(theirs.getTime())) {
    return unknown(check, "it did not return its time");
  }
  const apartSeconds = Math.round((theirs.getTime() - ours.getTime()) / 1_000);
  return Math.abs(apartSeconds) <= APART_SECONDS_MAX
    ? ok(check, `${Math.abs(apartSeconds)} s apart from here`)
    : wrong(
      check,
      `${Math.abs(apartSeconds)} s ${apartSeconds > 0 ? "ahead of" : "behind"} this machine`,
      "Set this machine's clock (NTP); if it is right, report it to the operator of the other clock",
    );
}
