/**
 * The send ids that the suite makes: `match-<match id>` for the first intent of a match, `match-<match id>-<n>` for a later
 * one. They belong to their match by construction, so no event registers them or makes them ambiguous.
 */
const OWN_FORM = /^match-(0|[1-9][0-9]{0,14})(?:-[0-9]{1,6})?$/;

/** The send id of an intent, shared by all its schedules. Braze returns it on events and in statistics. */
export function ownSendId(matchId: number, intent: number): string {
  return intent === 1 ? `match-${matchId}` : `match-${matchId}-${intent}`;
}

/** The match of a send id in our own form, null for any other send id. */
export function matchOfSendId(sendId: string): number | null {
  const [, matchId] = OWN_FORM.exec(sendId) ?? [];
  return matchId === undefined ? null : Number(matchId);
}
