/** The send id of a match, shared by all its schedules. Braze returns it on events and in statistics. */
export function ownSendId(matchId: number): string {
  return `match-${matchId}`;
}
