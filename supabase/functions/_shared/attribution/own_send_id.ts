/** The send id that we choose for a match, and keep over all its schedules: it comes back on events and in statistics. */
export function ownSendId(matchId: number): string {
  return `match-${matchId}`;
}
