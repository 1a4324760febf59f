/** What a person can do, in the words of the page: those of runbook and chat, as buttons have them. The functions know the same verbs; a test compares the names. */

export interface Wording {
  /** On the button. */
  readonly label: string;
  /** What it will do. */
  readonly does: string;
  /** What it did. */
  readonly did: string;
  /** The option that accepts a risk, with its label; absent: the verb has none. */
  readonly accepts?: {
    readonly option: "accept_double_push" | "accept_no_push";
    readonly label: string;
  };
}

const DOUBLE = {
  option: "accept_double_push",
  label: "Do it although some users may get two pushes",
} as const;

export const MATCH_VERBS = {
  cancel: {
    label: "Cancel the push",
    does: "The push does not go out: it is turned away, and its schedule is deleted in Braze.",
    did: "The push is cancelled",
  },
  reschedule: {
    label: "Reschedule",
    does: "A push that was taken off, here or in Braze, gets a new schedule in Braze.",
    did: "The push is scheduled again",
    accepts: DOUBLE,
  },
  declare_gone: {
    label: "Declare gone",
    does:
      "You have looked in Braze and its schedule is not there. A new schedule is made, if the match is to have a push.",
    did: "The schedule counts as gone",
    accepts: DOUBLE,
  },
  release: {
    label: "Release",
    does: "A push that is held goes out at its time.",
    did: "The push is not held any more",
  },
  push_again: {
    label: "Push again",
    does: "The match is played again: users get another push for it, at its new time.",
    did: "The match gets another push",
    accepts: DOUBLE,
  },
  mark_sent: {
    label: "Mark as sent",
    does:
      "You confirm that the push went out, although nothing proves it. The page says “confirmed by a person”, and the match is not pushed again.",
    did: "The push is confirmed as sent",
  },
  mark_not_sent: {
    label: "Mark as not sent",
    does: "You state that the push did not go out. “Reschedule” then gives the match another.",
    did: "The push counts as not sent",
  },
  confirm_removals: {
    label: "Confirm removals",
    does:
      "The change of this match that is held, since many came at once, is carried out: its push is taken off or made anew.",
    did: "The held change is confirmed",
  },
  undo: {
    label: "Undo",
    does:
      "The last thing that a person did to this match is taken back, as long as Braze was not asked.",
    did: "The action is undone",
  },
} as const satisfies Readonly<Record<string, Wording>>;

export const SCHEDULE_VERBS = {
  adopt_schedule: {
    label: "Adopt schedule",
    does:
      "The schedule in Braze becomes the one of its match, with the time and text of the match.",
    did: "The schedule is the match's own now",
  },
  keep_schedule: {
    label: "Keep schedule",
    does: "The schedule stays in Braze as it is, and is told no more. Its push goes out.",
    did: "The schedule stays",
    accepts: DOUBLE,
  },
  delete_schedule: {
    label: "Delete schedule",
    does: "The schedule is deleted in Braze. Its push does not go out.",
    did: "The schedule is deleted in Braze",
    accepts: {
      option: "accept_no_push",
      label: "Do it although the match may have no other push",
    },
  },
} as const satisfies Readonly<Record<string, Wording>>;

export const ALERT_VERBS = {
  resolve: {
    label: "Resolve",
    does: "The alert is closed with your words. What happened stays in the history of the match.",
    did: "The alert is closed",
  },
} as const satisfies Readonly<Record<string, Wording>>;

export type MatchVerb = keyof typeof MATCH_VERBS;
export type ScheduleVerb = keyof typeof SCHEDULE_VERBS;
export type AlertVerb = keyof typeof ALERT_VERBS;
export type Verb = MatchVerb | ScheduleVerb | AlertVerb;

const ALL: Readonly<Record<string, Wording>> = {
  ...MATCH_VERBS,
  ...SCHEDULE_VERBS,
  ...ALERT_VERBS,
};

export function wordingOf(verb: Verb): Wording {
  return ALL[verb]!;
}

export function isMatchVerb(name: string): name is MatchVerb {
  return Object.hasOwn(MATCH_VERBS, name);
}

/** What a person did, in words; names that are no verbs are returned as words. */
export function pastOf(action: string): string {
  return Object.hasOwn(ALL, action) ? ALL[action]!.did : action.replaceAll("_", " ");
}

/** The names of verbs in a text of the database as the buttons have them: `mark_sent` becomes “Mark as sent”. */
export function withLabels(text: string): string {
  // A name of one word is left as it is: its button has the same word.
  return text.replaceAll(
    /`(\w+)`|\b\w+_\w+\b/g,
    (name, quoted) => Object.hasOwn(ALL, quoted ?? name) ? `“${ALL[quoted ?? name]!.label}”` : name,
  );
}
