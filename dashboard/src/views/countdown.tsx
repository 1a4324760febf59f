/** Time until the next push, and the result of its last pre-flight check. */
import { usePage } from "../context.ts";
import { Chip, preflightState } from "../parts/status.tsx";
import { Time } from "../parts/time.tsx";
import type { MatchdayMatch } from "../rows.ts";
import { hashOf } from "../route.ts";
import { countdown, dateIn } from "../time.ts";
import { useNow } from "../use_polled.ts";
import { MatchLink } from "../parts/match_link.tsx";

export function Countdown({ matches, next, date }: {
  readonly matches: readonly MatchdayMatch[];
  /** The next push on any day. */
  readonly next: string | null;
  readonly date: string;
}) {
  const { clock, zone, route } = usePage();
  const now = useNow(clock);
  const upcoming = matches.filter(({ status, send_at }) =>
    status === "pending" && send_at !== null && new Date(send_at) > now
  );
  const [first] = upcoming;
  if (first?.send_at == null) {
    const day = next === null ? null : dateIn(new Date(next), zone);
    return (
      <p class="countdown quiet" role="timer" aria-live="off">
        {next === null || day === null ? "No upcoming push is scheduled." : day === date
          ? (
            <>
              Next push <Time at={next} as="ago" />.
            </>
          )
          : (
            <>
              No more push on this day. The next one is on{" "}
              <a href={hashOf({ view: "matchday", date: day, zone: route.zone })}>
                <Time at={next} />
              </a>.
            </>
          )}
      </p>
    );
  }
  const together = upcoming.filter(({ send_at }) => send_at === first.send_at);
  const { tone, text } = preflightState(first.preflight_result);
  return (
    <div class="countdown">
      {/* Not announced each second; a screen reader user reads it on demand. */}
      <span class="big" role="timer" aria-live="off">
        {countdown(new Date(first.send_at).getTime() - now.getTime())}
      </span>
      <span class="countdown-text">
        until{" "}
        <strong>
          <MatchLink matchId={first.match_id}>
            {`${first.home_team} – ${first.away_team}`}
          </MatchLink>
        </strong>
        {together.length > 1 ? ` and ${together.length - 1} more` : ""}, at{" "}
        <Time at={first.send_at} as="clock" />
      </span>
      <span class="countdown-check">
        Last check <Chip tone={tone}>{text}</Chip>
        {first.preflight_at === null
          ? <span class="quiet">5 to 15 minutes before</span>
          : <Time at={first.preflight_at} as="ago" />}
      </span>
    </div>
  );
}
