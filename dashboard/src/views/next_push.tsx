/** Time until the next push; red instead of calm when that push is in trouble. */
import { usePage } from "../context.ts";
import { plural } from "../format.ts";
import { MatchLink } from "../parts/match_link.tsx";
import { VerdictChip } from "../parts/status.tsx";
import { Time } from "../parts/time.tsx";
import type { Verdict } from "../rows.ts";
import { countdown } from "../time.ts";
import { useNow } from "../use_polled.ts";
import { nextPush } from "../verdict.ts";

export function NextPushBar({ verdicts, next }: {
  readonly verdicts: readonly Verdict[];
  /** The next push on any day, if one is pending. */
  readonly next: Verdict | null;
}) {
  const { clock } = usePage();
  const now = useNow(clock);
  const isShown = verdicts.some(({ match_id }) => match_id === next?.match_id);
  const coming = nextPush(next === null || isShown ? verdicts : [...verdicts, next], now);
  if (coming === null) return <p class="bar off">No push is still to come.</p>;
  const { sendAt, matches, trouble } = coming;
  const [first] = matches;
  if (first === undefined) return null;
  const others = matches.length - 1;
  const names = `${first.home_team} – ${first.away_team}`;
  return (
    <div class={`bar next ${trouble === null ? "calm" : "bad"}`}>
      {/* Not announced each second; a screen reader user reads it on demand. */}
      <span class="big" role="timer" aria-live="off">
        {countdown(sendAt.getTime() - now.getTime())}
      </span>
      <span class="next-text">
        {trouble === null ? "Next push" : "The next push is in trouble"}, at{" "}
        <Time at={sendAt.toISOString()} as="short" />:{" "}
        <strong>
          <MatchLink matchId={first.match_id}>{names}</MatchLink>
        </strong>
        {others > 0 ? ` and ${plural(others, "more", "more")}` : ""}
        {trouble === null ? null : <span class="next-why">{troubleText(trouble)}</span>}
      </span>
      <VerdictChip verdict={first} />
    </div>
  );
}

function troubleText({ verdict, why, alerts }: Verdict): string {
  const critical = alerts.find(({ severity }) => severity === "critical");
  return verdict === "scheduled" && critical !== undefined ? critical.title : why;
}
