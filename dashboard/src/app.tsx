/** The frame around every view: navigation, what does not run, clock and time zone. */
import type { ComponentType } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { CADENCES, silences } from "./cadence.ts";
import type { Connection } from "./client.ts";
import { type LastRead, type Page, PageProvider, usePage } from "./context.ts";
import { count } from "./format.ts";
import { NAME } from "./name.ts";
import { ClockAndZone } from "./parts/clock.tsx";
import { Time } from "./parts/time.tsx";
import { type Overview, overview } from "./read.ts";
import { hashOf, readRoute, type View } from "./route.ts";
import { Session } from "./session.tsx";
import { dateIn, dayName, ownZone } from "./time.ts";
import { useNow, usePolled } from "./use_polled.ts";
import { Alerts } from "./views/alerts.tsx";
import { Counts } from "./views/counts.tsx";
import { Duplicates } from "./views/duplicates.tsx";
import { Health } from "./views/health.tsx";
import { Jobs } from "./views/jobs.tsx";
import { Match } from "./views/match.tsx";
import { Tonight } from "./views/tonight.tsx";

const PAGES: Readonly<Record<View, { readonly title: string; readonly show: ComponentType }>> = {
  tonight: { title: "Tonight", show: Tonight },
  match: { title: "Match", show: Match },
  alerts: { title: "Alerts", show: Alerts },
  jobs: { title: "Jobs", show: Jobs },
  counts: { title: "Counts", show: Counts },
  health: { title: "Health", show: Health },
  duplicates: { title: "Duplicates", show: Duplicates },
};
const MENU = (Object.keys(PAGES) as View[]).filter((view) => view !== "match");
const NAMES = CADENCES.map(({ name }) => name);
const POLL_MS = 15_000;

export function App({ connection }: { readonly connection: Connection }) {
  return (
    <Session connection={connection}>
      {(signOut) => <Shell connection={connection} signOut={signOut} />}
    </Session>
  );
}

function Shell({ connection, signOut }: {
  readonly connection: Connection;
  readonly signOut: (() => void) | null;
}) {
  const { client, clock } = connection;
  const [route, setRoute] = useState(() => readRoute(location.hash));
  const [news, setNews] = useState("");
  const [lastRead, setLastRead] = useState<LastRead>({ at: null, hasFailed: false });
  const heading = useRef<HTMLHeadingElement>(null);
  const zone = route.zone ?? ownZone();
  const { data } = usePolled("overview", () => overview(client, NAMES), clock, POLL_MS);
  const { title, show: View } = PAGES[route.view];
  const isOtherDay = route.view === "tonight" && route.date !== null &&
    route.date !== dateIn(clock.now(), zone);
  const name = route.view === "match"
    ? `Match ${route.matchId}`
    : isOtherDay
    ? dayName(route.date)
    : title;

  useEffect(() => {
    const onChange = () => setRoute(readRoute(location.hash));
    addEventListener("hashchange", onChange);
    return () => removeEventListener("hashchange", onChange);
  }, []);

  const open = data?.openAlerts ?? 0;
  useEffect(() => {
    document.title = `${open === 0 ? "" : `(${open}) `}${name} · ${NAME}`;
  }, [name, open]);

  const isFirst = useRef(true);
  useEffect(() => {
    // Moves focus to the heading after navigation, but not on the first load.
    if (!isFirst.current) heading.current?.focus();
    isFirst.current = false;
    setNews("");
  }, [name]);

  const page = useMemo<Page>(
    () => ({ ...connection, route, zone, announce: setNews, noteRead: setLastRead }),
    [connection, route, zone],
  );
  return (
    <PageProvider value={page}>
      <a
        class="skip"
        href="#content"
        onClick={(event) => {
          event.preventDefault();
          heading.current?.focus();
        }}
      >
        Skip to content
      </a>
      <header class="top">
        <span class="brand">{NAME}</span>
        <nav aria-label="Views">
          {MENU.map((view) => (
            <a
              key={view}
              href={hashOf({
                view,
                zone: route.zone,
                date: view === "tonight" && route.view !== "tonight" ? route.date : null,
              })}
              aria-current={view === route.view ? "page" : undefined}
            >
              {PAGES[view].title}
              {view === "alerts" && open > 0
                ? (
                  <span class="badge">
                    {count(open)}
                    <span class="visually-hidden">open</span>
                  </span>
                )
                : null}
            </a>
          ))}
        </nav>
        <ClockAndZone lastRead={lastRead} />
        {signOut === null ? null : <button type="button" onClick={signOut}>Sign out</button>}
      </header>
      <main id="content">
        {data === null ? null : <NotRunning overview={data} />}
        <h1 ref={heading} tabIndex={-1}>{name}</h1>
        <View key={name} />
      </main>
      <div class="visually-hidden" role="status" aria-live="polite">{news}</div>
    </PageProvider>
  );
}

/** Seen on every view: what does not run can change nothing and tell nobody. */
function NotRunning({ overview: { lastCall, lastSuccess } }: { readonly overview: Overview }) {
  const now = useNow(usePage().clock);
  const silent = silences(lastCall, lastSuccess, now);
  if (silent.length === 0) return null;
  return (
    <div class="bar bad" role="alert">
      {silent.map(({ cadence, since }) => (
        <p key={cadence?.name ?? "cron"}>
          <strong>
            {cadence === null ? "cron has not run" : `“${cadence.title}” has not succeeded`} since
            {" "}
            <Time at={since.toISOString()} as="short" />
          </strong>
          {cadence === null
            ? ". Nothing is scheduled, checked or told until it runs again."
            : ` (${cadence.name}).`}
        </p>
      ))}
    </div>
  );
}
