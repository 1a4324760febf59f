/** The matches of one day on one time axis, updated live while pushes are sent. */
import { useEffect, useRef, useState } from "preact/hooks";
import { usePage } from "../context.ts";
import { plural } from "../format.ts";
import { AlertList } from "../parts/alert_list.tsx";
import { Content, Empty } from "../parts/states.tsx";
import { generalAlerts, matchday, nextSend } from "../read.ts";
import { hashOf } from "../route.ts";
import type { MatchdayMatch } from "../rows.ts";
import { addDays, dateIn, dayName, startOfDay } from "../time.ts";
import { usePolled } from "../use_polled.ts";
import { Countdown } from "./countdown.tsx";
import { MatchdayTable } from "./matchday_table.tsx";

const POLL_MS = { live: 5_000, quiet: 30_000 };
/** Fast polling around a push, when its counts change by the second; each read counts the day's events. */
const LIVE_MS = { before: 15 * 60_000, after: 2 * 3_600_000 };

export function MatchdayView() {
  const { client, clock, route, zone, announce } = usePage();
  const date = route.date ?? dateIn(clock.now(), zone);
  const [isLive, setLive] = useState(true);
  const polled = usePolled(
    `matchday ${date} ${zone}`,
    async () => {
      const [matches, next, general] = await Promise.all([
        matchday(client, startOfDay(date, zone), startOfDay(addDays(date, 1), zone)),
        nextSend(client, clock.now()),
        generalAlerts(client),
      ]);
      return { matches, next, general };
    },
    clock,
    isLive ? POLL_MS.live : POLL_MS.quiet,
  );
  const matches = polled.data?.matches;
  const announced = useRef("");
  useEffect(() => {
    if (matches === undefined) return;
    setLive(isAroundAPush(matches, clock.now()));
    const text = inWords(matches);
    // A screen reader reads the first data with the page; only later changes are announced.
    if (announced.current !== "" && announced.current !== text) announce(text);
    announced.current = text;
  }, [matches]);

  return (
    <>
      <DayPicker date={date} />
      <Content polled={polled}>
        {({ matches, next, general }) => (
          <>
            <AlertList alerts={general} />
            <Countdown matches={matches} next={next} date={date} />
            {matches.length === 0
              ? (
                <Empty title="No match on this day">
                  The fixture list has none that kicks off or is pushed then.
                </Empty>
              )
              : <MatchdayTable matches={matches} />}
          </>
        )}
      </Content>
    </>
  );
}

function isAroundAPush(matches: readonly MatchdayMatch[], now: Date): boolean {
  return matches.some(({ send_at }) => {
    const sinceMs = send_at === null ? Infinity : now.getTime() - new Date(send_at).getTime();
    return sinceMs > -LIVE_MS.before && sinceMs < LIVE_MS.after;
  });
}

function inWords(matches: readonly MatchdayMatch[]): string {
  const sent = matches.filter(({ status }) => status === "sent").length;
  const alerts = matches.reduce((sum, match) => sum + match.alerts.length, 0);
  return `${sent} of ${plural(matches.length, "match", "matches")} sent, ${
    plural(alerts, "open alert")
  }`;
}

function DayPicker({ date }: { readonly date: string }) {
  const { route } = usePage();
  const to = (day: string) => hashOf({ view: "matchday", date: day, zone: route.zone });
  return (
    <div class="day">
      <a class="step" href={to(addDays(date, -1))} aria-label="The day before">‹</a>
      <label>
        <span class="visually-hidden">Day</span>
        <input
          type="date"
          value={date}
          onChange={(event) => {
            if (event.currentTarget.value !== "") location.hash = to(event.currentTarget.value);
          }}
        />
      </label>
      <a class="step" href={to(addDays(date, 1))} aria-label="The day after">›</a>
      <span class="day-name">{dayName(date)}</span>
      {route.date === null
        ? null
        : <a href={hashOf({ view: "matchday", zone: route.zone })}>Today</a>}
    </div>
  );
}
