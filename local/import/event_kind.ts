/** The kind of a file's events, which exports of Currents to storage state in the name of a folder only. */
import { resolve } from "node:path";
import { MESSAGE_EVENT } from "../../supabase/functions/_shared/events/currents.ts";
import { StackFailure } from "../lib/failure.ts";

export interface EventKind {
  /** As in `users.messages.pushnotification.Send`. */
  readonly eventType: string;
  /** Where it is stated. */
  readonly statedBy: "the path" | "--event-type";
}

/** Whether the suite stores events of this kind. */
export function isMessageKind(eventType: string): boolean {
  return MESSAGE_EVENT.test(eventType);
}

/** The kind that `event_type=…` in the path or the argument states; null if neither does. */
export function kindOfFile(path: string, argument: string | null): EventKind | null {
  const inPath = resolve(path).split("/")
    .flatMap((name) => /^event_type=(.+)$/.exec(name)?.[1] ?? [])
    .at(-1);
  if (inPath !== undefined && argument !== null && inPath !== argument) {
    throw new StackFailure(
      `Cannot import ${path}: its path and --event-type must state one kind, got ${inPath} and ${argument}`,
    );
  }
  if (inPath !== undefined) return { eventType: inPath, statedBy: "the path" };
  return argument === null ? null : { eventType: argument, statedBy: "--event-type" };
}
